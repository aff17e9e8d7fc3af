//! How an event type is declared: its facts and its personal part as two structs, one JSON object.
//!
//! `event_data!` writes, for one type, both structs, the JSON reader (which keeps unknown members and
//! refuses duplicate ones), the JSON writer and the schema. `event_types!` writes, for the whole
//! catalogue, the type's number, name and rules, and the enum over all of them. `closed_enum!` writes
//! an enumeration whose refusals name the allowed values.

/// A member's name in JSON: its own, or the one after `as` where that is a word of Rust.
macro_rules! member_name {
    ($member:ident) => {
        stringify!($member)
    };
    ($member:ident $name:literal) => {
        $name
    };
}

macro_rules! event_data {
    (
        $(#[$doc:meta])*
        $name:ident: $facts:ident, $personal:ident {
            facts { $(
                $(#[$fact_doc:meta])* $fact:ident $(as $fact_name:literal)? : $fact_type:ty,
            )* }
            personal { $(
                $(#[$personal_doc:meta])* $member:ident $(as $member_name:literal)? : $member_type:ty,
            )* }
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
                $( object.member::<$fact_type>(
                    member_name!($fact $($fact_name)?), generator, &[$(stringify!($fact_doc)),*],
                ); )*
                $( object.member::<$member_type>(
                    member_name!($member $($member_name)?), generator, &[$(stringify!($personal_doc)),*],
                ); )*
                object.into_schema(&[$(stringify!($doc)),*])
            }

            fn from_json<'de, M: serde::de::MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {
                use serde::de::Error;
                use $crate::catalogue::typed::{ExtraMembers, Field};
                $( let mut $fact: Option<$fact_type> = None; )*
                $( let mut $member: Option<$member_type> = None; )*
                let mut extra = ExtraMembers::default();
                while let Some(key) = map.next_key::<$crate::catalogue::typed::Key<'de>>()? {
                    match key.as_str() {
                        $( member_name!($fact $($fact_name)?) => {
                            if $fact.is_some() {
                                return Err(M::Error::duplicate_field(member_name!($fact $($fact_name)?)));
                            }
                            $fact = Some(map.next_value()?);
                        } )*
                        $( member_name!($member $($member_name)?) => {
                            if $member.is_some() {
                                return Err(M::Error::duplicate_field(member_name!($member $($member_name)?)));
                            }
                            $member = Some(map.next_value()?);
                        } )*
                        _ => extra.keep(key.as_str(), map.next_value()?)?,
                    }
                }
                Ok(Self {
                    facts: $facts {
                        $( $fact: $fact.or_else(Field::absent)
                            .ok_or_else(|| M::Error::missing_field(member_name!($fact $($fact_name)?)))?, )*
                    },
                    personal: Some($personal {
                        $( $member: $member.or_else(Field::absent)
                            .ok_or_else(|| M::Error::missing_field(member_name!($member $($member_name)?)))?, )*
                        extra: extra.finish(),
                    }),
                })
            }

            fn to_json<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                use $crate::catalogue::typed::Field;
                $( if !self.facts.$fact.is_absent() {
                    map.serialize_entry(member_name!($fact $($fact_name)?), &self.facts.$fact)?;
                } )*
                if let Some(personal) = &self.personal {
                    $( if !personal.$member.is_absent() {
                        map.serialize_entry(member_name!($member $($member_name)?), &personal.$member)?;
                    } )*
                    personal.extra.write(map)?;
                }
                Ok(())
            }
        }
    };
}

/// An object within a payload: absent members are left out in JSON and take a byte in records,
/// unknown ones are refused by name. It is a fact when all of its members are.
macro_rules! event_object {
    (
        $(#[$doc:meta])*
        $kind:ident $name:ident {
            $( $(#[$member_doc:meta])* $member:ident $(as $member_name:literal)? : $type:ty, )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[$member_doc])* pub $member: $type, )*
        }

        impl $crate::catalogue::typed::Field for $name {
            fn resolve(&mut self, zone: chrono_tz::Tz) {
                $( self.$member.resolve(zone); )*
            }
        }
        event_object!(@fact $kind $name $($type)*);

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                use $crate::catalogue::typed::Field;
                let everything = !serializer.is_human_readable();
                let count = [$(stringify!($member)),*].len();
                let mut object = serializer.serialize_struct(stringify!($name), count)?;
                $( if everything || !self.$member.is_absent() {
                    object.serialize_field(member_name!($member $($member_name)?), &self.$member)?;
                } )*
                object.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::Error;
                use $crate::catalogue::typed::{Field, Key};
                const MEMBERS: &[&str] = &[ $( member_name!($member $($member_name)?) ),* ];

                struct Reader;

                impl<'de> serde::de::Visitor<'de> for Reader {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(
                        self,
                        mut members: A,
                    ) -> Result<$name, A::Error> {
                        Ok($name {
                            $( $member: members.next_element()?
                                .ok_or_else(|| A::Error::custom("an object ends early"))?, )*
                        })
                    }

                    fn visit_map<M: serde::de::MapAccess<'de>>(
                        self,
                        mut map: M,
                    ) -> Result<$name, M::Error> {
                        $( let mut $member: Option<$type> = None; )*
                        while let Some(key) = map.next_key::<Key<'de>>()? {
                            match key.as_str() {
                                $( member_name!($member $($member_name)?) => {
                                    if $member.is_some() {
                                        return Err(M::Error::duplicate_field(
                                            member_name!($member $($member_name)?),
                                        ));
                                    }
                                    $member = Some(map.next_value()?);
                                } )*
                                other => return Err(M::Error::unknown_field(other, MEMBERS)),
                            }
                        }
                        Ok($name {
                            $( $member: $member.or_else(Field::absent).ok_or_else(|| {
                                M::Error::missing_field(member_name!($member $($member_name)?))
                            })?, )*
                        })
                    }
                }
                if deserializer.is_human_readable() {
                    deserializer.deserialize_map(Reader)
                } else {
                    deserializer.deserialize_tuple(MEMBERS.len(), Reader)
                }
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut object = $crate::catalogue::typed::ObjectSchema::default();
                $( object.member::<$type>(
                    member_name!($member $($member_name)?), generator, &[$(stringify!($member_doc)),*],
                ); )*
                object.into_closed_schema(&[$(stringify!($doc)),*])
            }
        }
    };
    (@fact fact $name:ident $($type:ty)*) => {
        impl $crate::catalogue::typed::Fact for $name {
            fn assert_members() {
                $( $crate::catalogue::typed::is_fact::<$type>(); )*
            }
        }
    };
    (@fact personal $name:ident $($type:ty)*) => {};
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
/// the kind of object it is about, which of its members name the object and the customer, the method
/// that yields the object's other names, the members that place and date a whole object, and the
/// method that settles members which depend on each other.
macro_rules! event_types {
    ($(
        $(#[$doc:meta])*
        $code:literal $variant:ident $name:literal $version:literal $payload:ty,
        by [$($by:ident)*], object $object:literal
        $(, key $key_part:ident $key:ident)?
        $(, customer $customer:ident)?
        $(, aliases $aliases:ident)?
        $(, placed $placed:ident)?
        $(, changed $changed:ident)?
        $(, settle $settle:ident)?
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

            /// The subject of the object that goes by `name`, such as `call/CA9f…`.
            pub fn subject(self, name: &str) -> String {
                format!("{}/{name}", self.object())
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
            pub(crate) fn own_key(&self) -> Option<std::borrow::Cow<'_, str>> {
                match self {
                    $( Self::$variant(_data) => event_types!(@key _data $($key_part $key)?), )*
                }
            }

            /// Other names of its object, without the kind; [`EventType::subject`] makes subjects of
            /// them.
            pub fn aliases(&self) -> impl Iterator<Item = &str> {
                let aliases: [Option<&str>; crate::limits::ALIASES_MAX] = match self {
                    $( Self::$variant(_data) => event_types!(@aliases _data $($aliases)?), )*
                };
                aliases.into_iter().flatten()
            }

            /// When a whole object came to be: the place of its entry.
            pub fn placed_at(&self) -> Option<crate::time::Timestamp> {
                match self { $( Self::$variant(_data) => event_types!(@at _data $($placed)?), )* }
            }

            /// When a whole object changed: an older revision does not become current.
            pub fn changed_at(&self) -> Option<crate::time::Timestamp> {
                match self { $( Self::$variant(_data) => event_types!(@at _data $($changed)?), )* }
            }

            /// Fills what follows from other members, and refuses what contradicts them.
            pub(crate) fn settle(&mut self) -> Result<(), Problem> {
                match self { $( Self::$variant(_data) => event_types!(@settle _data $($settle)?), )* }
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
    (@key $data:ident by $method:ident) => { $data.$method() };
    (@key $data:ident facts $key:ident) => { typed::AsKey::as_key(&$data.facts.$key) };
    (@key $data:ident personal $key:ident) => {
        $data.personal.as_ref().and_then(|personal| typed::AsKey::as_key(&personal.$key))
    };
    (@aliases $data:ident) => { [None; crate::limits::ALIASES_MAX] };
    (@aliases $data:ident $method:ident) => { $data.$method() };
    (@at $data:ident) => { None };
    (@at $data:ident $member:ident) => {
        $data.facts.$member.value().map(|moment| moment.at())
    };
    (@settle $data:ident) => { Ok(()) };
    (@settle $data:ident $method:ident) => { $data.$method() };
}
