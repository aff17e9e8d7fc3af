//! From `{ref}` in a path to a customer.

use crate::extract::Caller;
use crate::problem::Problem;
use std::sync::Arc;
use touchbook_customers::Customers;
use touchbook_engine::chain;
use touchbook_events::{CustomerId, IdentifierKind, Policies};
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
    let known = canonical(caller, member(caller, named)?)?;
    caller.guard.admit_to(known)?;
    Ok(known)
}

/// The canonical customer of a member.
pub(crate) fn canonical(caller: &Caller, member: CustomerId) -> Result<CustomerId, Problem> {
    let customers = caller.projection::<Customers>()?;
    let known = customers.canonical(member);
    let is_known = customers.read(known, |_, _| ()).is_some();
    is_known.then_some(known).ok_or_else(Problem::not_found)
}

/// Who has an identifier, in any spelling.
pub(crate) fn holder(
    caller: &Caller,
    kind: IdentifierKind,
    value: &str,
) -> Result<Option<CustomerId>, Problem> {
    match member(caller, &format!("{kind}:{value}")) {
        Ok(member) => Ok(Some(member)),
        Err(problem) if problem.is_not_found() => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The member that `named` is itself, whoever it was merged into.
pub(crate) fn member(caller: &Caller, named: &str) -> Result<CustomerId, Problem> {
    let policies = caller.policies();
    let lookup = Lookup::parse(named, policies.default_region.as_deref())
        .map_err(|error| Problem::unreadable("invalid_reference", chain(&error)))?;
    let found = match lookup {
        Lookup::Id(id) => Some(id),
        Lookup::Identifier { kind, value } => caller
            .projection::<Identifiers>()?
            .index(|index| Identifiers::find(index, kind, &value)),
    };
    found.ok_or_else(Problem::not_found)
}
