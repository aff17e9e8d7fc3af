//! A customer as a path names it: `{ref}` is an id, an e-mail address, or `kind:value` (C1).

use crate::normal::{self, NotAnIdentifier};
use std::borrow::Cow;
use touchbook_events::{CustomerId, IdentifierKind};

/// Whom a caller means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    Id(CustomerId),
    /// By the normal form of an identifier.
    Identifier {
        kind: IdentifierKind,
        value: Cow<'a, str>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    #[error("write a customer id, an e-mail address, or kind:value with one of these kinds: {0}")]
    Form(String),
    #[error("`{kind}` must be one")]
    Identifier {
        kind: IdentifierKind,
        #[source]
        source: NotAnIdentifier,
    },
}

impl<'a> Lookup<'a> {
    /// Reads `text`, split at the first colon; `region` is the tenant's `default_region`.
    ///
    /// # Errors
    /// When `text` names nobody that could exist.
    pub fn parse(text: &'a str, region: Option<&str>) -> Result<Self, LookupError> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let named = text.split_once(':');
        let named = named.and_then(|(kind, value)| Some((IdentifierKind::parse(kind)?, value)));
        let (kind, value) = match named {
            Some(named) => named,
            None if text.contains('@') => (IdentifierKind::Email, text),
            None => {
                let kinds: Vec<&str> = IdentifierKind::ALL
                    .iter()
                    .map(|kind| kind.as_str())
                    .collect();
                return Err(LookupError::Form(kinds.join(", ")));
            }
        };
        let value = normal::normalise(kind, value, region)
            .map_err(|source| LookupError::Identifier { kind, source })?;
        Ok(Self::Identifier { kind, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_named_by_id_address_or_kind_and_value() {
        let id = "0190f3a0-0000-7000-8000-000000000001";
        assert_eq!(Lookup::parse(id, None), Ok(Lookup::Id(id.parse().unwrap())));
        let identifier = |text, kind, value: &'static str| {
            let value = Cow::Borrowed(value);
            assert_eq!(
                Lookup::parse(text, None),
                Ok(Lookup::Identifier { kind, value })
            );
        };
        identifier(
            "Jane@Example.com",
            IdentifierKind::Email,
            "jane@example.com",
        );
        identifier(
            "email:jane@example.com",
            IdentifierKind::Email,
            "jane@example.com",
        );
        identifier(
            "phone:+27 12 345 6789",
            IdentifierKind::Phone,
            "+27123456789",
        );
        identifier(
            "external_id:opencart:67890",
            IdentifierKind::ExternalId,
            "opencart:67890",
        );
        identifier(
            "handle:Instagram:@Jane",
            IdentifierKind::Handle,
            "instagram:jane",
        );
    }

    #[test]
    fn what_names_nobody_is_told_how_to() {
        assert!(matches!(
            Lookup::parse("jane", None),
            Err(LookupError::Form(_))
        ));
        assert!(matches!(
            Lookup::parse("phone:n/a", None),
            Err(LookupError::Identifier { .. })
        ));
    }
}
