//! How an event type is declared: its facts and its personal part as two structs, one JSON object.
//!
//! `event_data!` writes, for one type, both structs, the JSON reader (which keeps unknown members and
//! refuses duplicate ones), the JSON writer and the schema. `event_types!` writes, for the whole
//! catalogue, the type's number, name and rules, and the enum over all of them. `closed_enum!` writes
//! an enumeration whose refusals name the allowed values.

macro_rules! event_data {
    (
        $(#[$doc:meta])*
        $name:ident: $facts:ident, $personal:ident {
            facts { $( $(#[$fact_doc:meta])* $fact:ident : $fact_type:ty, )* }
            personal { $( $(#[$personal_doc:meta])* $member:ident : $member_type:ty, )* }
        }
    ) => {
        $(#[$doc])*
        pub type $name = $crate::catalogue::typed::Typed<$facts, $personal>;

        #[doc = concat!("What numbers and rules need of [`", stringify!($name), "`].")]
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $facts {
            $( $(#[$fact_doc])* pub $fact: $fact_type, )*
        }

        #[doc = concat!("What is sealed of [`", stringify!($name), "`].")]
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $personal {
            $( $(#[$personal_doc])* pub $member: $member_type, )*
            /// Members that this version does not know, as JSON text.
            pub extra: $crate::catalogue::typed::Extra,
        }

        impl $crate::catalogue::typed::EventData for $name {
            type Facts = $facts;
            type Personal = $personal;

            #[allow(unused_variables, reason = "a type without facts has nothing to check")]
            fn assert_facts_are_facts() {
                $( $crate::catalogue::typed::is_fact::<$fact_type>(); )*
            }

            fn resolve(&mut self, zone: chrono_tz::Tz) {
                use $crate::catalogue::typed::Field;
                let _ = zone;
                $( self.facts.$fact.resolve(zone); )*
                if let Some(personal) = &mut self.personal {
                    let _ = &personal;
                    $( personal.$member.resolve(zone); )*
                }
            }

            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut object = $crate::catalogue::typed::ObjectSchema::default();
                $( object.member::<$fact_type>(stringify!($fact), generator, &[$(stringify!($fact_doc)),*]); )*
                $( object.member::<$member_type>(stringify!($member), generator, &[$(stringify!($personal_doc)),*]); )*
                object.into_schema(&[$(stringify!($doc)),*])
            }

            fn from_json<'de, M: serde::de::MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {
                use serde::de::Error;
                use $crate::catalogue::typed::{ExtraMembers, Field};
                $( let mut $fact: Option<$fact_type> = None; )*
                $( let mut $member: Option<$member_type> = None; )*
                let mut extra = ExtraMembers::default();
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    match &*key {
                        $( stringify!($fact) => {
                            if $fact.is_some() {
                                return Err(M::Error::duplicate_field(stringify!($fact)));
                            }
                            $fact = Some(map.next_value()?);
                        } )*
                        $( stringify!($member) => {
                            if $member.is_some() {
                                return Err(M::Error::duplicate_field(stringify!($member)));
                            }
                            $member = Some(map.next_value()?);
                        } )*
                        _ => extra.keep(&key, map.next_value()?)?,
                    }
                }
                Ok(Self {
                    facts: $facts {
                        $( $fact: $fact.or_else(Field::absent)
                            .ok_or_else(|| M::Error::missing_field(stringify!($fact)))?, )*
                    },
                    personal: Some($personal {
                        $( $member: $member.or_else(Field::absent)
                            .ok_or_else(|| M::Error::missing_field(stringify!($member)))?, )*
                        extra: extra.finish(),
                    }),
                })
            }

            fn to_json<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                use $crate::catalogue::typed::Field;
                $( if !self.facts.$fact.is_absent() {
                    map.serialize_entry(stringify!($fact), &self.facts.$fact)?;
                } )*
                if let Some(personal) = &self.personal {
                    $( if !personal.$member.is_absent() {
                        map.serialize_entry(stringify!($member), &personal.$member)?;
                    } )*
                    personal.extra.write(map)?;
                }
                Ok(())
            }
        }
    };
}

macro_rules! closed_enum {
    ($(#[$doc:meta])* $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $text:literal, )* }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $name {
            $( $(#[$variant_doc])* #[serde(rename = $text)] $variant, )*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $( $text => Some(Self::$variant), )* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::catalogue::typed::Field for $name {}
        impl $crate::catalogue::typed::Fact for $name {}
    };
}

/// A line of the catalogue: number (for ever), variant, name, version, payload, who may send it,
/// the kind of object it is about, and which of its members name the object and the customer.
macro_rules! event_types {
    ($(
        $(#[$doc:meta])*
        $code:literal $variant:ident $name:literal $version:literal $payload:ty,
        by [$($by:ident)*], object $object:literal
        $(, key $key:ident)?
        $(, customer $customer:ident)?
        $(, whole $whole:ident)?
        ;
    )*) => {
        /// A type of the catalogue; its number stands in records for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum EventType { $( $(#[$doc])* $variant = $code, )* }

        impl EventType {
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            pub const fn code(self) -> u16 {
                self as u16
            }

            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )* _ => None }
            }

            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            pub fn parse(name: &str) -> Option<Self> {
                match name { $( $name => Some(Self::$variant), )* _ => None }
            }

            /// The newest version of its payload, which new records have.
            pub const fn version(self) -> u8 {
                match self { $( Self::$variant => $version, )* }
            }

            /// Who may bring it about.
            pub const fn senders(self) -> &'static [Sender] {
                match self { $( Self::$variant => &[ $( Sender::$by, )* ], )* }
            }

            /// The kind of object it is about; the first part of a subject made from its own key.
            pub const fn object(self) -> &'static str {
                match self { $( Self::$variant => $object, )* }
            }

            /// Whole objects (⟳): same subject, other content = new revision.
            pub const fn is_whole_object(self) -> bool {
                match self { $( Self::$variant => event_types!(@whole $($whole)?), )* }
            }
        }

        /// The payload of an event of any type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Data { $( $variant(Box<$payload>), )* }

        impl Data {
            pub const fn event_type(&self) -> EventType {
                match self { $( Self::$variant(_) => EventType::$variant, )* }
            }

            /// Reads the JSON payload of `event_type`.
            pub(crate) fn read(event_type: EventType, json: &str) -> Result<Self, Problem> {
                match event_type {
                    $( EventType::$variant =>
                        typed::read::<$payload>(json).map(|data| Self::$variant(Box::new(data))), )*
                }
            }

            /// Reads the two stored parts; `personal` is `None` once its key is destroyed.
            pub(crate) fn decode(
                event_type: EventType,
                version: u8,
                facts: &[u8],
                personal: Option<&[u8]>,
            ) -> Result<Self, postcard::Error> {
                match event_type {
                    $( EventType::$variant => typed::decode::<$payload>(version, facts, personal)
                        .map(|data| Self::$variant(Box::new(data))), )*
                }
            }

            pub(crate) fn encode_facts(&self, out: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
                match self { $( Self::$variant(data) => postcard::to_extend(&data.facts, out), )* }
            }

            pub(crate) fn encode_personal(&self, out: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
                match self {
                    $( Self::$variant(data) => match &data.personal {
                        Some(personal) => postcard::to_extend(personal, out),
                        None => Ok(out),
                    }, )*
                }
            }

            /// Makes the personal part unreadable, as after erasure.
            pub fn erase(&mut self) {
                match self { $( Self::$variant(data) => data.personal = None, )* }
            }

            /// Reads zone-less times in `zone` (C12).
            pub fn resolve(&mut self, zone: chrono_tz::Tz) {
                match self { $( Self::$variant(data) => typed::EventData::resolve(&mut **data, zone), )* }
            }

            /// The customer that the sender named.
            pub fn customer_ref(&self) -> Option<&CustomerRef> {
                match self {
                    $( Self::$variant(_data) => event_types!(@customer _data $($customer)?), )*
                }
            }

            /// The payload's own name for its object, without the kind.
            pub(crate) fn own_key(&self) -> Option<&str> {
                match self { $( Self::$variant(_data) => event_types!(@key _data $($key)?), )* }
            }

            pub(crate) fn schema_of(
                event_type: EventType,
                generator: &mut schemars::SchemaGenerator,
            ) -> schemars::Schema {
                match event_type {
                    $( EventType::$variant => <$payload as typed::EventData>::schema(generator), )*
                }
            }
        }

        impl serde::Serialize for Data {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                match self { $( Self::$variant(data) => typed::EventData::to_json(&**data, &mut map)?, )* }
                map.end()
            }
        }
    };
    (@whole) => { false };
    (@whole $whole:ident) => { true };
    (@customer $data:ident) => { None };
    (@customer $data:ident $customer:ident) => {
        $data.personal.as_ref().and_then(|personal| {
            crate::customer_ref::NamesCustomer::customer_ref(&personal.$customer)
        })
    };
    (@key $data:ident) => { None };
    (@key $data:ident $key:ident) => {
        $data.personal.as_ref().and_then(|personal| personal.$key.as_deref())
    };
}
