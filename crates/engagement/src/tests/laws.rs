//! What holds for any script.

use super::script::{Script, at, id};
use crate::response::exchanges;
use crate::{Engagement, State, insights, reasons};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::cmp::Reverse;
use touchbook_events::{Data, Policies, Record};
use touchbook_projection::{Folding, Projection, Projector};
use touchbook_timeline::Timeline;

/// Type, subject, time and payload.
type Sent = (&'static str, String, String, Value);

const NAMES: [&str; 4] = ["jane", "joan", "june", "jill"];
const NOW: &str = "02-01 00:00:00";

/// Events of a few subjects, so that most have several records.
fn events() -> impl Strategy<Value = Vec<Sent>> {
    let name = select(&NAMES[..]);
    let one = (0_u8..14, name, 0_u8..4, 1_u8..28, any::<u8>());
    prop::collection::vec(one, 1..60).prop_map(|all| {
        let events = all.into_iter().enumerate();
        let events = events.map(|(at, (what, name, object, day, pick))| {
            let time = format!("01-{day:02} 10:{:02}:{at:02}", pick % 3);
            event(what, name, object, time, pick)
        });
        events.collect()
    })
}

fn event(what: u8, name: &str, object: u8, time: String, pick: u8) -> Sent {
    let one_of = |words: &[&'static str]| words[usize::from(pick) % words.len()];
    let of = |kind: &str| format!("{kind}/{name}:{object}");
    let outcome = one_of(&["resolved", "voicemail", "busy", "escalated", "contacted"]);
    let yes = json!([Some(true), Some(false), None][usize::from(pick) % 3]);
    match what {
        0 => (
            "email.received",
            of("email"),
            time,
            json!({ "category": one_of(&["support", "x"]) }),
        ),
        1 => ("email.sent", of("email"), time, json!({})),
        2 => {
            let category = json!({ "category": one_of(&["complaint", "inquiry"]) });
            ("email.classified", of("email"), time, category)
        }
        3 => ("sms.received", of("sms"), time, json!({})),
        4 => (
            one_of(&["sms.sent", "chat.sent"]),
            of("sent"),
            time,
            json!({}),
        ),
        5 => (
            "social.received",
            of("social"),
            time,
            json!({ "requires_response": yes }),
        ),
        6 => ("social.sent", of("social-sent"), time, json!({})),
        7 => {
            let direction = json!({ "direction": one_of(&["inbound", "outbound"]) });
            ("call.started", of("call"), time, direction)
        }
        8 => (
            "call.ended",
            of("call"),
            time,
            json!({ "duration_seconds": pick % 2 }),
        ),
        9 => (
            "call.outcome_recorded",
            of("call"),
            time,
            json!({ "outcome": outcome }),
        ),
        10 | 11 => {
            let mut logged = json!({ "type": one_of(&["complaint", "email", "task"]) });
            logged["direction"] =
                json!([Some("inbound"), None, Some("outbound")][usize::from(pick / 4) % 3]);
            if pick > 99 {
                logged["outcome"] = json!(outcome);
            }
            ("interaction.logged", of("interaction"), time, logged)
        }
        12 => {
            let kind = one_of(&["interaction.archived", "interaction.unarchived"]);
            (kind, of("interaction"), time, json!({}))
        }
        _ => {
            let subject = of(one_of(&["email", "sms", "call", "interaction", "sent"]));
            let score = f64::from(i32::from(pick) % 201 - 100) / 100.0;
            ("sentiment.scored", subject, time, json!({ "score": score }))
        }
    }
}

fn play(events: &[Sent]) -> Script {
    let mut script = Script::new();
    for (kind, subject, time, data) in events {
        match data["score"].as_f64() {
            // Every other score is not our own scorer's.
            Some(score) if time.ends_with(['0', '2', '4', '6', '8']) => {
                script.rate(time, subject, score)
            }
            _ => script.send(time, kind, subject, data.clone()),
        };
    }
    script
}

fn fold(records: &[Record]) -> State {
    let mut state = State::default();
    records
        .iter()
        .for_each(|record| Engagement::apply(&mut state, record));
    state
}

fn policies() -> impl Strategy<Value = Policies> {
    let weights = prop::collection::vec(0_u32..4, 5);
    (weights, 0_u32..2_000_000, 1_u32..4, 0_u32..10).prop_map(|(weights, sla, scores, tenths)| {
        let [unanswered, social, complaint, trend, bad] = weights[..] else {
            unreachable!("five are drawn");
        };
        let mut policies = Policies::default();
        let attention = json!({
            "unanswered": unanswered,
            "social_open": social,
            "complaint_open": complaint,
            "declining_trend": trend,
            "bad_sentiment": bad,
        });
        let trend = json!({ "scores": scores, "difference": f64::from(tenths) / 10.0 });
        policies.set("attention", &attention.to_string()).unwrap();
        policies.set("response_sla", &sla.to_string()).unwrap();
        policies.set("trend", &trend.to_string()).unwrap();
        policies
    })
}

/// Who needs attention, by definition: everybody's reasons, sorted.
fn attention(projection: &Projection<Engagement>, policies: &Policies) -> Vec<(u64, Value)> {
    let mut all = Vec::new();
    projection.for_each(|customer, state| {
        let reasons = reasons(state, policies, at(NOW));
        if let Some(first) = reasons.first() {
            all.push((Reverse(first.score), customer, json!(reasons)));
        }
    });
    all.sort_by_key(|(score, customer, _)| (*score, *customer));
    all.into_iter()
        .map(|(Reverse(score), _, reasons)| (score, reasons))
        .collect()
}

/// The same, page by page.
fn pages(
    projection: &Projection<Engagement>,
    policies: &Policies,
    limit: usize,
) -> Vec<(u64, Value)> {
    let (mut shown, mut cursor) = (Vec::new(), None);
    loop {
        let page =
            projection.index(|index| index.attention(policies, at(NOW), limit, cursor, |_| true));
        assert!(page.rows.len() <= limit);
        let rows = page.rows.into_iter();
        shown.extend(rows.map(|row| (row.score, json!(row.reasons))));
        cursor = page
            .next_cursor
            .map(|cursor| cursor.to_string().parse().unwrap());
        if cursor.is_none() {
            return shown;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Law 3: what a snapshot restores is the state that it was made of, to the byte, and goes on
    /// like it; what follows from records is the same kept up to date and made anew.
    #[test]
    fn a_state_decodes_to_what_was_encoded(
        events in events(),
        known in any::<prop::sample::Index>(),
    ) {
        let script = play(&events);
        let records = script.driver.records();
        let known = known.index(records.len() + 1);
        let state = fold(&records[..known]);
        let bytes = postcard::to_stdvec(&state).unwrap();
        let mut restored: State = postcard::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&restored, &state);
        prop_assert_eq!(postcard::to_stdvec(&restored).unwrap(), bytes);
        records[known..].iter().for_each(|record| Engagement::apply(&mut restored, record));
        prop_assert_eq!(restored, fold(records));
    }

    /// Law 3: what was known at a position is what a fold up to there knows.
    #[test]
    fn any_prefix_folded_afresh_is_what_was_live_then(
        events in events(),
        point in any::<prop::sample::Index>(),
    ) {
        let script = play(&events);
        let to = point.index(script.driver.records().len() + 1);
        let records = script.driver.records()[..to].to_vec();
        let then = Projection::<Engagement>::new(Folding::Live);
        then.apply_batch(&records, &records).unwrap();
        for name in NAMES {
            let now = script.project::<Engagement>();
            let known = now.fold_slice(id(name), &script.driver, to as u64).unwrap();
            let live = then.read(id(name), |state, _| state.clone());
            prop_assert_eq!(known, live.unwrap_or_default());
        }
    }

    /// Law 4: merged and unmerged is as never merged, retracted and reinstated as never retracted;
    /// meanwhile a group is folded as one customer.
    #[test]
    fn merges_and_retractions_leave_no_trace(
        before in events(),
        between in events(),
        after in events(),
        gone in any::<prop::sample::Index>(),
    ) {
        let mut script = play(&before);
        let position = gone.index(before.len()) as u64 + 1;
        let positions = json!({ "positions": [position] });
        let members = [id("joan"), id("june")];
        let merge = json!({ "into": id("jane"), "members": members });
        let unmerge = json!({ "from": id("jane"), "members": members });
        script.send(NOW, "customer.merged", "customer/jane", merge);
        script.send(NOW, "event.retracted", "event/jane:1", positions.clone());
        for (kind, subject, time, data) in between {
            script.send(&time, kind, &subject, data);
        }
        script.project::<Engagement>();
        script.send(NOW, "customer.unmerged", "customer/jane", unmerge);
        script.send(NOW, "event.reinstated", "event/jane:2", positions);
        for (kind, subject, time, data) in after {
            script.send(&time, kind, &subject, data);
        }
        let never: Vec<Record> = script
            .driver
            .records()
            .iter()
            .filter(|record| !matches!(
                record.data,
                Data::CustomerMerged(_)
                    | Data::CustomerUnmerged(_)
                    | Data::EventRetracted(_)
                    | Data::EventReinstated(_)
            ))
            .cloned()
            .collect();
        let plain = Projection::<Engagement>::new(Folding::Live);
        plain.apply_batch(&never, &never).unwrap();
        let policies = Policies::default();
        let live = script.project::<Engagement>();
        prop_assert_eq!(plain.digest(), live.digest());
        prop_assert_eq!(pages(&plain, &policies, 3), pages(&live, &policies, 3));
    }

    /// S1-030, S1-041: pages one after another are everybody's reasons by urgency, under any
    /// policies, whichever were asked for before.
    #[test]
    fn pages_of_the_list_are_everybodys_reasons(
        events in events(),
        policies in prop::collection::vec(policies(), 2),
        limit in 1_usize..4,
    ) {
        let projection = play(&events).project::<Engagement>();
        for policies in &policies {
            prop_assert_eq!(
                pages(&projection, policies, limit),
                attention(&projection, policies)
            );
        }
    }

    /// What waits is what no answer follows, and an interaction is an entry of the timeline.
    #[test]
    fn what_is_kept_up_to_date_is_what_a_look_at_everything_finds(events in events()) {
        let script = play(&events);
        let projection = script.project::<Engagement>();
        let timeline = script.driver.project::<Timeline>();
        let mut policies = Policies::default();
        policies.set("response_sla", "0").unwrap();
        projection.for_each(|customer, state| {
            let exchanges = exchanges(state).into_iter();
            let unanswered = exchanges.filter(|exchange| exchange.answer.is_none());
            let unanswered: Vec<u64> =
                unanswered.map(|exchange| exchange.inbound.position.into()).collect();
            let reasons = reasons(state, &policies, at(NOW)).into_iter();
            let found = reasons.filter(|r| r.rule.as_str() == "unanswered");
            let found: Vec<u64> = found.flat_map(|reason| reason.positions).collect();
            assert_eq!(found, unanswered);
            let entries = timeline.read(customer, |state, _| state.len()).unwrap_or(0);
            assert_eq!(state.len(), entries);
        });
    }

    /// Hostile bytes are refused when read, never later.
    #[test]
    fn a_state_of_any_bytes_is_refused_or_can_be_read(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        events in events(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let script = play(&events);
        let mut mutated = postcard::to_stdvec(&fold(script.driver.records())).unwrap();
        for (at, byte) in flips {
            let at = at.index(mutated.len());
            mutated[at] = byte;
        }
        for bytes in [bytes, mutated] {
            if let Ok(mut state) = postcard::from_bytes::<State>(&bytes) {
                let policies = Policies::default();
                let now = at(NOW);
                let shown = (insights(&state, &policies, now), reasons(&state, &policies, now));
                prop_assert!(serde_json::to_string(&shown).is_ok());
                script.driver.records().iter().for_each(|r| Engagement::apply(&mut state, r));
            }
        }
    }
}

/// A message's one record, or the revisions of an object that says itself where it stands.
fn placed(what: u8, object: usize, day: u8, pick: u8) -> Sent {
    let time = format!("01-{day:02} 10:00:{object:02}");
    // No two of them stand at one instant, where their positions would decide.
    let created = format!("2024-01-{:02}T{what:02}:00:00Z", object % 5 + 1);
    let shared = object % 5;
    match what {
        0 => (
            "sms.received",
            format!("sms/jane:{object}"),
            time,
            json!({}),
        ),
        1 => ("chat.sent", format!("chat/jane:{object}"), time, json!({})),
        2 => {
            let category = ["complaint", "inquiry"][usize::from(pick) % 2];
            let email = json!({ "category": category, "created_at": created });
            (
                "email.received",
                format!("email/jane:{shared}"),
                time,
                email,
            )
        }
        3 => {
            let is = pick.is_multiple_of(2);
            let social = json!({ "requires_response": is, "interaction_date": created });
            (
                "social.received",
                format!("social/jane:{shared}"),
                time,
                social,
            )
        }
        _ => {
            let subject = format!(
                "{}/jane:{shared}",
                ["email", "social"][usize::from(pick) % 2]
            );
            let score = json!({ "score": f64::from(i32::from(pick) % 201 - 100) / 100.0 });
            ("sentiment.scored", subject, time, score)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Arrival order changes nothing but positions.
    #[test]
    fn nothing_depends_on_the_order_of_arrival(
        (events, shuffled) in prop::collection::vec((0_u8..5, 10_u8..28, any::<u8>()), 1..30)
            .prop_map(|all| {
                let all = all.into_iter().enumerate();
                all.map(|(at, (what, day, pick))| placed(what, at, day, pick)).collect::<Vec<_>>()
            })
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()))
    ) {
        let shown = |events: &[Sent]| {
            let script = play(events);
            let policies = Policies::default();
            let state = fold(script.driver.records());
            let mut shown = json!([
                insights(&state, &policies, at(NOW)),
                reasons(&state, &policies, at(NOW)),
            ]);
            forget_positions(&mut shown);
            shown
        };
        prop_assert_eq!(shown(&events), shown(&shuffled));
    }
}

fn forget_positions(shown: &mut Value) {
    match shown {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "positions" => *member = json!(member.as_array().map(Vec::len)),
                    "position" | "scored_position" => *member = json!(null),
                    _ => forget_positions(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forget_positions),
        _ => {}
    }
}
