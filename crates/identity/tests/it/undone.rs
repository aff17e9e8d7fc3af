//! What is decided once an import was undone: as if it had never been.

use crate::script::{Tenant, decision};
use crate::steps::{Step, reference};
use proptest::prelude::*;
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Data, Decision, EventType, Identifier, Record, Timestamp};
use touchbook_projection::driver::Outcome;

impl Tenant {
    /// An event of the import, or of its undoing; `more` are members of the envelope.
    fn of_import(&mut self, event_type: &str, more: &str, data: &str) -> Outcome {
        self.sent += 1;
        let id = self.sent;
        let event = format!(
            r#"{{"specversion":"1.0","id":"file:{id}","source":"touchbook/csv",
                "type":"{event_type}",{more}"data":{data}}}"#
        );
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        let at = start.plus_seconds(self.sent as i64);
        self.driver.send(&event, at)
    }

    fn row(&mut self, reference: &str) -> Outcome {
        let data = format!(r#"{{"customer":{reference},"name":"Jane"}}"#);
        self.of_import("customer.updated", "", &data)
    }

    fn imported(&self) -> Vec<Record> {
        let records = self.records().iter();
        let own = records.filter(|record| record.header.correlation.is_some());
        own.cloned().collect()
    }

    fn retract(&mut self, positions: &[u64], expected: u64) -> Decision {
        let data = format!(r#"{{"positions":{positions:?}}}"#);
        let expected = format!(r#""expectedposition":"{expected}","#);
        decision(self.of_import("event.retracted", &expected, &data))
    }

    /// As the service does it: gives back identifiers, and retracts all.
    fn undo(&mut self) {
        for record in self.imported() {
            let customer = record.header.customer;
            for Identifier { kind, value } in identifiers(&record.data) {
                let subject = format!(r#""subject":"customer/{}","#, customer.unwrap());
                let data = format!(r#"{{"kind":"{kind}","value":"{}"}}"#, value.as_str());
                self.of_import("identifier.detached", &subject, &data);
            }
        }
        let imported = self.imported().into_iter();
        let positions: Vec<u64> = imported.map(|record| record.header.position).collect();
        let head = self.driver.head();
        assert_eq!(self.retract(&positions, head), Decision::Effective);
    }
}

fn identifiers(data: &Data) -> Vec<Identifier> {
    match data {
        Data::CustomerCreated(data) => {
            let personal = data.personal.iter();
            let sent = personal.flat_map(|personal| &personal.identifiers);
            sent.map(|sent| Identifier {
                kind: sent.kind,
                value: sent.value.clone(),
            })
            .collect()
        }
        Data::IdentifierAttached(data) => {
            let personal = data.personal.iter();
            personal
                .map(|personal| Identifier {
                    kind: data.facts.kind,
                    value: personal.value.clone(),
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// What became of an event, but for positions.
type Decided = (
    EventType,
    Option<CustomerId>,
    Vec<CustomerId>,
    Vec<Identifier>,
);

fn decided(record: &Record) -> Decided {
    let (mut pair, mut shown) = (Vec::new(), identifiers(&record.data));
    if let Data::MergeSuggested(data) = &record.data {
        pair.extend([data.facts.customer, data.facts.other]);
        shown.extend(data.personal.iter().flat_map(|one| one.identifiers.clone()));
    }
    (
        record.header.event_type,
        record.header.customer,
        pair,
        shown,
    )
}

/// What is decided of `after`, where an import stood between it and `before` that was undone; none
/// where the import made a policy, which stays.
fn decisions(before: &[Step], rows: &[String], after: &[String]) -> Option<Vec<Decided>> {
    let mut tenant = Tenant::new();
    before.iter().for_each(|step| tenant.take(step));
    if !rows.is_empty() {
        rows.iter()
            .for_each(|reference| drop(tenant.row(reference)));
        let is_policy = |record: &Record| matches!(record.data, Data::PolicyDefined(_));
        if tenant.imported().iter().any(is_policy) {
            return None;
        }
        if !tenant.imported().is_empty() {
            tenant.undo();
        }
    }
    tenant.sent = 10_000;
    let from = tenant.records().len();
    after
        .iter()
        .for_each(|reference| drop(tenant.sms(reference)));
    Some(tenant.records()[from..].iter().map(decided).collect())
}

fn before() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => reference().prop_map(|reference| Step::Sms { reference }),
        1 => (0..6_u8, 0..6_u8).prop_map(|(customer, other)| Step::Dismiss { customer, other }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Law 4, of decisions: suggestions, who shares what, and whose everything is.
    #[test]
    fn an_import_that_was_undone_decides_nothing(
        before in proptest::collection::vec(before(), 0..12),
        rows in proptest::collection::vec(reference(), 1..6),
        after in proptest::collection::vec(reference(), 1..12),
    ) {
        if let Some(undone) = decisions(&before, &rows, &after) {
            prop_assert_eq!(Some(undone), decisions(&before, &[], &after));
        }
    }
}

#[test]
fn who_was_written_of_since_is_not_taken_back_with_an_import() {
    let mut tenant = Tenant::new();
    tenant.row(r#"{"email":"jane@example.com"}"#);
    let begun = tenant.imported()[0].header.clone();
    assert_eq!(begun.event_type, EventType::CustomerCreated);
    let looked_at = tenant.driver.head();
    let written = tenant.sms(r#"{"email":"jane@example.com"}"#);
    let lost = Decision::Ineffective {
        reason: Ineffective::PositionChanged,
        winner: written.position(),
    };
    let positions = [begun.position, begun.position + 1];
    assert_eq!(tenant.retract(&positions, looked_at), lost);
    // What it says of others is not in the way.
    assert_eq!(
        tenant.retract(&positions[1..], looked_at),
        Decision::Effective
    );
    let looked_at = tenant.driver.head();
    assert_eq!(
        tenant.retract(&positions[..1], looked_at),
        Decision::Effective
    );
}
