//! From `{ref}` in a path to a customer.

use crate::extract::Caller;
use crate::problem::Problem;
use crate::wire::reference::{ResolvedFrom, Whose};
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

/// A customer as a caller named it.
pub(crate) struct Named {
    /// The canonical customer.
    pub customer: CustomerId,
    /// The member that was named, whoever it was merged into.
    pub member: CustomerId,
    /// Absent where an id was given.
    identifier: Option<ResolvedFrom>,
}

impl Named {
    /// Whose an answer is of which the present is asked.
    pub(crate) fn whose(self) -> Whose {
        let canonical = self.customer;
        self.whose_then(canonical)
    }

    /// The same where the canonical customer was another one.
    pub(crate) fn whose_then(self, canonical: CustomerId) -> Whose {
        let merged = (self.member != canonical).then(|| ResolvedFrom {
            kind: "id",
            value: self.member.to_string().into(),
        });
        Whose {
            customer_id: canonical,
            resolved_from: self.identifier.or(merged),
        }
    }
}

/// The customer that `text` names: an id, an e-mail address, or `kind:value`.
pub(crate) fn named(caller: &Caller, text: &str) -> Result<Named, Problem> {
    let (member, identifier) = resolve(caller, text)?;
    let customer = canonical(caller, member)?;
    caller.guard.admit_to(customer)?;
    Ok(Named {
        customer,
        member,
        identifier,
    })
}

/// The canonical customer that `text` names.
pub(crate) fn customer(caller: &Caller, text: &str) -> Result<CustomerId, Problem> {
    named(caller, text).map(|named| named.customer)
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

/// The member that `text` names itself, whoever it was merged into.
pub(crate) fn member(caller: &Caller, text: &str) -> Result<CustomerId, Problem> {
    resolve(caller, text).map(|(member, _)| member)
}

fn resolve(caller: &Caller, text: &str) -> Result<(CustomerId, Option<ResolvedFrom>), Problem> {
    let policies = caller.policies();
    let lookup = Lookup::parse(text, policies.default_region.as_deref())
        .map_err(|error| Problem::unreadable("invalid_reference", chain(&error)))?;
    let (kind, value) = match lookup {
        Lookup::Id(id) => return Ok((id, None)),
        Lookup::Identifier { kind, value } => (kind, value),
    };
    let identifiers = caller.projection::<Identifiers>()?;
    let found = identifiers.index(|index| Identifiers::find(index, kind, &value));
    let member = found.ok_or_else(Problem::not_found)?;
    let identifier = ResolvedFrom {
        kind: kind.as_str(),
        value: value.into(),
    };
    Ok((member, Some(identifier)))
}
