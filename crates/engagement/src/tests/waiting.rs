//! What one customer needs attention for after a script.

use super::script::{Asked, Script, at};
use crate::{Number, RULES_VERSION, evidence, reasons};
use serde_json::{Value, json};
use touchbook_events::Policies;
use touchbook_events::policy::AttentionRule::{
    BadSentiment, ComplaintOpen, DecliningTrend, SocialOpen, Unanswered,
};

const NEW_YEAR: &str = "12-31 00:00:00";

/// C10: older than the time to respond, and not a second before.
#[test]
fn an_inbound_contact_waits_until_we_say_something() {
    let mut script = Script::new();
    script.plain("01-01 10:00:00", "email.received", "email/jane:1");
    script.plain("01-02 09:00:00", "sms.received", "sms/jane:1");
    assert_eq!(script.found("01-02 10:00:00"), []);
    assert_eq!(script.found("01-02 10:00:01"), [(Unanswered, vec![1])]);
    assert_eq!(script.found("01-03 10:00:00"), [(Unanswered, vec![1, 2])]);
    let mut policies = Policies::default();
    policies.set("response_sla", "3600").unwrap();
    policies.set("attention", r#"{"unanswered":3}"#).unwrap();
    let [reason] = &script.reasons(&policies, "01-01 12:00:00")[..] else {
        panic!("one reason");
    };
    assert_eq!((reason.since, reason.weight), (at("01-01 10:00:00"), 3));
    assert_eq!((reason.age_seconds, reason.score), (7200, 21_600));
    policies.set("attention", r#"{"unanswered":0}"#).unwrap();
    assert_eq!(script.reasons(&policies, NEW_YEAR), [], "turned off");
    // An answer that is learned late, and stands before the second message.
    script.plain("01-01 11:00:00", "chat.sent", "chat/jane:1");
    assert_eq!(script.found(NEW_YEAR), [(Unanswered, vec![2])]);
    let outbound = json!({ "direction": "outbound" });
    let call = script.send("01-02 11:00:00", "call.started", "call/jane:1", outbound);
    assert_eq!(script.found(NEW_YEAR), []);
    // The call was none of ours after all.
    let inbound = json!({ "direction": "inbound" });
    script.send("01-02 11:00:01", "call.started", "call/jane:1", inbound);
    assert_eq!(script.found(NEW_YEAR), [(Unanswered, vec![2])]);
    let retraction = json!({ "positions": [call + 1] });
    script.send(
        "01-03 00:00:00",
        "event.retracted",
        "event/jane:1",
        retraction,
    );
    assert_eq!(script.found(NEW_YEAR), []);
    assert_eq!(RULES_VERSION, 1);
}

/// Of many that wait, a reason names the oldest, and a number the newest.
#[test]
fn so_many_records_are_named_and_no_more() {
    const MESSAGES: u64 = 510;
    let mut script = Script::new();
    for number in 0..MESSAGES {
        let time = format!("01-01 10:{:02}:{:02}", number / 60, number % 60);
        script.plain(&time, "sms.received", &format!("sms/jane:{number}"));
    }
    let oldest: Vec<u64> = (1..=100).collect();
    assert_eq!(script.found(NEW_YEAR), [(Unanswered, oldest)]);
    let newest: Vec<u64> = (MESSAGES - 499..=MESSAGES).collect();
    let policies = Policies::default();
    let behind = script.jane(|state| evidence(state, Number::Unanswered, &policies, at(NEW_YEAR)));
    assert_eq!(behind, newest);
}

/// C2, C6: nobody took a call whose outcome says so, else one that ended so.
#[test]
fn a_call_waits_only_where_nobody_took_it() {
    let ended = |disposition: &str, seconds: Option<u32>| json!({ "disposition": disposition, "duration_seconds": seconds });
    let outcome = |outcome: &str| json!({ "outcome": outcome });
    let (end, result) = ("call.ended", "call.outcome_recorded");
    for (told, waits) in [
        (vec![], false),
        (vec![(end, ended("completed", Some(60)))], false),
        (vec![(end, ended("completed", Some(0)))], true),
        (vec![(end, ended("completed", None))], false),
        (vec![(end, ended("no-answer", Some(20)))], true),
        (
            vec![(end, ended("x", Some(0))), (end, ended("x", Some(9)))],
            false,
        ),
        (
            vec![(result, outcome("voicemail")), (end, ended("x", Some(9)))],
            true,
        ),
        (vec![(result, outcome("No Answer"))], true),
        (
            vec![(result, outcome("busy")), (result, outcome("contacted"))],
            false,
        ),
        (
            vec![
                (result, outcome("callback_requested")),
                (end, ended("x", Some(0))),
            ],
            false,
        ),
    ] {
        let mut script = Script::new();
        let inbound = json!({ "direction": "inbound" });
        script.send("01-01 10:00:00", "call.started", "call/jane:1", inbound);
        for (minute, (kind, data)) in told.iter().enumerate() {
            let time = format!("01-01 10:{minute:02}:01");
            script.send(&time, kind, "call/jane:1", data.clone());
        }
        let want = if waits {
            vec![(Unanswered, vec![1])]
        } else {
            vec![]
        };
        assert_eq!(script.found(NEW_YEAR), want, "{told:?}");
    }
}

/// C10: until something on social media goes out, or it is said that none has to.
#[test]
fn a_social_entry_that_requires_a_response_waits_for_one_on_social_media() {
    let mut script = Script::new();
    let mention = |requires: Value| json!({ "platform": "x", "requires_response": requires });
    script.send(
        "01-01 10:00:00",
        "social.received",
        "social/jane:1",
        mention(json!(true)),
    );
    script.send(
        "01-02 10:00:00",
        "social.received",
        "social/jane:2",
        mention(json!(false)),
    );
    script.plain("01-03 10:00:00", "email.sent", "email/jane:1");
    assert_eq!(
        script.found("01-01 10:00:00"),
        [(SocialOpen, vec![1])],
        "at once"
    );
    assert_eq!(script.found(NEW_YEAR), [(SocialOpen, vec![1])]);
    script.send(
        "01-04 10:00:00",
        "social.received",
        "social/jane:1",
        mention(json!(false)),
    );
    assert_eq!(script.found(NEW_YEAR), []);
    script.send(
        "01-05 10:00:00",
        "social.received",
        "social/jane:2",
        mention(json!(true)),
    );
    assert_eq!(script.found(NEW_YEAR), [(SocialOpen, vec![2])]);
    script.send(
        "01-06 10:00:00",
        "social.received",
        "social/jane:2",
        mention(json!(null)),
    );
    assert_eq!(script.found(NEW_YEAR), []);
    script.send(
        "01-07 10:00:00",
        "social.received",
        "social/jane:2",
        mention(json!(true)),
    );
    script.send(
        "01-08 10:00:00",
        "social.sent",
        "social/jane:3",
        mention(json!(null)),
    );
    assert_eq!(script.found(NEW_YEAR), []);
}

/// C10, C19: a complaint is open until an outcome settles it; no outcome does not.
#[test]
fn a_logged_complaint_is_open_until_its_outcome_settles_it() {
    let mut script = Script::new();
    let (kind, subject) = ("interaction.logged", "interaction/jane:1");
    let log = |outcome: Value| json!({ "type": "support", "outcome": outcome });
    script.send("01-01 10:00:00", kind, subject, log(json!(null)));
    script.plain("01-02 10:00:00", "sms.sent", "sms/jane:1");
    assert_eq!(script.found(NEW_YEAR), [(ComplaintOpen, vec![1])]);
    for (day, outcome, is_open) in [
        ("03", json!("escalated"), true),
        ("04", json!("resolved"), false),
        ("05", json!("follow_up_required"), true),
        ("06", json!("success"), false),
        ("07", json!("on_hold"), true),
        ("08", json!("cancelled"), false),
        ("09", json!(null), true),
    ] {
        script.send(
            &format!("01-{day} 10:00:00"),
            kind,
            subject,
            log(outcome.clone()),
        );
        let want = if is_open {
            vec![(ComplaintOpen, vec![1])]
        } else {
            vec![]
        };
        assert_eq!(script.found(NEW_YEAR), want, "{outcome}");
    }
    script.plain("01-10 10:00:00", "interaction.archived", subject);
    assert_eq!(script.found(NEW_YEAR), []);
    script.plain("01-11 10:00:00", "interaction.unarchived", subject);
    assert_eq!(script.found(NEW_YEAR), [(ComplaintOpen, vec![1])]);
    let note = json!({ "type": "note", "description": "No complaint." });
    script.send("01-12 10:00:00", kind, subject, note);
    assert_eq!(script.found(NEW_YEAR), []);
}

/// C10: an e-mail that is a complaint, by whoever sorted it last, is open until we answer.
#[test]
fn a_complaining_email_is_open_until_it_is_answered() {
    let mut script = Script::new();
    let category = |category: &str| json!({ "category": category });
    script.send(
        "01-01 10:00:00",
        "email.received",
        "email/jane:1",
        category("inquiry"),
    );
    assert_eq!(script.found("01-01 10:00:00"), []);
    script.send(
        "01-01 10:01:00",
        "email.classified",
        "email/jane:1",
        category("Complaint"),
    );
    assert_eq!(script.found("01-01 10:00:00"), [(ComplaintOpen, vec![1])]);
    script.send(
        "01-01 10:00:30",
        "email.classified",
        "email/jane:1",
        category("other"),
    );
    let both = [(Unanswered, vec![1]), (ComplaintOpen, vec![1])];
    assert_eq!(script.found(NEW_YEAR), both);
    script.plain("01-02 10:00:00", "sms.sent", "sms/jane:1");
    assert_eq!(script.found(NEW_YEAR), []);
    // Sorted before it came.
    script.send(
        "01-03 10:00:00",
        "email.classified",
        "email/jane:2",
        category("support"),
    );
    assert_eq!(script.found(NEW_YEAR), []);
    script.plain("01-03 10:00:00", "email.received", "email/jane:2");
    let found = [(Unanswered, vec![5]), (ComplaintOpen, vec![5])];
    assert_eq!(script.found(NEW_YEAR), found);
}

/// C7, C10: the last of them is 0.5 below, and the trend declines.
#[test]
fn bad_feelings_are_a_reason_as_long_as_they_are_the_last() {
    let mut script = Script::new();
    for (day, score) in [("01", 0.5), ("02", -0.4), ("03", -0.5)] {
        let subject = format!("call/jane:{day}");
        let time = format!("01-{day} 10:00:00");
        script.plain(&time, "call.started", &subject);
        script.score(&time, &subject, score);
        if day == "02" {
            assert_eq!(script.found(NEW_YEAR), [(DecliningTrend, vec![2, 4])]);
        }
    }
    let mut policies = Policies::default();
    let narrow = r#"{"scores":5,"difference":0.05}"#;
    policies.set("trend", narrow).unwrap();
    policies
        .set("attention", r#"{"bad_sentiment":2,"declining_trend":1}"#)
        .unwrap();
    let found = script.reasons(&policies, "01-03 10:00:02");
    let found: Vec<_> = found
        .iter()
        .map(|r| (r.rule, r.score, &*r.positions))
        .collect();
    assert_eq!(
        found,
        [(BadSentiment, 4, &[6][..]), (DecliningTrend, 2, &[4, 6])],
        "one and one of three, the heavier first"
    );
    assert_eq!(script.found(NEW_YEAR), [(BadSentiment, vec![6])]);
    script.score("01-05 10:00:00", "call/jane:03", 0.9);
    assert_eq!(script.found(NEW_YEAR), []);
}

/// C5: what was logged as a contact is one; it answers, and waits unless its outcome settles it.
#[test]
fn logged_contacts_answer_and_wait_too() {
    let mut script = Script::new();
    let kind = "interaction.logged";
    script.plain("01-01 10:00:00", "email.received", "email/jane:1");
    let note = json!({ "type": "note", "description": "Thinks about it." });
    script.send("01-02 10:00:00", kind, "interaction/jane:1", note);
    assert_eq!(
        script.found(NEW_YEAR),
        [(Unanswered, vec![1])],
        "a note is no contact"
    );
    let call = json!({ "type": "phone_call" });
    script.send("01-03 10:00:00", kind, "interaction/jane:2", call);
    assert_eq!(
        script.found(NEW_YEAR),
        [],
        "outbound, as it says nothing else"
    );
    let email = json!({ "type": "email", "direction": "inbound" });
    let mut settled = email.clone();
    settled["outcome"] = json!("resolved");
    script.send("01-04 10:00:00", kind, "interaction/jane:3", settled);
    assert_eq!(script.found(NEW_YEAR), []);
    script.send("01-05 10:00:00", kind, "interaction/jane:4", email);
    assert_eq!(script.found(NEW_YEAR), [(Unanswered, vec![5])]);
    script.jane(|state| {
        let future = reasons(state, &Policies::default(), at("01-01 09:00:00"));
        assert_eq!(future, [], "nothing is open before it happened");
    });
}
