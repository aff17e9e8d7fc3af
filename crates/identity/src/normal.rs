//! What to say of a text that is no identifier.

use std::borrow::Cow;
use touchbook_events::{IdentifierKind, identifier};

/// A text has no normal form as an identifier of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnIdentifier(pub IdentifierKind);

impl std::fmt::Display for NotAnIdentifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            IdentifierKind::ExternalId | IdentifierKind::User => "must not be blank",
            IdentifierKind::Email => "not an e-mail address such as jane@example.com",
            IdentifierKind::Phone => "not a phone number such as +27123456789",
            IdentifierKind::Handle => "not a platform and a name, as in instagram:janesmith",
        })
    }
}

impl std::error::Error for NotAnIdentifier {}

/// The normal form of `text`; borrowed, without any allocation, where it is normal already.
///
/// # Errors
/// When no such identifier can be read from `text`.
pub fn normalise<'a>(
    kind: IdentifierKind,
    text: &'a str,
    region: Option<&str>,
) -> Result<Cow<'a, str>, NotAnIdentifier> {
    identifier::normal_form(kind, text, region).ok_or(NotAnIdentifier(kind))
}
