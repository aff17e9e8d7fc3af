//! Why a value of a customer's summary is what it is: the records at which it changed (design idea
//! 5).
//!
//! The slice is folded record by record with the projector itself, and the value read after each
//! with [`summary()`], so an explanation can't say anything else than the answer that it explains.
//! Beside it a second state takes only the records that are named. Where its value ever differs,
//! something before prepared this change without being one, such as the first, uncounted revision
//! of an order; what was passed over and may be that is named too, marked as no change.

mod field;
mod trail;

pub use field::Field;
pub use trail::{STEPS_FIRST, STEPS_LAST, Step};

use serde::Serialize;
use serde_json::Value;
use touchbook_customers::{Customers, State, summary};
use touchbook_events::{CustomerId, EventType, Policies, Problem, Record, Timestamp};
use touchbook_projection::Projector;
use trail::Trail;

/// How often what was passed over is taken back, each time by copying the state. After that
/// everything is named that the value may depend on.
const CATCH_UPS_MAX: u32 = 8;

/// One value with all that made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    pub field: &'static str,
    /// As the customer's answer shows it.
    pub value: Value,
    /// The present as of which it was read.
    pub as_of: Timestamp,
    /// Of the rules by which records are decided and folded.
    pub rules_version: u32,
    /// The policies that the value depends on, as they stand.
    pub policies: Vec<PolicyInForce>,
    /// In the order of positions; of many, the first [`STEPS_FIRST`] and the last [`STEPS_LAST`].
    ///
    /// Folding only these records, and those that made the customer and its identifiers, gives
    /// exactly the value, unless some are left out.
    pub trail: Vec<Step>,
    /// How many steps are left out between the first and the last ones.
    pub trail_omitted: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyInForce {
    pub name: &'static str,
    /// In the policy's own shape.
    pub value: Value,
}

/// Explains one value; takes a slice record by record.
pub struct Explain<'p> {
    field: &'static Field,
    policies: &'p Policies,
    now: Timestamp,
    rules_version: u32,
    whole: State,
    /// What the named records alone come to.
    named: State,
    value: Value,
    /// Values whose changes count as preparing one of this value.
    beneath: Vec<(&'static Field, Value)>,
    trail: Trail,
    passed_over: Trail,
    catch_ups: u32,
}

/// Explains the value called `field`, of the slice that `records` are.
///
/// # Errors
/// For a name that is no value of a summary, with those that are.
pub fn explain<'r>(
    field: &str,
    records: impl IntoIterator<Item = &'r Record>,
    policies: &Policies,
    now: Timestamp,
    rules_version: u32,
) -> Result<Explanation, Problem> {
    let mut explain = Explain::new(Field::parse(field)?, policies, now, rules_version);
    records.into_iter().for_each(|record| explain.take(record));
    Ok(explain.finish())
}

impl<'p> Explain<'p> {
    pub fn new(
        field: &'static Field,
        policies: &'p Policies,
        now: Timestamp,
        rules_version: u32,
    ) -> Self {
        let nothing = State::default();
        let read = |field: &Field| field.read_from(&nothing, policies, now);
        let beneath = field.beneath(policies);
        Self {
            field,
            policies,
            now,
            rules_version,
            value: read(field),
            beneath: beneath.map(|field| (field, read(field))).collect(),
            whole: nothing.clone(),
            named: nothing,
            trail: Trail::default(),
            passed_over: Trail::default(),
            catch_ups: 0,
        }
    }

    /// Takes the next record of the slice.
    pub fn take(&mut self, record: &Record) {
        Customers::apply(&mut self.whole, record);
        let before = std::mem::take(&mut self.value);
        let prepares = self.read_whole();
        let event_type = record.header.event_type;
        let is_change = before != self.value;
        let may_matter = self.field.concerns(event_type);
        if is_change || prepares || may_matter && self.catch_ups == CATCH_UPS_MAX {
            let step = Step::of(record, before, self.value.clone());
            self.trail.push(step);
            Customers::apply(&mut self.named, record);
            self.catch_up();
        } else if makes_the_customer(event_type) {
            Customers::apply(&mut self.named, record);
            self.catch_up();
        } else if may_matter {
            let step = Step::of(record, before.clone(), before);
            self.passed_over.push(step);
        }
    }

    /// Reads the values again; says whether one beneath the explained one changed.
    fn read_whole(&mut self) -> bool {
        let shown = summary(CustomerId::NIL, &self.whole, self.policies, self.now);
        self.value = self.field.read(&shown);
        let mut changed = false;
        for (field, value) in &mut self.beneath {
            let now = field.read(&shown);
            changed |= *value != now;
            *value = now;
        }
        changed
    }

    /// Names what was passed over where the named records alone come to another value.
    fn catch_up(&mut self) {
        let named = self.field.read_from(&self.named, self.policies, self.now);
        if named != self.value {
            self.trail.merge(std::mem::take(&mut self.passed_over));
            self.named = self.whole.clone();
            self.catch_ups += 1;
        }
    }

    pub fn finish(self) -> Explanation {
        let (trail, trail_omitted) = self.trail.finish();
        let names = self.field.policies().iter();
        let in_force = |name: &'static str| PolicyInForce {
            name,
            value: self.policies.value(name).unwrap_or_default(),
        };
        Explanation {
            field: self.field.name(),
            value: self.value,
            as_of: self.now,
            rules_version: self.rules_version,
            policies: names.map(|name| in_force(name)).collect(),
            trail,
            trail_omitted,
        }
    }
}

/// Whether records of the type say who the customer is, which every value rests on.
fn makes_the_customer(event_type: EventType) -> bool {
    matches!(
        event_type,
        EventType::CustomerCreated | EventType::IdentifierAttached | EventType::IdentifierDetached
    )
}
