//! One customer's insights after a script.

use super::script::{Asked, Script, at};
use crate::{Engagement, Number, SentimentTrend, State, evidence, insights, reasons, sentiment};
use serde_json::json;
use touchbook_events::{EntrySource, Policies, Score};
use touchbook_projection::Projector;

fn score(millionths: i64) -> Score {
    Score::from_millionths(millionths)
}

/// S1-016, S1-031, C7: a score belongs to its entry, the latest word of one counts, and what is no
/// entry yet waits until it is one.
#[test]
fn sentiment_is_the_mean_of_scored_entries_with_their_sources() {
    let mut script = Script::new();
    let none = Policies::default();
    script.plain("01-01 10:00:00", "call.started", "call/jane:1");
    script.jane(|state| assert_eq!(sentiment(state, &none).sentiment_score, None));
    script.score("01-01 11:00:00", "call/jane:1", -0.5);
    script.score("01-01 13:00:00", "call/jane:1", 0.25);
    script.score("01-01 12:00:00", "call/jane:1", 1.0);
    script.score("01-02 10:00:00", "email/jane:1", 1.0);
    script.score("01-02 10:00:00", "customer/jane", -1.0);
    let counted = script.jane(|state| sentiment(state, &none));
    assert_eq!(counted.sentiment_score, Some(score(250_000)));
    assert_eq!(
        counted.scored_count, 1,
        "neither mail nor customer is an entry"
    );
    let label = json!({ "label": "negative" });
    script.plain("01-02 09:00:00", "email.received", "email/jane:1");
    script.plain("01-03 09:00:00", "order.updated", "order/jane:1");
    script.send("01-03 10:00:00", "sentiment.scored", "order/jane:1", label);
    let shown = script.insights(&none, "02-01 00:00:00");
    assert_eq!(shown.sentiment.sentiment_score, Some(score(83_333)));
    let series = shown.sentiment_series.iter();
    let series: Vec<_> = series
        .map(|one| (one.source, one.position, one.scored_position, one.score))
        .collect();
    let want = [
        (EntrySource::Call, 1, 3, score(250_000)),
        (EntrySource::Email, 7, 5, score(1_000_000)),
        (EntrySource::Order, 8, 9, score(-1_000_000)),
    ];
    assert_eq!(series, want);
    let now = at("02-01 00:00:00");
    script.jane(|state| {
        let behind = |number| evidence(state, number, &none, now);
        assert_eq!(behind(Number::SentimentScore), [3, 5, 9]);
        assert_eq!(
            behind(Number::SentimentTrend),
            [5, 9],
            "one and one of three"
        );
    });
}

/// C7: before the entry and after it, earlier and later.
#[test]
fn a_senders_own_score_counts_and_not_what_the_scorer_finds() {
    let mut script = Script::new();
    let none = Policies::default();
    script.plain("01-01 10:00:00", "sms.received", "sms/jane:1");
    script.rate("01-01 10:00:00", "sms/jane:1", 1.0);
    script.score("01-02 10:00:00", "sms/jane:1", -1.0);
    script.score("01-02 10:00:00", "sms/jane:2", -1.0);
    script.rate("01-01 10:00:00", "sms/jane:2", 0.5);
    script.score("01-03 10:00:00", "sms/jane:2", -1.0);
    script.plain("01-01 11:00:00", "sms.received", "sms/jane:2");
    script.plain("01-01 12:00:00", "sms.received", "sms/jane:3");
    script.score("01-01 12:00:00", "sms/jane:3", 0.0);
    let counted = script.jane(|state| sentiment(state, &none));
    assert_eq!(counted.sentiment_score, Some(score(500_000)));
    assert_eq!(counted.scored_count, 3);
    script.jane(|state| {
        let behind = evidence(state, Number::SentimentScore, &none, at("02-01 00:00:00"));
        assert_eq!(behind, [2, 5, 9]);
    });
}

/// S1-017, S1-032, C7: under the constants of the tenant.
#[test]
fn a_trend_improves_stays_or_declines() {
    use SentimentTrend::{Declining, Improving, Stable};
    let mut policies = Policies::default();
    let trend_of = |scores: &[f64], policies: &Policies| {
        let mut script = Script::new();
        for (at, score) in scores.iter().enumerate() {
            let subject = format!("sms/jane:{at}");
            let time = format!("01-{:02} 10:00:00", at + 1);
            // Scored later than they happened, the last first.
            let scored = format!("02-{:02} 10:00:00", 28 - at);
            script.plain(&time, "sms.received", &subject);
            script.score(&scored, &subject, *score);
        }
        script.jane(|state| sentiment(state, policies).sentiment_trend)
    };
    let rising: Vec<f64> = (0..10).map(|at| f64::from(at) / 10.0).collect();
    let falling: Vec<f64> = rising.iter().rev().copied().collect();
    assert_eq!(trend_of(&rising, &policies), Improving);
    assert_eq!(trend_of(&falling, &policies), Declining);
    assert_eq!(trend_of(&[0.3; 10], &policies), Stable);
    assert_eq!(trend_of(&[-0.9], &policies), Stable, "fewer than 2 scored");
    let late = [0.9, 0.0, 0.0, 0.5];
    assert_eq!(trend_of(&late, &policies), Declining, "two and two");
    let last = r#"{"scores":1,"difference":0.4}"#;
    policies.set("trend", last).unwrap();
    assert_eq!(trend_of(&late, &policies), Improving, "one and one");
}

/// S1-033, C12: an interaction is an entry, however many records it has; weeks begin on Mondays of
/// the tenant's zone.
#[test]
fn interactions_are_counted_by_week_in_the_tenants_zone() {
    let mut script = Script::new();
    script.plain("01-01 10:00:00", "call.started", "call/jane:0");
    // Monday the 11th begins at 22:00 of the 10th in Johannesburg.
    script.plain("03-10 21:59:59", "call.started", "call/jane:1");
    script.plain("03-10 22:00:00", "sms.sent", "sms/jane:2");
    script.plain("03-12 10:00:00", "call.ended", "call/jane:1");
    script.plain("03-13 22:00:00", "order.updated", "order/jane:3");
    script.plain("03-14 10:00:01", "sms.sent", "sms/jane:4");
    let mut policies = Policies::default();
    let weeks = |policies: &Policies| {
        let shown = script.insights(policies, "03-14 10:00:00").frequency;
        assert_eq!(shown.weeks.len(), 12);
        assert_eq!(shown.weeks[0].begins_on.to_string(), "2023-12-25");
        assert_eq!(shown.weeks[11].begins_on.to_string(), "2024-03-11");
        assert_eq!(shown.interactions_per_week.to_string(), "0.33");
        let counts = shown.weeks.iter().map(|week| week.interaction_count);
        (counts.collect::<Vec<_>>(), shown.mean_gap_seconds)
    };
    let gap = (72 * 86_400 + 12 * 3600) / 3;
    assert_eq!(
        weeks(&policies),
        (vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1], Some(gap))
    );
    policies.set("zone", "\"Africa/Johannesburg\"").unwrap();
    assert_eq!(
        weeks(&policies),
        (vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2], Some(gap))
    );
    let one = script.insights(&policies, "01-01 10:00:00").frequency;
    assert_eq!(one.mean_gap_seconds, None);
    let now = at("03-14 10:00:00");
    script.jane(|state| {
        let counted = evidence(state, Number::Frequency, &policies, now);
        assert_eq!(counted, [1, 2, 3, 5]);
    });
}

/// S1-034: of what the customer began, whatever we answered on.
#[test]
fn the_channel_of_most_inbound_contacts_is_preferred() {
    let mut script = Script::new();
    script.plain("01-01 09:00:00", "sms.sent", "sms/jane:1");
    script.plain("01-01 09:00:00", "quote.updated", "quote/jane:1");
    let none = script.insights(&Policies::default(), "02-01 00:00:00");
    assert_eq!(none.channel_preference.preferred_channel, None);
    assert_eq!(none.channel_preference.channels, []);
    let inbound = json!({ "direction": "inbound" });
    script.send(
        "01-02 09:00:00",
        "call.started",
        "call/jane:1",
        inbound.clone(),
    );
    script.send(
        "01-03 09:00:00",
        "call.started",
        "call/jane:2",
        json!({ "direction": "outbound" }),
    );
    script.plain("01-04 09:00:00", "email.received", "email/jane:1");
    let logged = json!({ "type": "complaint", "contact_method": "email", "direction": "inbound" });
    script.send(
        "01-05 09:00:00",
        "interaction.logged",
        "interaction/jane:1",
        logged,
    );
    let meeting = json!({ "type": "demo", "contact_method": "in_person", "direction": "inbound" });
    script.send(
        "01-05 09:00:00",
        "interaction.logged",
        "interaction/jane:2",
        meeting,
    );
    let shown = script.insights(&Policies::default(), "02-01 00:00:00");
    let shown = serde_json::to_value(shown.channel_preference).unwrap();
    let want = json!({
        "preferred_channel": "email",
        "channels": [
            { "channel": "email", "contact_count": 2, "share": 0.6667 },
            { "channel": "call", "contact_count": 1, "share": 0.3333 },
        ],
    });
    assert_eq!(shown, want);
    script.send("01-06 09:00:00", "call.started", "call/jane:2", inbound);
    let shown = script
        .insights(&Policies::default(), "02-01 00:00:00")
        .channel_preference;
    let first = shown.preferred_channel;
    assert_eq!(
        first,
        Some(EntrySource::Email),
        "of two each, the latest was logged on the 5th"
    );
    script.jane(|state| {
        let counted = evidence(
            state,
            Number::ChannelPreference,
            &Policies::default(),
            at("02-01 00:00:00"),
        );
        assert_eq!(counted, [3, 4, 5, 6]);
    });
}

/// S1-035: each contact that waits, to the next one from us on any channel; a call that was taken
/// waits for nothing.
#[test]
fn response_time_is_measured_to_the_next_contact_from_us() {
    let mut script = Script::new();
    let inbound = json!({ "direction": "inbound" });
    script.plain("01-01 10:00:00", "email.received", "email/jane:1");
    script.plain("01-01 10:30:00", "sms.received", "sms/jane:1");
    script.plain("01-01 11:00:00", "sms.sent", "sms/jane:2");
    script.send(
        "01-02 10:00:00",
        "call.started",
        "call/jane:1",
        inbound.clone(),
    );
    script.send(
        "01-02 10:05:00",
        "call.ended",
        "call/jane:1",
        json!({ "duration_seconds": 300 }),
    );
    script.send("01-03 10:00:00", "call.started", "call/jane:2", inbound);
    script.send(
        "01-03 10:00:30",
        "call.ended",
        "call/jane:2",
        json!({ "duration_seconds": 0 }),
    );
    script.send(
        "01-03 10:00:10",
        "call.started",
        "call/jane:3",
        json!({ "direction": "outbound" }),
    );
    script.plain("01-04 10:00:00", "chat.received", "chat/jane:1");
    let shown = script
        .insights(&Policies::default(), "02-01 00:00:00")
        .response_time;
    assert_eq!((shown.answered_count, shown.unanswered_count), (3, 1));
    assert_eq!(shown.median_seconds, Some(1800));
    assert_eq!(shown.p90_seconds, Some(3600));
    let policies = Policies::default();
    script.jane(|state| {
        let behind = |number| evidence(state, number, &policies, at("02-01 00:00:00"));
        assert_eq!(behind(Number::ResponseTime), [1, 2, 3, 6, 8]);
        assert_eq!(behind(Number::Unanswered), [9]);
    });
    // What was learned late was said in between all the same.
    script.plain("01-01 10:10:00", "email.sent", "email/jane:2");
    let shown = script.insights(&policies, "02-01 00:00:00").response_time;
    assert_eq!(shown.median_seconds, Some(600));
}

/// S1-031, S1-032, S1-033, S1-034, S1-035: everything that answers show, by name.
#[test]
fn insights_and_reasons_have_their_names() {
    let mut script = Script::new();
    let mention = json!({
        "platform": "instagram",
        "interaction_type": "mention",
        "requires_response": true,
        "interaction_date": "2024-01-07T14:20:00Z",
    });
    script.send(
        "01-07 15:00:00",
        "social.received",
        "social/jane:1",
        mention,
    );
    script.plain("01-08 09:00:00", "email.sent", "email/jane:1");
    script.score("01-08 10:00:00", "social/jane:1", -0.75);
    script.plain("01-20 09:00:00", "email.received", "email/jane:2");
    script.score("01-20 09:00:01", "email/jane:2", 0.125);
    let classified = json!({ "category": "complaint", "status": "unread" });
    script.send(
        "01-20 09:00:02",
        "email.classified",
        "email/jane:2",
        classified,
    );
    let (policies, now) = (Policies::default(), at("01-23 12:00:00"));
    let shown = script.jane(|state| {
        json!({
            "insights": insights(state, &policies, now),
            "reasons": reasons(state, &policies, now),
        })
    });
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
}

/// Erasing what was sent changes no number: all of them are made of facts.
#[test]
fn numbers_stay_when_the_person_is_erased() {
    let mut script = Script::new();
    let complaint = json!({ "type": "complaint", "direction": "inbound", "outcome": "escalated" });
    script.send(
        "01-01 09:00:00",
        "interaction.logged",
        "interaction/jane:1",
        complaint,
    );
    let email = json!({ "category": "support", "body": "Help!" });
    script.send("01-02 09:00:00", "email.received", "email/jane:1", email);
    script.score("01-02 10:00:00", "email/jane:1", -0.5);
    let (mut whole, mut erased) = (State::default(), State::default());
    for record in script.driver.records() {
        Engagement::apply(&mut whole, record);
        let mut record = record.clone();
        record.data.erase();
        record.sent = None;
        Engagement::apply(&mut erased, &record);
    }
    assert_eq!(whole, erased);
    assert_eq!(whole.len(), 2);
}
