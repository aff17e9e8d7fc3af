//! Identifiers in their normal form: the one normaliser for every way in (C1).

use crate::customer_ref::IdentifierKind;
use crate::phone;

/// The normal form of `text`, or `None` when it is no identifier of that kind.
///
/// `region` is the ISO 3166 code that phone numbers without `+` belong to.
pub fn normalise(kind: IdentifierKind, text: &str, region: Option<&str>) -> Option<String> {
    match kind {
        IdentifierKind::ExternalId | IdentifierKind::User => plain(text),
        IdentifierKind::Email => email(text),
        IdentifierKind::Phone => phone::normalise(text, region),
        IdentifierKind::Handle => platform_handle(text),
    }
}

/// A handle without its platform: lower case, no `@`.
pub fn handle(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('@').unwrap_or(text).to_lowercase()
}

fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Lower case, exactly one `@`, something before it and a dot within what follows it.
fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.split_once('@')?;
    let dot_within = domain
        .find('.')
        .is_some_and(|at| at > 0 && !domain.ends_with('.'));
    let well_formed = !local.is_empty()
        && dot_within
        && !domain.contains('@')
        && !text.contains(|character: char| {
            character.is_whitespace() || character.is_control() || matches!(character, '<' | '>')
        });
    well_formed.then(|| text.to_lowercase())
}

/// `platform:name`, such as `instagram:janesmith`.
fn platform_handle(text: &str) -> Option<String> {
    let (platform, name) = text.split_once(':')?;
    let (platform, name) = (platform.trim().to_lowercase(), handle(name));
    (!platform.is_empty() && !name.is_empty()).then(|| format!("{platform}:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(kind: IdentifierKind, text: &str) -> Option<String> {
        normalise(kind, text, Some("ZA"))
    }

    #[test]
    fn spellings_of_one_identifier_are_one() {
        use IdentifierKind::{Email, ExternalId, Handle, Phone, User};
        for (kind, text, want) in [
            (Email, " Jane@Example.COM ", "jane@example.com"),
            (Phone, "012 345 6789", "+27123456789"),
            (Handle, "Instagram:@JaneSmith", "instagram:janesmith"),
            (ExternalId, " opencart:67890 ", "opencart:67890"),
            (User, " u-1 ", "u-1"),
        ] {
            assert_eq!(normal(kind, text).as_deref(), Some(want), "{kind}");
            assert_eq!(normal(kind, want).as_deref(), Some(want), "{kind}, again");
        }
    }

    #[test]
    fn what_is_no_identifier_is_none() {
        use IdentifierKind::{Email, ExternalId, Handle, Phone};
        for (kind, text) in [
            (Email, "jane"),
            (Email, "jane@example"),
            (Email, "@example.com"),
            (Email, "jane@@example.com"),
            (Email, "jane@example.com."),
            (Email, "jane@.com"),
            (Email, "Jane <jane@example.com>"),
            (Phone, "call me"),
            (Handle, "janesmith"),
            (Handle, "instagram:@"),
            (ExternalId, "  "),
        ] {
            assert_eq!(normal(kind, text), None, "{kind} {text}");
        }
    }
}
