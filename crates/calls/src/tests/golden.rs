//! One call after a script.

use super::script::{Asked, Script};
use crate::{Detailed, OTHER_NAMES_MAX, transcript_text};
use serde_json::{Value, json};
use touchbook_projection::driver::Named;

/// A call through its life, each event a minute after the one before.
fn whole_life(script: &mut Script) {
    let started = json!({
        "agent_id": "agent-7",
        "direction": "outbound",
        "call_source": "queue",
        "source_log": "alex_call_logs",
        "queue": { "type": "winback", "priority_score": 7.50, "position": 3 },
        "aliases": { "call_sid": "CA9f" },
    });
    let recording = json!({
        "call_sid": "CA9f",
        "recording_sid": "RE1",
        "status": "completed",
        "url": "https://recordings.example/RE1",
        "duration_seconds": 248,
    });
    let transcript = json!({
        "status": "completed",
        "url": "https://transcripts.example/1",
        "text": "Good morning, this is Alex.",
        "summary": "She takes two.",
        "language": "en-ZA",
    });
    let outcome = json!({
        "outcome": "Callback",
        "notes": "Call her at noon",
        "agent_id": "agent-9",
        "callback_at": "2024-01-02T12:00:00Z",
        "sale_made": true,
    });
    let scores = json!({
        "call_score": 8.5,
        "agent_performance_score": 9,
        "conversion_likelihood": 0.75,
    });
    let ended = json!({ "ended_at": "2024-01-01T10:04:12Z", "duration_seconds": 252 });
    let events = [
        ("call.started", started),
        ("call.ended", ended),
        ("call.outcome_recorded", outcome),
        ("call.recording_updated", recording),
        ("call.transcribed", transcript),
        ("call.scored", scores),
        ("sentiment.scored", json!({ "score": 0.25 })),
        ("call.action_taken", json!({ "action": "sms_sent" })),
        (
            "call.action_taken",
            json!({ "action": "magic_link_sent", "value": false }),
        ),
    ];
    for (minute, (kind, data)) in events.into_iter().enumerate() {
        script.send(
            &format!("01-01 10:{minute:02}:00"),
            kind,
            "call/jane:1",
            data,
        );
    }
}

/// S1-108, S1-114, S4-001 to S4-031: everything that is said of a call is in its one row.
#[test]
fn a_call_is_one_row_through_its_life() {
    let mut script = Script::new();
    whole_life(&mut script);
    script.jane(|state| assert_eq!(state.len(), 1));
    insta::assert_snapshot!(serde_json::to_string_pretty(&script.call()).unwrap());
}

/// S4-001 to S4-026: null, and false, for what nobody said.
#[test]
fn what_is_not_known_is_null() {
    let mut script = Script::new();
    script.send("01-01 10:00:00", "call.started", "call/jane:1", json!({}));
    insta::assert_snapshot!(serde_json::to_string_pretty(&script.call()).unwrap());
}

/// S1-108: the transcript is read by the call's id, from the record that has it.
#[test]
fn a_transcript_is_fetched_from_its_record() {
    let mut script = Script::new();
    whole_life(&mut script);
    let late = json!({ "text": "Good mor", "status": "processing" });
    script.send("01-01 10:03:30", "call.transcribed", "call/jane:1", late);
    let subject = script.driver.key().subject("call/jane:1");
    let detailed: Value = script.jane(|state| {
        let call = state.call(subject).unwrap();
        let position = call.transcript_position().unwrap();
        let record = &script.driver.records()[position as usize - 1];
        serde_json::to_value(Detailed {
            customer_id: Named::id("jane"),
            call,
            transcript_text: transcript_text(record),
        })
        .unwrap()
    });
    let transcript = &detailed["transcript"];
    assert_eq!(transcript["text"], "Good morning, this is Alex.");
    assert_eq!(transcript["position"], 5);
    assert_eq!(transcript["status"], "completed");
    assert_eq!(
        script.call()["transcript"].get("text"),
        None,
        "lists have no text"
    );
}

/// A tenant has hundreds of thousands of them in memory.
#[test]
fn a_whole_call_takes_few_bytes_beside_its_words() {
    let mut script = Script::new();
    whole_life(&mut script);
    let bytes = script.jane(|state| postcard::to_stdvec(state).unwrap().len());
    let words = "call/jane:1CA9fRE1agent-7alex_call_logswinbackcallback_requestedCallbackagent-9\
        Call her at noonhttps://recordings.example/RE1https://transcripts.example/1en-ZA\
        She takes two.";
    assert!(
        bytes < words.len() + 281,
        "{bytes} for {} of words",
        words.len()
    );
}

/// S1-108: however long a transcript is, the state has no more of it than of a short one.
#[test]
fn a_state_grows_with_no_transcript() {
    let bytes = |text: &str| {
        let mut script = Script::new();
        let transcript = json!({ "text": text });
        script.send(
            "01-01 10:00:00",
            "call.transcribed",
            "call/jane:1",
            transcript,
        );
        script.jane(|state| postcard::to_stdvec(state).unwrap().len())
    };
    assert_eq!(bytes("Hi"), bytes(&"word ".repeat(40_000)));
}

/// S4-034: in whatever order they come, a recording that is finished stays so.
#[test]
fn a_finished_recording_stays_finished() {
    for times in [["10:01:00", "10:02:00"], ["10:02:00", "10:01:00"]] {
        for order in [[0, 1], [1, 0]] {
            let mut script = Script::new();
            for which in order {
                let status = ["in-progress", "completed"][which];
                let time = format!("01-01 {}", times[which]);
                let recording = json!({ "status": status });
                script.send(&time, "call.recording_updated", "call/jane:1", recording);
            }
            assert_eq!(
                script.call()["recording"]["status"],
                "completed",
                "{times:?} {order:?}"
            );
        }
    }
}

/// S4-033: the latest outcome counts as a whole, whenever it is learned.
#[test]
fn the_latest_outcome_counts() {
    let mut script = Script::new();
    let second = json!({ "outcome": "resolved" });
    let first = json!({ "outcome": "no answer", "notes": "Rang out", "sale_made": false });
    script.send(
        "01-01 11:00:00",
        "call.outcome_recorded",
        "call/jane:1",
        second,
    );
    script.send(
        "01-01 10:00:00",
        "call.outcome_recorded",
        "call/jane:1",
        first,
    );
    let call = script.call();
    assert_eq!(call["outcome"], "resolved");
    assert_eq!(call["outcome_at"], "2024-01-01T11:00:00Z");
    assert_eq!(
        (&call["notes"], &call["sale_made"]),
        (&Value::Null, &Value::Null)
    );
}

/// Design idea 3: what is said later counts, and what it leaves out stays.
#[test]
fn a_second_beginning_adds_to_the_first() {
    let mut script = Script::new();
    let dialled = json!({ "direction": "outbound", "agent_id": "agent-7" });
    let answered = json!({ "agent_id": "agent-9" });
    script.send("01-01 10:01:00", "call.started", "call/jane:1", answered);
    script.send("01-01 10:00:00", "call.started", "call/jane:1", dialled);
    let call = script.call();
    assert_eq!(
        (&call["agent_id"], &call["direction"]),
        (&json!("agent-9"), &json!("outbound"))
    );
    assert_eq!(call["started_at"], "2024-01-01T10:01:00Z");
    assert_eq!(
        call["occurred_at"], "2024-01-01T10:01:00Z",
        "of its first record"
    );
}

#[test]
fn a_call_ends_when_it_is_told_to_have_ended() {
    let mut script = Script::new();
    script.send("01-01 10:05:00", "call.ended", "call/jane:1", json!({}));
    assert_eq!(script.call()["ended_at"], "2024-01-01T10:05:00Z");
    let ended = json!({ "ended_at": "2024-01-01 10:04:59" });
    script.send("01-01 10:06:00", "call.ended", "call/jane:1", ended);
    assert_eq!(script.call()["ended_at"], "2024-01-01T10:04:59Z");
}

/// S1-112: a score may come before anything else is known of its call, and no message's is kept.
#[test]
fn a_sentiment_waits_for_its_call() {
    let mut script = Script::new();
    let score = |score: f64| json!({ "score": score });
    script.send(
        "01-01 10:01:00",
        "sentiment.scored",
        "call/jane:1",
        score(-0.5),
    );
    script.send(
        "01-01 10:01:00",
        "sentiment.scored",
        "sms/jane:1",
        score(0.5),
    );
    script.jane(|state| assert_eq!((state.len(), state.waiting.len()), (0, 1)));
    script.send("01-01 10:00:00", "call.started", "call/jane:1", json!({}));
    let sentiment = json!({ "score": -0.5, "label": "negative" });
    assert_eq!(script.call()["sentiment"], sentiment);
    script.jane(|state| assert!(state.waiting.is_empty()));
    script.send(
        "01-01 10:00:30",
        "sentiment.scored",
        "call/jane:1",
        score(1.0),
    );
    assert_eq!(script.call()["sentiment"], sentiment, "that was before");
}

/// C7.
#[test]
fn a_senders_own_sentiment_stands_before_what_the_scorer_finds() {
    let mut script = Script::new();
    let found = json!({ "score": -0.5 });
    script.send("01-01 10:00:00", "call.started", "call/jane:1", json!({}));
    script.rate("01-01 09:00:00", "call/jane:1", 0.5);
    script.send("01-02 10:00:00", "sentiment.scored", "call/jane:1", found);
    let theirs = json!({ "score": 0.5, "label": "positive" });
    assert_eq!(script.call()["sentiment"], theirs);
}

#[test]
fn an_unset_flag_is_false_again() {
    let mut script = Script::new();
    let action = |value: bool| json!({ "action": "follow_up_required", "value": value });
    script.send(
        "01-01 10:00:00",
        "call.action_taken",
        "call/jane:1",
        action(true),
    );
    assert_eq!(script.call()["actions"]["follow_up_required"], true);
    script.send(
        "01-01 10:01:00",
        "call.action_taken",
        "call/jane:1",
        action(false),
    );
    assert_eq!(script.call()["actions"]["follow_up_required"], false);
}

/// A call is found by its subject, by Twilio's names, and by those that they had before.
#[test]
fn a_call_is_found_by_all_of_its_names() {
    let mut script = Script::new();
    whole_life(&mut script);
    let again = json!({ "call_sid": "CA9f", "recording_sid": "RE2" });
    script.send(
        "01-01 10:20:00",
        "call.recording_updated",
        "call/jane:1",
        again,
    );
    script.send("01-01 10:20:00", "call.started", "call/john:1", json!({}));
    let jane = Some((Named::id("jane").to_string(), "call/jane:1".to_owned()));
    for name in [
        "call/jane:1",
        "jane:1",
        "CA9f",
        "call/CA9f",
        "RE1",
        "call/RE2",
    ] {
        assert_eq!(script.find(name), jane, "{name}");
    }
    for name in ["CA9", "call/", "", "sms/CA9f", "call/call/CA9f"] {
        assert_eq!(script.find(name), None, "{name}");
    }
}

#[test]
fn a_call_remembers_only_so_many_names() {
    let mut script = Script::new();
    let recordings = OTHER_NAMES_MAX + 5;
    for number in 0..recordings {
        let recording = json!({ "recording_sid": format!("RE{number}") });
        script.send(
            "01-01 10:00:00",
            "call.recording_updated",
            "call/jane:1",
            recording,
        );
    }
    let found = |number: usize| script.find(&format!("RE{number}")).is_some();
    assert!((0..OTHER_NAMES_MAX).all(found));
    assert!(!found(OTHER_NAMES_MAX));
    assert!(found(recordings - 1), "the current one");
}

/// Two calls may claim one name; whichever came to us first, the older one has it.
#[test]
fn of_several_calls_of_one_name_the_oldest_is_found() {
    let mut script = Script::new();
    let named = json!({ "aliases": { "call_sid": "CA7" } });
    for (time, subject) in [
        ("01-02 10:00:00", "call/jane:2"),
        ("01-01 10:00:00", "call/joe:1"),
        ("01-03 10:00:00", "call/ann:3"),
    ] {
        script.send(time, "call.started", subject, named.clone());
    }
    let (customer, entry_id) = script.find("CA7").unwrap();
    let joe = Named::id("joe").to_string();
    assert_eq!((customer, &*entry_id), (joe, "call/joe:1"));
}

/// What was erased has no words left, and all of its numbers.
#[test]
fn an_erased_call_keeps_its_numbers() {
    let mut script = Script::new();
    whole_life(&mut script);
    let mut records = script.driver.records().to_vec();
    for record in &mut records {
        record.sent = None;
        record.data.erase();
    }
    let projection = touchbook_projection::Projection::<crate::Calls>::default();
    projection.apply_batch(&records, &records).unwrap();
    let subject = script.driver.key().subject("call/jane:1");
    let call = projection.read(Named::id("jane"), |state, _| {
        serde_json::to_value(state.call(subject).unwrap()).unwrap()
    });
    let call = call.unwrap();
    for member in ["entry_id", "call_sid", "notes"] {
        assert_eq!(call[member], Value::Null, "{member}");
    }
    assert_eq!(call["transcript"]["summary"], Value::Null);
    assert_eq!(call["duration_seconds"], 252);
    assert_eq!(call["outcome"], "callback_requested");
    projection.index(|index| assert!(index.named("CA9f").is_none()));
}
