//! A decider that finds the customer by external id and knows the revisions of orders, and a
//! projector that adds up their orders.

use crate::Registry;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use touchbook_events::{CustomerId, Data, Digest, Problem, Record, TenantKey, id};
use touchbook_projection::projection::AnyProjection;
use touchbook_projection::{Decider, Deciders, Draft, Projection, Projector, Verdict, snapshot};

pub(super) const NAME: &str = "totals";

pub(super) fn registry() -> Registry {
    Registry {
        deciders: |_: &TenantKey| Deciders::new(vec![Box::new(Known::default())]),
        projections: vec![Arc::new(Projection::<Totals>::default()) as Arc<dyn AnyProjection>],
    }
}

/// The same, where the writer dies over the customer [`POISON`].
pub(super) fn fragile_registry() -> Registry {
    Registry {
        deciders: |_: &TenantKey| {
            Deciders::new(vec![Box::new(Known::default()), Box::new(Fragile)])
        },
        ..registry()
    }
}

#[derive(Default)]
struct Known {
    now: Met,
    before: Option<Met>,
}

/// Which external ids were met, what each order said last and where, and a count of decisions that
/// readers may see.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Met {
    names: BTreeMap<String, CustomerId>,
    orders: BTreeMap<Digest, (Digest, u64)>,
    applied: u64,
}

/// What [`Known`] publishes.
pub(super) struct AppliedCount(pub(super) u64);

impl Decider for Known {
    fn name(&self) -> &'static str {
        "known"
    }

    fn version(&self) -> u32 {
        1
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        let named = draft
            .incoming
            .data
            .customer_ref()
            .and_then(|named| named.external_id.as_ref());
        let Some(name) = named else { return };
        if name.as_str() == "nobody" {
            draft.refuse(Problem::new(
                "unknown_customer",
                "/data/customer",
                "nobody is nobody",
            ));
            return;
        }
        let (subject, content) = (draft.incoming.subject, draft.incoming.content);
        if let Some((_, position)) = self
            .now
            .orders
            .get(&subject)
            .filter(|(last, _)| *last == content)
        {
            draft.verdict = Verdict::Duplicate {
                position: *position,
            };
            return;
        }
        let (key, at) = (draft.context.key, draft.context.recorded_at);
        let known = self.now.names.get(name.as_str()).copied();
        let sent = &draft.incoming.sent;
        let new = || CustomerId(id::derived(key, at, &sent.source, &sent.id, 0));
        draft.customer = Some(known.unwrap_or_else(new));
    }

    fn apply(&mut self, record: &Record) {
        let met = &mut self.now;
        met.applied += 1;
        let header = &record.header;
        if matches!(record.data, Data::OrderUpdated(_)) {
            let revision = (header.content, header.position);
            met.orders.insert(header.subject, revision);
        }
        let named = record
            .data
            .customer_ref()
            .and_then(|named| named.external_id.as_ref());
        if let (Some(name), Some(customer)) = (named, header.customer) {
            met.names.insert(name.to_string(), customer);
        }
    }

    fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&self.now)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error> {
        self.now = snapshot::decode_state(bytes)?;
        Ok(())
    }

    fn begin(&mut self) {
        self.before = Some(self.now.clone());
    }

    fn rollback(&mut self) {
        self.now = self.before.take().unwrap();
    }

    fn keep(&mut self) {
        self.before = None;
    }

    fn published(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::new(AppliedCount(self.now.applied)))
    }
}

/// Decides nothing, and panics over the customer [`POISON`].
struct Fragile;

pub(super) const POISON: &str = "poison";

impl Decider for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn version(&self) -> u32 {
        1
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        let customer = draft.incoming.data.customer_ref();
        let named = customer.and_then(|named| named.external_id.as_ref());
        let is_poison = named.is_some_and(|name| name.as_str() == POISON);
        assert!(!is_poison, "the writer dies, as it was told to");
    }

    fn apply(&mut self, _: &Record) {}

    fn encode(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), snapshot::Error> {
        Ok(())
    }

    fn begin(&mut self) {}

    fn rollback(&mut self) {}

    fn keep(&mut self) {}
}

/// Orders and their millionths, by customer.
pub(super) struct Totals;

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Total {
    pub(super) orders: BTreeSet<Digest>,
    pub(super) millionths: i128,
}

impl Projector for Totals {
    type State = Total;
    type Contribution = i128;
    type Index = i128;

    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;

    fn apply(state: &mut Total, record: &Record) {
        if let Data::OrderUpdated(order) = &record.data
            && let Some(total) = order.facts.total.value()
        {
            state.orders.insert(record.header.subject);
            state.millionths += total.amount.millionths();
        }
    }

    fn contribution(_: CustomerId, state: &Total) -> Option<i128> {
        Some(state.millionths)
    }

    fn contribute(index: &mut i128, _: CustomerId, before: Option<i128>, after: Option<i128>) {
        *index += after.unwrap_or(0) - before.unwrap_or(0);
    }
}
