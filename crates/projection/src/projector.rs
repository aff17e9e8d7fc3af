//! The interface of projectors: pure folds that only evolve.

use serde::Serialize;
use serde::de::DeserializeOwned;
use touchbook_events::{CustomerId, Digest, Record};

/// Hands over every customer that contributes, and what.
pub type Visit<'a, C> = dyn FnMut(&mut dyn FnMut(CustomerId, C)) + 'a;

/// Folds records into a customer's state, and customers' contributions into a tenant-wide index.
///
/// Policies act when deciding or when reading, never here (design law 11): a state holds money per
/// currency and status, not "the LTV".
pub trait Projector: Send + Sync + Sized + 'static {
    /// One customer's state: self-contained and canonical, so that equal states encode to equal
    /// bytes (ordered maps, no floats).
    type State: Default + Serialize + DeserializeOwned + Send + Sync;

    /// What one customer adds to the tenant-wide index; taken before and after each change.
    type Contribution: PartialEq + Send;

    /// Tenant-wide lists over contributions; derived, never snapshotted.
    type Index: Default + Send + Sync;

    /// Stable name, part of routes, metrics and snapshot paths.
    const NAME: &'static str;

    /// Whether customers contribute to the index at all.
    const CONTRIBUTES: bool = true;

    /// Changes whenever `apply` or `State`'s encoding does; other versions' snapshots are
    /// discarded.
    const VERSION: u32;

    /// Whether `apply` may make anything of `record`. Other records are passed over, so that a
    /// projector of few types costs nothing of the rest; a customer with no record that concerns it
    /// has no state.
    fn concerns(_record: &Record) -> bool {
        true
    }

    /// Evolves a customer by one effective, unretracted record of one of its members.
    fn apply(state: &mut Self::State, record: &Record);

    /// `None` where a customer is listed nowhere (anonymous, or nothing of it is left).
    fn contribution(customer: CustomerId, state: &Self::State) -> Option<Self::Contribution>;

    /// Replaces what `customer` contributed.
    fn contribute(
        index: &mut Self::Index,
        customer: CustomerId,
        before: Option<Self::Contribution>,
        after: Option<Self::Contribution>,
    );

    /// Puts what all customers contribute into an index that has nobody's yet. It comes to what
    /// contributing one after another does; calls, sorted first, take half of the time and a fifth
    /// less memory so (`calls/examples/index_rate`).
    fn contribute_all(index: &mut Self::Index, visit: &mut Visit<'_, Self::Contribution>) {
        visit(&mut |customer, contribution| {
            Self::contribute(index, customer, None, Some(contribution));
        });
    }

    /// An effective record that belongs to no customer, such as a policy. It can't be retracted,
    /// and what it does to the index may not depend on which contributions are there already: an
    /// index that is built anew sees these records first.
    fn tenant_record(_index: &mut Self::Index, _record: &Record) {}

    /// By what a reader [finds](crate::Projection::find) the customer again whose state takes
    /// `record`, such as the subject of an entry.
    fn key(_record: &Record) -> Option<Digest> {
        None
    }

    /// The keys of all records that are in `state`.
    fn keys(_state: &Self::State, _each: &mut dyn FnMut(Digest)) {}
}
