//! The normal form of each kind of identifier: what resolves, whatever its spelling.
//!
//! A phone number that is no E.164 number (no `+`, and the tenant has no `default_region`) is kept as
//! its bare digits: it names one customer in all its spellings, and never collides with an
//! international number, which begins with `+`.

use std::borrow::Cow;
use touchbook_events::{IdentifierKind, phone};

/// Fewest digits of a phone number that is not international, such as an extension.
pub const LOCAL_DIGITS_MIN: usize = 3;
/// Most digits of a phone number (E.164 has at most 15).
pub const LOCAL_DIGITS_MAX: usize = 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIdentifier {
    #[error("not an e-mail address such as jane@example.com")]
    Email,
    #[error("not a phone number such as +27123456789")]
    Phone,
    #[error("not a handle; write the platform before it, as in instagram:janesmith")]
    Handle,
}

/// The normal form of `text`; borrowed, without any allocation, where it is normal already.
///
/// # Errors
/// When no such identifier can be read from `text`.
pub fn normalise<'a>(
    kind: IdentifierKind,
    text: &'a str,
    region: Option<&str>,
) -> Result<Cow<'a, str>, NotAnIdentifier> {
    let text = text.trim();
    match kind {
        IdentifierKind::ExternalId | IdentifierKind::User => Ok(Cow::Borrowed(text)),
        IdentifierKind::Email => email(text),
        IdentifierKind::Phone => phone(text, region),
        IdentifierKind::Handle => handle(text),
    }
}

fn email(text: &str) -> Result<Cow<'_, str>, NotAnIdentifier> {
    let (local, domain) = text.rsplit_once('@').ok_or(NotAnIdentifier::Email)?;
    let unusable = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character, '<' | '>' | ',' | ';')
    };
    let dots = domain.starts_with('.') || domain.ends_with('.');
    if local.is_empty()
        || domain.is_empty()
        || dots
        || domain.contains('@')
        || text.contains(unusable)
    {
        return Err(NotAnIdentifier::Email);
    }
    Ok(lower_case(text))
}

fn phone<'a>(text: &'a str, region: Option<&str>) -> Result<Cow<'a, str>, NotAnIdentifier> {
    if is_e164(text) {
        return Ok(Cow::Borrowed(text));
    }
    if let Some(number) = phone::normalise(text, region) {
        return Ok(Cow::Owned(number));
    }
    local_number(text).ok_or(NotAnIdentifier::Phone)
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn local_number(text: &str) -> Option<Cow<'_, str>> {
    let usable = |character: char| {
        character.is_ascii_digit()
            || matches!(
                character,
                '+' | ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}'
            )
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if !text.chars().all(usable) || !(LOCAL_DIGITS_MIN..=LOCAL_DIGITS_MAX).contains(&digits) {
        return None;
    }
    if digits == text.len() {
        return Some(Cow::Borrowed(text));
    }
    Some(Cow::Owned(
        text.chars().filter(char::is_ascii_digit).collect(),
    ))
}

/// `platform:name`, lower case, without the `@` that people write before a name.
fn handle(text: &str) -> Result<Cow<'_, str>, NotAnIdentifier> {
    let (platform, name) = text.split_once(':').ok_or(NotAnIdentifier::Handle)?;
    let bare = name.trim_start().trim_start_matches('@');
    let platform_bare = platform.trim_end();
    if platform_bare.is_empty() || bare.is_empty() {
        return Err(NotAnIdentifier::Handle);
    }
    if bare.len() == name.len() && platform_bare.len() == platform.len() {
        return Ok(lower_case(text));
    }
    Ok(Cow::Owned(
        lower_case(&format!("{platform_bare}:{bare}")).into_owned(),
    ))
}

fn lower_case(text: &str) -> Cow<'_, str> {
    let is_lower = text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    match is_lower {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::{Email, ExternalId, Handle, Phone};

    fn normal(kind: IdentifierKind, text: &str) -> String {
        normalise(kind, text, None).unwrap().into_owned()
    }

    #[test]
    fn spellings_have_one_normal_form() {
        assert_eq!(
            normal(Email, " Jane.Smith@Example.COM "),
            "jane.smith@example.com"
        );
        assert_eq!(
            normal(Handle, "Instagram: @JaneSmith"),
            "instagram:janesmith"
        );
        assert_eq!(normal(ExternalId, " opencart:67890 "), "opencart:67890");
        assert_eq!(normal(Phone, "+27 12 345 6789"), "+27123456789");
    }

    /// S1-026: without a region every spelling of a local number is still one identifier.
    #[test]
    fn a_local_number_without_a_region_is_its_digits() {
        for text in ["0123456789", "012 345 6789", "(012) 345-6789"] {
            assert_eq!(normal(Phone, text), "0123456789", "{text}");
            let with_region = normalise(Phone, text, Some("ZA")).unwrap();
            assert_eq!(with_region, "+27123456789", "{text}");
        }
    }

    #[test]
    fn what_is_normal_is_borrowed() {
        for (kind, text) in [
            (Email, "jane@example.com"),
            (Phone, "+27123456789"),
            (Handle, "instagram:janesmith"),
            (ExternalId, "opencart:67890"),
        ] {
            assert!(
                matches!(normalise(kind, text, None), Ok(Cow::Borrowed(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_can_not_be_read_is_refused() {
        for (kind, text) in [
            (Email, "jane"),
            (Email, "@example.com"),
            (Email, "Jane <jane@example.com>"),
            (Phone, "n/a"),
            (Phone, "12"),
            (Phone, "+27 CALL ME"),
            (Handle, "janesmith"),
            (Handle, "instagram:@"),
        ] {
            assert!(normalise(kind, text, None).is_err(), "{text}");
        }
    }
}
