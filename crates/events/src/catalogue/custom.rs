//! Types that a tenant registers: their names, what an event of one becomes, and the mapping.
//!
//! All of them are one type here. What the registration in force makes of an event is decided once
//! and stands in its record; the payload is kept as it was sent.

mod mapping;

pub(crate) use mapping::stored_mapping;
pub use mapping::{CustomerMapping, CustomerPointers, TypeMapping};

use super::call::Direction;
use super::sentiment::SentimentLabel;
use super::typed::{EventData, Extra, ExtraMembers, Field, Key, ObjectSchema, Typed, is_fact};
use crate::catalogue::EventType;
use crate::customer_ref::CustomerRef;
use crate::problem::Problem;
use crate::score::Sentiment;
use crate::text::{Code, Text, Title, Word};
use serde::de::MapAccess;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize};

closed_enum!(
    /// What an entry of a registered type counts as: a call, an e-mail or an SMS of an agent, or a
    /// contact on a channel. With none, or `manual`, it is an entry and no more.
    CountsAs {
        Call = "call",
        Email = "email",
        Sms = "sms",
        Chat = "chat",
        Social = "social",
        Manual = "manual",
    }
);

/// An event of a registered type.
pub type Custom = Typed<CustomFacts, CustomPersonal>;

/// What numbers and rules need of [`Custom`]: decided by its registration, all but the name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomFacts {
    /// The type's own.
    pub name: TypeName,
    /// The type's version. Until it is decided: the one that its sender named, or 0 for the newest.
    pub version: u32,
    /// What its entry is shown and filtered as.
    pub source: Word,
    pub counts_as: Option<CountsAs>,
    pub direction: Option<Direction>,
    pub score: Option<Sentiment>,
    pub label: Option<SentimentLabel>,
}

/// What is sealed of [`Custom`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomPersonal {
    pub customer: Option<CustomerRef>,
    pub title: Option<Title>,
    pub preview: Option<Text<500>>,
    /// The payload as it was sent.
    pub payload: Extra,
}

pub type TypeName = Code<NAME_CHARS_MAX>;

const NAME_CHARS_MAX: usize = 100;

/// First parts of names that are ours, besides those of the catalogue.
const RESERVED: &[&str] = &["touchbook"];

/// Whether a tenant may register a type of this name, such as `shop.visit`.
///
/// It has two parts at least, with dots between, of `a` to `z`, digits and `_`, each beginning with
/// a letter. The first part is none that a type of the catalogue begins with.
pub fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let Some((first, _)) = name.split_once('.') else {
        return false;
    };
    name.len() <= NAME_CHARS_MAX && name.split('.').all(is_part) && !is_reserved(first)
}

fn is_reserved(first: &str) -> bool {
    let begins_so = |known: &EventType| known.as_str().split('.').next() == Some(first);
    RESERVED.contains(&first) || EventType::ALL.iter().any(begins_so)
}

/// Where the schema of a version of a registered type is answered; what `dataschema` names.
pub fn schema_path(name: &str, version: u32) -> String {
    format!("/schemas/events/{name}/{version}")
}

/// The version that a `dataschema` names, which must be one of the type `name`.
pub(crate) fn version_named(name: &str, dataschema: &str) -> Result<u32, Problem> {
    let version = dataschema
        .rsplit_once('/')
        .and_then(|(_, version)| version.parse().ok())
        .filter(|version| *version > 0 && dataschema.ends_with(&schema_path(name, *version)));
    version.ok_or_else(|| {
        Problem::invalid("/dataschema", format!("`{dataschema}` is not known"))
            .allowing([schema_path(name, 1)])
    })
}

impl Custom {
    /// Takes what the envelope says of the type.
    pub(crate) fn named(&mut self, name: &str, dataschema: Option<&str>) -> Result<(), Problem> {
        let of_name = |error: crate::text::TooLong| Problem::invalid("/type", error.to_string());
        self.facts.name = TypeName::new(name).map_err(of_name)?;
        self.facts.version = match dataschema {
            Some(dataschema) => version_named(name, dataschema)?,
            None => 0,
        };
        Ok(())
    }

    /// The payload as JSON text; `None` once erased.
    pub fn payload(&self) -> Option<&str> {
        let personal = self.personal.as_ref()?;
        Some(personal.payload.as_str().unwrap_or("{}"))
    }
}

/// Its JSON is the payload alone, in both directions.
impl EventData for Custom {
    type Facts = CustomFacts;
    type Personal = CustomPersonal;

    fn assert_facts_are_facts() {
        is_fact::<TypeName>();
        is_fact::<u32>();
        is_fact::<Word>();
        is_fact::<Option<CountsAs>>();
        is_fact::<Option<Direction>>();
        is_fact::<Option<Sentiment>>();
        is_fact::<Option<SentimentLabel>>();
    }

    fn resolve(&mut self, zone: chrono_tz::Tz) {
        if let Some(personal) = &mut self.personal {
            personal.customer.resolve(zone);
        }
    }

    fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        ObjectSchema::default().into_schema(&[
            "doc = r\" An event of a type that the tenant registered, whose own schema is at\"",
            "doc = r\" `/schemas/events/<type>/<version>`.\"",
        ])
    }

    fn from_json<'de, M: MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {
        let mut payload = ExtraMembers::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            payload.keep(key.as_str(), &mut map)?;
        }
        Ok(Self {
            facts: CustomFacts {
                name: Code::clipped(""),
                version: 0,
                source: Code::clipped(""),
                counts_as: None,
                direction: None,
                score: None,
                label: None,
            },
            personal: Some(CustomPersonal {
                customer: None,
                title: None,
                preview: None,
                payload: payload.finish(),
            }),
        })
    }

    fn to_json<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match &self.personal {
            Some(personal) => personal.payload.write(map),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_parts_and_begins_like_none_of_ours() {
        for name in ["shop.visit", "a.b.c", "x1.y_2", "visit.logged"] {
            assert!(is_name(name), "{name}");
        }
        let long = format!("shop.{}", "x".repeat(NAME_CHARS_MAX));
        for name in [
            "",
            "shop",
            ".visit",
            "shop.",
            "shop..visit",
            "Shop.visit",
            "shop.1st",
            "shop.vi-sit",
            "shop.*",
            "shop.visit ",
            "order.visited",
            "event_type.x",
            "dead_letter.x",
            "custom.x",
            "touchbook.x",
            &long,
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_dataschema_names_a_version_of_its_type() {
        let named = |schema| version_named("shop.visit", schema).ok();
        assert_eq!(named("/schemas/events/shop.visit/2"), Some(2));
        let whole = "https://book.example/schemas/events/shop.visit/12";
        assert_eq!(named(whole), Some(12));
        for schema in [
            "/schemas/events/shop.visit/0",
            "/schemas/events/shop.visit/02",
            "/schemas/events/shop.visit/+2",
            "/schemas/events/shop.visit/",
            "/schemas/events/shop.other/1",
            "shop.visit/1",
        ] {
            assert_eq!(named(schema), None, "{schema}");
        }
    }
}
