//! Identifiers in their normal form: the one normaliser for every way in (C1).

use crate::customer_ref::IdentifierKind;
use crate::phone;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Digits of a phone number that is no international one, such as an extension or a local number.
const LOCAL_DIGITS: RangeInclusive<usize> = 3..=15;

/// The normal form of `text`, borrowed where it is normal already; `None` when it is no identifier
/// of that kind.
///
/// `region` is the ISO 3166 code that phone numbers without `+` belong to. A phone number that is
/// not E.164 even so is its bare digits: all its spellings are one identifier, which never equals
/// an international number's, since that begins with `+`.
pub fn normal_form<'a>(
    kind: IdentifierKind,
    text: &'a str,
    region: Option<&str>,
) -> Option<Cow<'a, str>> {
    let text = text.trim();
    match kind {
        IdentifierKind::ExternalId | IdentifierKind::User => plain(text),
        IdentifierKind::Email => email(text),
        IdentifierKind::Phone => phone_number(text, region),
        IdentifierKind::Handle => platform_handle(text),
    }
}

/// As [`normal_form`], owned.
pub fn normalise(kind: IdentifierKind, text: &str, region: Option<&str>) -> Option<String> {
    normal_form(kind, text, region).map(Cow::into_owned)
}

/// A handle without its platform: lower case, no `@`.
pub fn handle(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('@').unwrap_or(text).to_lowercase()
}

fn plain(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

/// Lower case, exactly one `@`, something before it and a dot within what follows it.
fn email(text: &str) -> Option<Cow<'_, str>> {
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
    well_formed.then(|| lower_case(text))
}

fn phone_number<'a>(text: &'a str, region: Option<&str>) -> Option<Cow<'a, str>> {
    if phone::is_normal(text) {
        return Some(Cow::Borrowed(text));
    }
    match phone::normalise(text, region) {
        Some(number) => Some(Cow::Owned(number)),
        None => local_number(text),
    }
}

fn local_number(text: &str) -> Option<Cow<'_, str>> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if !LOCAL_DIGITS.contains(&digits) || !text.chars().all(phone::is_written_with) {
        return None;
    }
    if digits == text.len() {
        return Some(Cow::Borrowed(text));
    }
    Some(Cow::Owned(
        text.chars().filter(char::is_ascii_digit).collect(),
    ))
}

/// `platform:name`, such as `instagram:janesmith`.
fn platform_handle(text: &str) -> Option<Cow<'_, str>> {
    let (platform, name) = text.split_once(':')?;
    let is_normal = |part: &str| {
        !part.is_empty()
            && !part.starts_with('@')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
    };
    if is_normal(platform) && is_normal(name) {
        return Some(Cow::Borrowed(text));
    }
    let (platform, name) = (platform.trim().to_lowercase(), handle(name));
    (!platform.is_empty() && !name.is_empty()).then(|| format!("{platform}:{name}").into())
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

    /// S1-026: without a region every spelling of a local number is still one identifier.
    #[test]
    fn a_local_number_without_a_region_is_its_digits() {
        for text in ["0123456789", "012 345 6789", "(012) 345-6789"] {
            let number = normalise(IdentifierKind::Phone, text, None);
            assert_eq!(number.as_deref(), Some("0123456789"), "{text}");
        }
    }

    #[test]
    fn what_is_normal_is_borrowed() {
        use IdentifierKind::{Email, ExternalId, Handle, Phone};
        for (kind, text) in [
            (Email, "jane@example.com"),
            (Phone, "+27123456789"),
            (Handle, "instagram:janesmith"),
            (ExternalId, "opencart:67890"),
        ] {
            assert_eq!(normal_form(kind, text, None), Some(Cow::Borrowed(text)));
            assert!(
                matches!(normal_form(kind, text, None), Some(Cow::Borrowed(_))),
                "{text}"
            );
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
            (Phone, "12"),
            (Handle, "janesmith"),
            (Handle, "instagram:@"),
            (ExternalId, "  "),
        ] {
            assert_eq!(normal(kind, text), None, "{kind} {text}");
        }
    }
}
