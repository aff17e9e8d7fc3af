//! Dead letters in, and what deals with them.

use proptest::prelude::*;
use touchbook_dead_letters::DeadLettersDecider;
use touchbook_events::catalogue::dead_letter::{
    DeadLetter, DeadLetterFacts, DeadLetterPersonal, NODE_REASONS, RawBytes,
};
use touchbook_events::record::Ineffective;
use touchbook_events::{Code, Data, Decision, Incoming, Problem, Text, Timestamp};
use touchbook_projection::driver::Outcome;
use touchbook_projection::{Decider, Driver};

const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

struct Ledger(Driver);

impl Ledger {
    fn new() -> Self {
        Self(Driver::new(vec![Box::new(DeadLettersDecider::new())]))
    }

    fn next_id(&self) -> String {
        format!("e{}", self.0.head() + 1)
    }

    /// As the writer appends one for a message that can't be used.
    fn letter(&mut self, reason: &str) -> u64 {
        let letter = DeadLetter {
            facts: DeadLetterFacts {
                reason: Code::clipped(reason),
                origin: Code::clipped("touchbook.events.acme.sms.sent"),
            },
            personal: Some(DeadLetterPersonal {
                raw: RawBytes(b"{}".to_vec()),
                pointer: None,
                detail: Text::clipped("it is no event"),
                extra: Default::default(),
            }),
        };
        let (data, id) = (Data::DeadLetter(Box::new(letter)), self.next_id());
        let incoming = Incoming::own(data, "touchbook", &id, "dead_letter/x", self.0.key());
        stored(&self.0.send_incoming(incoming, START))
    }

    fn send(&mut self, kind: &str, data: &str) -> Outcome {
        let id = self.next_id();
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"{kind}","data":{data}}}"#
        );
        self.0.send(&event, START)
    }

    fn dismiss(&mut self, letter: u64) -> Outcome {
        let data = format!(r#"{{"position":{letter},"dismissed":true}}"#);
        self.send("dead_letter.resolved", &data)
    }

    fn resubmitted(&mut self, letter: u64, as_position: u64) -> Outcome {
        let data = format!(r#"{{"position":{letter},"resubmitted_position":{as_position}}}"#);
        self.send("dead_letter.resolved", &data)
    }

    fn sms(&mut self) -> u64 {
        let data = r#"{"customer":{"phone":"+27123456789"},"body":"hello"}"#;
        stored(&self.send("sms.received", data))
    }
}

fn stored(outcome: &Outcome) -> u64 {
    outcome.position().expect("nothing of it can be refused")
}

fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Refused(problem) => problem,
        other => panic!("{other:?}"),
    }
}

fn decision(outcome: Outcome) -> Decision {
    match outcome {
        Outcome::Appended { decision, .. } => decision,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_dead_letter_is_resolved() {
    let mut ledger = Ledger::new();
    let sms = ledger.sms();
    let letter = ledger.letter("unreadable");
    for position in [0, sms, letter + 1, 900] {
        let refused = problem(ledger.dismiss(position));
        assert_eq!(
            (refused.code, &*refused.pointer),
            ("unknown_dead_letter", "/data/position")
        );
        assert!(
            refused.detail.contains(&position.to_string()),
            "{refused:?}"
        );
    }
    assert_eq!(decision(ledger.dismiss(letter)), Decision::Effective);
}

#[test]
fn whatever_deals_with_a_letter_second_loses_to_the_first() {
    let mut ledger = Ledger::new();
    let letters = [ledger.letter("unreadable"), ledger.letter("unreadable")];
    let sms = ledger.sms();
    for letter in letters {
        let first = ledger.resubmitted(letter, sms);
        let lost = Decision::Ineffective {
            reason: Ineffective::AlreadyResolved,
            winner: first.position(),
        };
        assert_eq!(decision(first), Decision::Effective);
        assert_eq!(decision(ledger.dismiss(letter)), lost);
        assert_eq!(decision(ledger.resubmitted(letter, sms)), lost);
    }
}

#[test]
fn what_became_of_a_letter_stands_after_it() {
    let mut ledger = Ledger::new();
    let before = ledger.sms();
    let letter = ledger.letter("unreadable");
    let after = ledger.sms();
    for (position, code) in [
        (before, "invalid_value"),
        (letter, "invalid_value"),
        (after + 1, "unknown_position"),
        (900, "unknown_position"),
    ] {
        let refused = problem(ledger.resubmitted(letter, position));
        assert_eq!(
            (refused.code, &*refused.pointer),
            (code, "/data/resubmitted_position"),
            "{position}"
        );
    }
    assert_eq!(
        decision(ledger.resubmitted(letter, after)),
        Decision::Effective
    );
}

/// The positions of another ledger say nothing here.
#[test]
fn what_became_of_a_letter_of_the_node_stands_elsewhere() {
    let mut ledger = Ledger::new();
    for reason in NODE_REASONS {
        let letter = ledger.letter(reason);
        assert_eq!(
            decision(ledger.resubmitted(letter, 900)),
            Decision::Effective
        );
    }
}

/// A letter, an event of another type, or a resolution of one of the records so far.
fn play(steps: &[(u8, prop::sample::Index)]) -> Driver {
    let mut ledger = Ledger::new();
    for (kind, of) in steps {
        match kind {
            0 => ledger.sms(),
            1 => ledger.letter("unreadable"),
            2 => ledger.letter("unknown_tenant"),
            _ => {
                let letter = of.index(ledger.0.head() as usize + 1) as u64;
                ledger.dismiss(letter).position().unwrap_or_default()
            }
        };
    }
    ledger.0
}

proptest! {
    /// What is restored, rolled back, or folded again from the records is the state as it was.
    #[test]
    fn the_state_follows_from_the_records(
        steps in prop::collection::vec((0_u8..6, any::<prop::sample::Index>()), 0..40),
        begun in any::<prop::sample::Index>(),
    ) {
        let driver = play(&steps);
        let live = driver.deciders().iter().next().unwrap().encode();
        let (before, rest) = driver.records().split_at(begun.index(driver.records().len() + 1));
        let mut folded = DeadLettersDecider::new();
        before.iter().for_each(|record| folded.apply(record));
        let known = folded.encode();
        folded.begin();
        rest.iter().for_each(|record| folded.apply(record));
        prop_assert_eq!(&folded.encode(), &live);
        folded.rollback();
        prop_assert_eq!(&folded.encode(), &known);
        let mut restored = DeadLettersDecider::new();
        restored.restore(&known).unwrap();
        restored.begin();
        rest.iter().for_each(|record| restored.apply(record));
        restored.keep();
        restored.rollback();
        prop_assert_eq!(restored.encode(), live);
    }
}
