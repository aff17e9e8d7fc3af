//! The envelope as sent: CloudEvents 1.0 in JSON.

use crate::catalogue::typed::Duplicate;
use crate::held::SCHEMA_HELD;
use crate::limits::{
    ATTRIBUTE_CHARS_MAX, EVENT_BYTES_MAX, EXTENSION_BYTES_MAX, RAW_PAYLOAD_BYTES_MAX,
    SENDER_BYTES_MAX,
};
use crate::problem::Problem;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Attributes that Touchbook sets itself; a sender's own values are ignored.
const OURS: &[&str] = &[
    "authtype",
    "authid",
    "correlationid",
    "causationid",
    "position",
    "recorded_at",
    SCHEMA_HELD,
];

/// The extension attribute by which an event counts only while its object is as it was then.
pub(crate) const EXPECTED_POSITION: &str = "expectedposition";

/// The extension attribute in which an event carries what it was made of, byte for byte: text, or
/// `{"hex": …}` where it is none.
pub const RAW_PAYLOAD: &str = "rawpayload";

/// One event as it was sent, its payload still text.
#[derive(Debug, Default)]
pub struct Envelope<'a> {
    pub id: Cow<'a, str>,
    pub source: Cow<'a, str>,
    pub event_type: Cow<'a, str>,
    pub time: Option<Cow<'a, str>>,
    pub subject: Option<Cow<'a, str>>,
    pub dataschema: Option<Cow<'a, str>>,
    pub tenant: Option<Cow<'a, str>>,
    pub traceparent: Option<Cow<'a, str>>,
    pub data: Option<&'a RawValue>,
    /// Set by the service that published it; believed only on the commands side.
    pub authtype: Option<Cow<'a, str>>,
    pub authid: Option<Cow<'a, str>>,
    /// The position up to which the sender knows the object; `expectedposition` in digits.
    pub expected_position: Option<u64>,
    /// What the service found before it published it; believed only on the commands side.
    pub held: Option<&'a RawValue>,
    /// Extension attributes that are not known, kept and returned.
    pub extensions: BTreeMap<String, &'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// # Errors
    /// `unreadable` for what is no JSON, else the attribute at fault.
    pub fn parse(json: &'a str) -> Result<Self, Problem> {
        if json.len() > EVENT_BYTES_MAX + RAW_PAYLOAD_BYTES_MAX + SENDER_BYTES_MAX {
            return Err(too_large(json.len()));
        }
        let envelope: Self = match serde_json::from_str(json) {
            Ok(envelope) => envelope,
            Err(_) if json.len() > EVENT_BYTES_MAX => return Err(too_large(json.len())),
            Err(error) => return Err(fault(json, &error)),
        };
        let bytes = envelope.sent_bytes(json);
        if bytes > EVENT_BYTES_MAX {
            return Err(too_large(bytes));
        }
        envelope.check()?;
        Ok(envelope)
    }

    /// How large the event is that `json`, which this was read from, holds: without what the
    /// service adds where it publishes one. What a producer publishes is as large as it is.
    pub fn sent_bytes(&self, json: &str) -> usize {
        if json.len() <= EVENT_BYTES_MAX {
            return json.len();
        }
        json.len() - self.raw_payload_bytes() - self.sender_bytes().min(SENDER_BYTES_MAX)
    }

    /// Of the attributes that say whose the event is and who sent it, as they are published.
    fn sender_bytes(&self) -> usize {
        let attributes = [
            ("tenantid", &self.tenant),
            ("authtype", &self.authtype),
            ("authid", &self.authid),
        ];
        let bytes = |(name, value): (&str, &Option<Cow<'_, str>>)| {
            let value = serde_json::to_string(value.as_ref()?).ok()?;
            Some(name.len() + value.len() + MEMBER_BYTES)
        };
        // A position that was sent as a number is published as text.
        let is_published = self.authtype.is_some() && self.expected_position.is_some();
        let quotes = if is_published { 2 } else { 0 };
        attributes.into_iter().filter_map(bytes).sum::<usize>() + quotes
    }

    fn raw_payload_bytes(&self) -> usize {
        let raw = self.extensions.get(RAW_PAYLOAD);
        raw.map_or(0, |raw| raw.get().len())
    }

    fn check(&self) -> Result<(), Problem> {
        for (pointer, value) in [
            ("/id", Some(&self.id)),
            ("/source", Some(&self.source)),
            ("/subject", self.subject.as_ref()),
        ] {
            let Some(value) = value else { continue };
            if value.is_empty() {
                return Err(Problem::invalid(pointer, "must not be empty"));
            }
            if value.len() > ATTRIBUTE_CHARS_MAX && value.chars().count() > ATTRIBUTE_CHARS_MAX {
                let detail = format!("at most {ATTRIBUTE_CHARS_MAX} characters are allowed");
                return Err(Problem::invalid(pointer, detail));
            }
        }
        let raw_bytes = self.raw_payload_bytes();
        if raw_bytes > RAW_PAYLOAD_BYTES_MAX {
            let detail =
                format!("takes {raw_bytes} bytes, at most {RAW_PAYLOAD_BYTES_MAX} are allowed");
            return Err(Problem::invalid(format!("/{RAW_PAYLOAD}"), detail));
        }
        let extension_bytes: usize = self
            .extensions
            .iter()
            .filter(|(name, _)| *name != RAW_PAYLOAD)
            .map(|(name, value)| name.len() + value.get().len())
            .sum();
        if extension_bytes > EXTENSION_BYTES_MAX {
            let detail = format!(
                "extension attributes take {extension_bytes} bytes, at most {EXTENSION_BYTES_MAX} are allowed"
            );
            return Err(Problem::invalid("", detail));
        }
        Ok(())
    }
}

/// What is wrong with a text that is no envelope: a second pass finds the place of a wrong member,
/// and nothing wrong where something follows the event.
fn fault(json: &str, error: &serde_json::Error) -> Problem {
    let mut reader = serde_json::Deserializer::from_str(json);
    match serde_path_to_error::deserialize::<_, Envelope<'_>>(&mut reader) {
        Ok(_) => Problem::not_json(json.as_bytes(), error),
        Err(error) => Problem::from_path_error(json.as_bytes(), &error),
    }
}

/// A member's comma and colon, and the quotes of its name.
const MEMBER_BYTES: usize = 4;

pub(crate) fn too_large(bytes: usize) -> Problem {
    let detail = format!("the event has {bytes} bytes, at most {EVENT_BYTES_MAX} are allowed");
    Problem::new("event_too_large", "", detail)
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvents object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Envelope<'de>, M::Error> {
        let mut envelope = Envelope::default();
        let mut seen = Seen::default();
        let mut specversion: Option<Text<'de>> = None;
        while let Some(Text(key)) = map.next_key()? {
            let slot = match &*key {
                "specversion" => {
                    seen.once(0, &mut map)?;
                    specversion = Some(map.next_value()?);
                    continue;
                }
                "id" => {
                    seen.once(1, &mut map)?;
                    envelope.id = map.next_value::<Text<'de>>()?.0;
                    continue;
                }
                "source" => {
                    seen.once(2, &mut map)?;
                    envelope.source = map.next_value::<Text<'de>>()?.0;
                    continue;
                }
                "type" => {
                    seen.once(3, &mut map)?;
                    envelope.event_type = map.next_value::<Text<'de>>()?.0;
                    continue;
                }
                "data" => {
                    seen.once(4, &mut map)?;
                    envelope.data = Some(map.next_value()?);
                    continue;
                }
                "time" => seen.once(5, &mut map).map(|()| &mut envelope.time)?,
                "subject" => seen.once(6, &mut map).map(|()| &mut envelope.subject)?,
                "dataschema" => seen.once(7, &mut map).map(|()| &mut envelope.dataschema)?,
                "tenantid" => seen.once(8, &mut map).map(|()| &mut envelope.tenant)?,
                "traceparent" => seen.once(9, &mut map).map(|()| &mut envelope.traceparent)?,
                "authtype" => seen.once(10, &mut map).map(|()| &mut envelope.authtype)?,
                "authid" => seen.once(11, &mut map).map(|()| &mut envelope.authid)?,
                "datacontenttype" => {
                    seen.once(12, &mut map)?;
                    json_content::<M::Error>(&map.next_value::<Text<'de>>()?.0)?;
                    continue;
                }
                EXPECTED_POSITION => {
                    seen.once(13, &mut map)?;
                    envelope.expected_position =
                        map.next_value::<Option<Position>>()?.map(|at| at.0);
                    continue;
                }
                other if OURS.contains(&other) => {
                    let ours: &RawValue = map.next_value()?;
                    envelope.held = (other == SCHEMA_HELD).then_some(ours).or(envelope.held);
                    continue;
                }
                _ => {
                    if envelope.extensions.contains_key(&*key) {
                        map.next_value::<Duplicate>()?;
                    }
                    envelope
                        .extensions
                        .insert(key.to_string(), map.next_value()?);
                    continue;
                }
            };
            *slot = map.next_value::<Option<Text<'de>>>()?.map(|text| text.0);
        }
        seen.required(specversion.as_ref().map(|version| &*version.0))?;
        Ok(envelope)
    }
}

/// Text borrowed from the input where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// In digits, since an integer of CloudEvents has 31 bits; a number is taken too.
struct Position(u64);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let digits = json
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let digits = digits.unwrap_or(json);
        let position = match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => digits.parse().ok(),
            false => None,
        };
        let unusable = || serde::de::Error::custom("a position in digits is expected");
        position.map(Self).ok_or_else(unusable)
    }
}

#[derive(Default)]
struct Seen(u16);

impl Seen {
    fn once<'de, M: MapAccess<'de>>(&mut self, bit: u16, map: &mut M) -> Result<(), M::Error> {
        if self.0 & (1 << bit) != 0 {
            map.next_value::<Duplicate>()?;
        }
        self.0 |= 1 << bit;
        Ok(())
    }

    fn required<E: serde::de::Error>(&self, specversion: Option<&str>) -> Result<(), E> {
        for (bit, name) in [(0, "specversion"), (1, "id"), (2, "source"), (3, "type")] {
            if self.0 & (1 << bit) == 0 {
                return Err(E::missing_field(name));
            }
        }
        if specversion != Some("1.0") {
            return Err(E::custom("`specversion` must be `1.0`"));
        }
        Ok(())
    }
}

fn json_content<E: serde::de::Error>(content_type: &str) -> Result<(), E> {
    if content_type.starts_with("application/json") || content_type.contains("+json") {
        return Ok(());
    }
    Err(E::custom("`datacontenttype` must be `application/json`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::{Incoming, Principal, PrincipalKind};

    const COMPLETE: &str = r#"{"specversion":"1.0","id":"1","source":"shop","type":"sms.sent"}"#;

    /// An event of so many bytes.
    fn sized(bytes: usize) -> String {
        let event = |body: &str| {
            format!(
                r#"{{"specversion":"1.0","id":"1","source":"shop","type":"sms.sent","expectedposition":12,"data":{{"body":"{body}"}}}}"#
            )
        };
        event(&"x".repeat(bytes - event("").len()))
    }

    #[test]
    fn an_event_is_as_large_as_it_was_sent_whoever_sent_it() {
        let largest = sized(EVENT_BYTES_MAX);
        let envelope = Envelope::parse(&largest).unwrap();
        let principal = Principal {
            kind: PrincipalKind::User,
            id: Some(r#"a"\"#.into()),
        };
        let published = Incoming::republish(&envelope, &principal, "acme");
        assert!(published.len() > EVENT_BYTES_MAX);
        let again = Envelope::parse(&published).unwrap();
        assert_eq!(again.sent_bytes(&published), EVENT_BYTES_MAX);
        let larger = Envelope::parse(&sized(EVENT_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(larger.code, "event_too_large");
    }

    #[test]
    fn nobody_makes_room_by_saying_who_they_are_at_length() {
        let padded = |bytes: usize| {
            let authid = format!(r#","authid":"{}"}}"#, "x".repeat(bytes));
            sized(EVENT_BYTES_MAX).strip_suffix('}').unwrap().to_owned() + &authid
        };
        assert!(Envelope::parse(&padded(SENDER_BYTES_MAX - 100)).is_ok());
        let larger = Envelope::parse(&padded(SENDER_BYTES_MAX)).unwrap_err();
        assert_eq!(larger.code, "event_too_large");
    }

    #[test]
    fn attributes_of_ours_are_ignored_and_unknown_ones_kept() {
        let envelope = Envelope::parse(
            r#"{"specversion":"1.0","id":"1","source":"shop","type":"sms.sent","position":9,
                "partitionkey":"x","tenantid":"acme","data":{"body":"hi"}}"#,
        )
        .unwrap();
        assert_eq!(envelope.event_type, "sms.sent");
        assert_eq!(envelope.tenant.as_deref(), Some("acme"));
        assert_eq!(
            envelope.extensions.keys().collect::<Vec<_>>(),
            ["partitionkey"]
        );
    }

    #[test]
    fn an_expected_position_is_digits_or_a_number() {
        let parse = |value: &str| {
            let json = format!(
                r#"{{"specversion":"1.0","id":"1","source":"s","type":"t","expectedposition":{value}}}"#
            );
            Envelope::parse(&json).map(|envelope| envelope.expected_position)
        };
        for (value, want) in [
            ("\"12\"", Some(12)),
            ("12", Some(12)),
            ("\"18446744073709551615\"", Some(u64::MAX)),
            ("null", None),
        ] {
            assert_eq!(parse(value), Ok(want), "{value}");
        }
        for value in [
            "\"\"",
            "\"+1\"",
            "\"1.5\"",
            "-1",
            "1.5",
            "true",
            "[1]",
            "\"18446744073709551616\"",
        ] {
            let problem = parse(value).unwrap_err();
            assert_eq!(problem.pointer, "/expectedposition", "{value}: {problem}");
        }
    }

    #[test]
    fn what_is_missing_or_double_is_named() {
        let problem = Envelope::parse(r#"{"specversion":"1.0","id":"1","type":"t"}"#).unwrap_err();
        assert!(problem.detail.contains("`source`"), "{problem}");
        let twice = r#"{"specversion":"1.0","id":"1","id":"2","source":"s","type":"t"}"#;
        let problem = Envelope::parse(twice).unwrap_err();
        assert_eq!(problem.pointer, "/id", "{problem}");
        let old = r#"{"specversion":"0.3","id":"1","source":"s","type":"t"}"#;
        assert!(
            Envelope::parse(old)
                .unwrap_err()
                .detail
                .contains("specversion")
        );
        for unreadable in [
            "{".to_owned(),
            format!("{COMPLETE}{COMPLETE}"),
            format!("{COMPLETE}]"),
        ] {
            assert!(
                Envelope::parse(&unreadable).unwrap_err().is_unreadable(),
                "{unreadable}"
            );
        }
        assert!(Envelope::parse(&format!(" {COMPLETE}\n")).is_ok());
        let empty = r#"{"specversion":"1.0","id":"","source":"s","type":"t"}"#;
        assert_eq!(Envelope::parse(empty).unwrap_err().pointer, "/id");
        let number = r#"{"specversion":"1.0","id":1,"source":"s","type":"t"}"#;
        assert_eq!(Envelope::parse(number).unwrap_err().pointer, "/id");
    }
}
