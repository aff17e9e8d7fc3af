//! From a customer reference to a customer.

use crate::normal;
use crate::state::State;
use std::borrow::Cow;
use touchbook_events::customer_ref::SentIdentifier;
use touchbook_events::{
    CustomerId, CustomerRef, Digest, Identifier, IdentifierKind, Policies, Problem, TenantKey, Text,
};

/// The digest that an identifier is known by.
pub(crate) fn digest(key: &TenantKey, kind: IdentifierKind, value: &str) -> Digest {
    key.digest_parts("identifier", &[kind.as_str().as_bytes(), value.as_bytes()])
}

/// What a reference says; nothing is allocated where all of it is known and agrees.
#[derive(Default)]
pub(crate) struct Resolved {
    /// Whom the first known identifier names.
    pub(crate) customer: Option<u32>,
    /// What nobody has yet.
    pub(crate) unknown: Vec<SentIdentifier>,
    /// Whom later identifiers name, where that is somebody else.
    pub(crate) others: Vec<u32>,
}

impl Resolved {
    pub(crate) fn names_somebody(&self) -> bool {
        self.customer.is_some() || !self.unknown.is_empty()
    }
}

/// Reads references by what is known and by the policies in force.
#[derive(Clone, Copy)]
pub(crate) struct Resolver<'a> {
    pub(crate) state: &'a State,
    pub(crate) key: &'a TenantKey,
    pub(crate) policies: &'a Policies,
}

impl Resolver<'_> {
    pub(crate) fn resolve(self, reference: &CustomerRef) -> Result<Resolved, Problem> {
        let mut resolved = Resolved::default();
        if let Some(id) = reference.id {
            resolved.customer = Some(known(self.state, id, "/data/customer/id")?);
        }
        for (kind, text) in reference.identifiers() {
            let Some(value) = self.read(kind, text)? else {
                continue;
            };
            let owner = self.state.identified(digest(self.key, kind, &value));
            match (owner, resolved.customer) {
                (None, _) => resolved.unknown.push(SentIdentifier {
                    kind,
                    value: limited(&value, || pointer(kind))?,
                    as_sent: text.clone(),
                }),
                (Some(owner), None) => resolved.customer = Some(owner),
                (Some(owner), Some(customer)) if owner == customer => {}
                (Some(owner), Some(_)) => resolved.others.push(owner),
            }
        }
        Ok(resolved)
    }

    /// Which identifiers of `reference` are `customer`'s.
    pub(crate) fn shared(self, reference: &CustomerRef, customer: u32) -> Vec<Identifier> {
        let mut shared = Vec::new();
        for (kind, text) in reference.identifiers() {
            let Ok(Some(value)) = self.read(kind, text) else {
                continue;
            };
            if self.state.identified(digest(self.key, kind, &value)) == Some(customer) {
                shared.extend(Text::new(&*value).map(|value| Identifier { kind, value }));
            }
        }
        shared
    }

    /// The normal form of what was sent; `None` where it is blank, or says nothing about who it is.
    fn read<'t>(
        self,
        kind: IdentifierKind,
        text: &'t str,
    ) -> Result<Option<Cow<'t, str>>, Problem> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let value = self.normal(kind, text, || pointer(kind))?;
        let is_nobodys = self.is_nobodys(kind, &value);
        Ok((!is_nobodys).then_some(value))
    }

    pub(crate) fn normal<'t>(
        self,
        kind: IdentifierKind,
        text: &'t str,
        pointer: impl FnOnce() -> String,
    ) -> Result<Cow<'t, str>, Problem> {
        let region = self.policies.default_region.as_deref();
        normal::normalise(kind, text, region)
            .map_err(|error| Problem::invalid(pointer(), error.to_string()))
    }

    /// Blocked, or an address of our own, which is never a customer.
    pub(crate) fn is_nobodys(self, kind: IdentifierKind, value: &str) -> bool {
        self.policies.is_nobodys(kind, value)
    }
}

fn pointer(kind: IdentifierKind) -> String {
    format!("/data/customer/{kind}")
}

/// A normal form can be longer than what was sent, as some letters' lower case is.
pub(crate) fn limited(value: &str, pointer: impl FnOnce() -> String) -> Result<Text<320>, Problem> {
    Text::new(value).map_err(|error| Problem::invalid(pointer(), error.to_string()))
}

/// The customer with this id, which must exist.
pub(crate) fn known(
    state: &State,
    id: CustomerId,
    pointer: impl Into<String>,
) -> Result<u32, Problem> {
    state.customer(id).ok_or_else(|| {
        Problem::new(
            "unknown_customer",
            pointer,
            format!("there is no customer `{id}`"),
        )
    })
}
