//! Keys and users as they are decided, and what readers have of them.

use proptest::prelude::*;
use touchbook_accounts::{Accounts, AccountsDecider, KeyText, PREFIX_BYTES, SECRET_BYTES};
use touchbook_events::catalogue::access::{Role, WebhookKind};
use touchbook_events::record::Ineffective;
use touchbook_events::{Decision, Problem, Timestamp};
use touchbook_projection::driver::Outcome;
use touchbook_projection::{Decider, Driver};

const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

struct Ledger(Driver);

impl Ledger {
    fn new() -> Self {
        Self(Driver::new(vec![Box::new(AccountsDecider::new())]))
    }

    fn send(&mut self, kind: &str, data: &str) -> Outcome {
        let id = format!("e{}", self.0.head() + 1);
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"{kind}","data":{data}}}"#
        );
        self.0.send(&event, START)
    }

    fn user(&mut self, id: &str, role: &str) -> Outcome {
        self.send(
            "user.defined",
            &format!(r#"{{"user_id":"{id}","role":"{role}"}}"#),
        )
    }

    fn key(&mut self, key: &KeyText, role: &str, rest: &str) -> Outcome {
        let (prefix, hash) = (key.prefix(), key.hash());
        let data = format!(r#"{{"prefix":"{prefix}","hash":"{hash}","role":"{role}"{rest}}}"#);
        self.send("key.created", &data)
    }

    fn revoke(&mut self, key: &KeyText) -> Outcome {
        self.send(
            "key.revoked",
            &format!(r#"{{"prefix":"{}"}}"#, key.prefix()),
        )
    }

    /// What a decider that folds all records publishes.
    fn accounts(&self) -> Accounts {
        let mut decider = AccountsDecider::new();
        self.0
            .records()
            .iter()
            .for_each(|record| decider.apply(record));
        published(&decider)
    }
}

fn published(decider: &AccountsDecider) -> Accounts {
    let published = decider.published().expect("it publishes a value");
    published
        .downcast_ref::<Accounts>()
        .expect("of its own")
        .clone()
}

fn key(number: u8) -> KeyText {
    KeyText::mint("acme", [number; PREFIX_BYTES], [number; SECRET_BYTES])
}

fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Refused(problem) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_opens_until_it_is_revoked() {
    let mut ledger = Ledger::new();
    ledger.user("ann", "manager");
    ledger.key(&key(1), "manager", r#","user_id":"ann""#);
    ledger.key(&key(2), "producer", "");
    let accounts = ledger.accounts();
    let opened = accounts.opened_by(&key(1)).expect("it was issued");
    assert_eq!(
        (opened.role, opened.user_id.as_deref()),
        (Role::Manager, Some("ann"))
    );
    assert_eq!(
        accounts.opened_by(&key(2)).map(|key| key.role),
        Some(Role::Producer)
    );
    assert_eq!(accounts.opened_by(&key(3)), None, "nobody issued it");
    let other_secret = KeyText::mint("acme", [1; PREFIX_BYTES], [9; SECRET_BYTES]);
    assert_eq!(accounts.opened_by(&other_secret), None);

    ledger.revoke(&key(1));
    let accounts = ledger.accounts();
    assert_eq!(accounts.opened_by(&key(1)), None);
    assert!(accounts.opened_by(&key(2)).is_some());
    assert!(
        accounts.key(key(1).prefix()).is_some(),
        "what was is still listed"
    );
}

#[test]
fn no_key_is_stored() {
    let mut ledger = Ledger::new();
    ledger.key(&key(1), "agent", "");
    let secret = &key(1).as_str()[key(1).as_str().len() - 64..].to_owned();
    let mut decider = AccountsDecider::new();
    ledger
        .0
        .records()
        .iter()
        .for_each(|record| decider.apply(record));
    let state = decider.encode();
    assert!(
        !state
            .windows(secret.len())
            .any(|bytes| bytes == secret.as_bytes())
    );
}

#[test]
fn a_key_of_a_webhook_says_which() {
    let mut ledger = Ledger::new();
    let webhook = r#","webhook":{"kind":"shopify","secret_reference":"acme/shop"}"#;
    ledger.key(&key(1), "producer", webhook);
    let accounts = ledger.accounts();
    let opened = accounts
        .opened_by(&key(1))
        .and_then(|key| key.webhook.clone());
    let webhook = opened.expect("it is a webhook's");
    assert_eq!(webhook.kind, WebhookKind::Shopify);
    assert_eq!(webhook.secret_reference.as_deref(), Some("acme/shop"));
}

#[test]
fn keys_that_can_not_be_are_refused() {
    let mut ledger = Ledger::new();
    ledger.key(&key(1), "agent", "");
    let twice = problem(ledger.key(&key(1), "agent", r#","name":"again""#));
    assert_eq!(
        (twice.code, &*twice.pointer),
        ("key_exists", "/data/prefix")
    );
    let nobody = problem(ledger.key(&key(2), "agent", r#","user_id":"nobody""#));
    assert_eq!(
        (nobody.code, &*nobody.pointer),
        ("unknown_user", "/data/user_id")
    );
    let of_nobody = problem(ledger.key(&key(2), "customer_self", ""));
    assert_eq!(&*of_nobody.pointer, "/data/user_id");
    let unknown = problem(ledger.revoke(&key(3)));
    assert_eq!(
        (unknown.code, &*unknown.pointer),
        ("unknown_key", "/data/prefix")
    );
}

#[test]
fn a_key_is_revoked_once() {
    let mut ledger = Ledger::new();
    ledger.key(&key(1), "agent", "");
    let first = ledger.revoke(&key(1)).position();
    match ledger.revoke(&key(1)) {
        Outcome::Appended { decision, .. } => assert_eq!(
            decision,
            Decision::Ineffective {
                reason: Ineffective::Unchanged,
                winner: first
            }
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_user_is_as_it_was_defined_last() {
    let mut ledger = Ledger::new();
    ledger.user("ann", "agent");
    let last = ledger.user("ann", "manager").position();
    let accounts = ledger.accounts();
    let user = accounts.user("ann").expect("she was defined");
    assert_eq!((user.role, Some(user.position)), (Role::Manager, last));
    assert_eq!(accounts.users().count(), 1);
    let nobody = problem(ledger.user(" ", "agent"));
    assert_eq!(&*nobody.pointer, "/data/user_id");
}

proptest! {
    /// Law 3: the state is the same folded, restored, and after a batch that was taken back.
    #[test]
    fn state_follows_from_records_alone(steps in prop::collection::vec((0_u8..4, 0_u8..4), 1..30)) {
        let mut ledger = Ledger::new();
        for (step, number) in steps {
            match step {
                0 => drop(ledger.user(&format!("u{number}"), "agent")),
                1 => drop(ledger.key(&key(number), "agent", "")),
                2 => drop(ledger.key(&key(number), "agent", &format!(r#","user_id":"u{number}""#))),
                _ => drop(ledger.revoke(&key(number))),
            }
        }
        let records = ledger.0.records();
        let mut folded = AccountsDecider::new();
        records.iter().for_each(|record| folded.apply(record));
        let mut restored = AccountsDecider::new();
        let (first, rest) = records.split_at(records.len() / 2);
        first.iter().for_each(|record| restored.apply(record));
        let bytes = restored.encode();
        restored.begin();
        rest.iter().for_each(|record| restored.apply(record));
        restored.rollback();
        prop_assert_eq!(restored.encode(), bytes.clone());
        restored.restore(&bytes).expect("it was encoded just now");
        rest.iter().for_each(|record| restored.apply(record));
        prop_assert_eq!(restored.encode(), folded.encode());
    }
}
