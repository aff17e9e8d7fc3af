//! The name of the object that an event is about, where its sender gives none.

use crate::catalogue::{Data, EventType};
use crate::envelope::Envelope;
use crate::limits::ATTRIBUTE_CHARS_MAX;
use std::borrow::Cow;

/// Between the source and the id; in the source itself it is escaped.
const SEPARATOR: char = '#';

/// What was sent; else `<object>/<own key>`, as the payload names its object; else
/// `<object>/<source>#<id>`, since an id is unique only within its source.
pub(crate) fn of(envelope: &Envelope<'_>, event_type: EventType, data: &Data) -> Box<str> {
    if let Some(subject) = &envelope.subject {
        return (&**subject).into();
    }
    let object = match data {
        Data::Custom(custom) => custom.facts.name.as_str(),
        _ => event_type.object(),
    };
    match data.own_key() {
        Some(key) => of_object(event_type, &key).into(),
        None => of_event(object, &envelope.source, &envelope.id).into(),
    }
}

/// The subject of an object with a key of its own. What is too long for a subject is
/// `<object>/##<digest>`, which no event without a key has.
fn of_object(event_type: EventType, key: &str) -> String {
    let subject = event_type.subject(key);
    match is_short(&subject) {
        true => subject,
        false => event_type.subject(&format!("{SEPARATOR}{SEPARATOR}{}", digest(&[key]))),
    }
}

fn is_short(subject: &str) -> bool {
    subject.len() <= ATTRIBUTE_CHARS_MAX || subject.chars().count() <= ATTRIBUTE_CHARS_MAX
}

/// The subject of an event of `source` that names no object. `%` and `#` in the source are
/// percent-encoded, so that the first `#` ends it; what is too long for a subject is
/// `<object>/#<digest>`, which no source can be mistaken for.
fn of_event(object: &str, source: &str, id: &str) -> String {
    let subject = format!("{object}/{}{SEPARATOR}{id}", escaped(source));
    match is_short(&subject) {
        true => subject,
        false => format!("{object}/{SEPARATOR}{}", digest(&[source, id])),
    }
}

fn escaped(source: &str) -> Cow<'_, str> {
    match source.contains(['%', SEPARATOR]) {
        true => Cow::Owned(source.replace('%', "%25").replace(SEPARATOR, "%23")),
        false => Cow::Borrowed(source),
    }
}

/// Without the tenant's key, so that a sender can compute it too.
fn digest(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("touchbook event subject v1");
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sms(source: &str, id: &str) -> String {
        of_event(EventType::SmsSent.object(), source, id)
    }

    #[test]
    fn an_event_that_names_no_object_is_one_of_its_source() {
        assert_eq!(sms("gateway", "1"), "sms/gateway#1");
        assert_eq!(
            sms("https://shop.example/eu", "a/1"),
            "sms/https://shop.example/eu#a/1"
        );
        assert_eq!(sms("50%#b", "c#%"), "sms/50%25%23b#c#%");
    }

    #[test]
    fn what_is_too_long_is_a_digest_and_what_just_fits_is_not() {
        let id = "ü".repeat(ATTRIBUTE_CHARS_MAX - "sms/s#".len());
        assert_eq!(sms("s", &id), format!("sms/s#{id}"));
        let digest = sms("s", &format!("{id}ü"));
        assert_eq!(digest.len(), "sms/#".len() + 32, "{digest}");
        assert_ne!(digest, sms("sü", &id), "the same text in other parts");
    }

    #[test]
    fn a_key_that_is_too_long_is_a_digest_and_one_that_just_fits_is_not() {
        let mail = |key: &str| of_object(EventType::EmailReceived, key);
        let key = "ü".repeat(ATTRIBUTE_CHARS_MAX - "email/".len());
        assert_eq!(mail(&key), format!("email/{key}"));
        let longer = format!("{key}ü");
        let digest = mail(&longer);
        assert_eq!(digest.len(), "email/##".len() + 32, "{digest}");
        assert_eq!(digest, mail(&longer), "the same key is the same object");
        assert_ne!(digest, mail(&format!("{key}u")));
    }

    /// Text in which separators, escapes and what looks like them are frequent, of any length.
    fn attribute() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ab#%/:]{1,6}",
            "(a|#|%|%23|%25|%2523|/){1,4}",
            "[a#%é]{240,500}",
            any::<String>().prop_filter("an attribute is not empty", |text| !text.is_empty()),
        ]
    }

    proptest! {
        #[test]
        fn different_events_have_different_subjects(
            one in (attribute(), attribute()),
            other in (attribute(), attribute()),
        ) {
            prop_assert_eq!(one == other, sms(&one.0, &one.1) == sms(&other.0, &other.1));
        }

        /// Cut anywhere else, the same characters are another event.
        #[test]
        fn a_character_moved_from_source_to_id_makes_another_subject(
            source in attribute(),
            id in attribute(),
        ) {
            let mut shorter = source.clone();
            let moved = shorter.pop().expect("it is not empty");
            prop_assert_ne!(sms(&source, &id), sms(&shorter, &format!("{moved}{id}")));
        }

        #[test]
        fn a_made_subject_may_be_sent_as_one(source in attribute(), id in attribute()) {
            let subject = sms(&source, &id);
            prop_assert!(subject.chars().count() <= ATTRIBUTE_CHARS_MAX);
        }
    }
}
