//! From `{ref}` in a path to a customer.

use crate::extract::Caller;
use crate::problem::Problem;
use std::sync::Arc;
use touchbook_customers::Customers;
use touchbook_engine::chain;
use touchbook_events::{CustomerId, Policies};
use touchbook_identity::{Identifiers, Lookup};
use touchbook_policies::InForce;
use touchbook_projection::{Projection, Projector};

/// What naming a customer reads.
pub(crate) const NAMED_BY: &str = Identifiers::NAME;

impl Caller {
    /// The policies that hold.
    pub(crate) fn policies(&self) -> Arc<Policies> {
        Arc::clone(self.in_force().policies())
    }

    /// The policies that hold, and where each was set.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        self.tenant.published().unwrap_or_default()
    }

    /// The live state of a projection.
    pub(crate) fn projection<P: Projector>(&self) -> Result<Arc<Projection<P>>, Problem> {
        self.tenant.projection::<P>().ok_or_else(|| {
            let detail = format!("projection {} does not run here", P::NAME);
            Problem::unavailable("projection_failed", detail)
        })
    }
}

/// The canonical customer that `named` is: an id, an e-mail address, or `kind:value`.
pub(crate) fn customer(caller: &Caller, named: &str) -> Result<CustomerId, Problem> {
    let policies = caller.policies();
    let lookup = Lookup::parse(named, policies.default_region.as_deref())
        .map_err(|error| Problem::unreadable("invalid_reference", chain(&error)))?;
    let customers = caller.projection::<Customers>()?;
    let found = match lookup {
        Lookup::Id(id) => Some(id),
        Lookup::Identifier { kind, value } => caller
            .projection::<Identifiers>()?
            .index(|index| Identifiers::find(index, kind, &value)),
    };
    let known = found.map(|customer| customers.canonical(customer));
    let known = known.filter(|customer| customers.read(*customer, |_, _| ()).is_some());
    let known = known.ok_or_else(Problem::not_found)?;
    caller.guard.admit_to(known)?;
    Ok(known)
}
