//! The catalogue as a table, and the enum over all payloads.

/// A line of the catalogue: number (for ever), variant, name, version, payload, who may send it,
/// the kind of object it is about, which of its members name the object and the customer, the
/// method that yields the object's other names, the members that place and date a whole object, and
/// the method that settles members which depend on each other.
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

            /// One whole event of the type in JSON, as its schema and its fixture have it.
            pub const fn example(self) -> &'static str {
                match self {
                    $( Self::$variant => include_str!(concat!("../examples/", $name, ".json")), )*
                }
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
                let added = event_type.version().saturating_sub(version);
                match event_type {
                    $( EventType::$variant => typed::decode::<$payload>(added, facts, personal)
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
                match self {
                    $( Self::$variant(data) => typed::EventData::resolve(&mut **data, zone), )*
                }
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

            /// Refuses a blank name, which all objects without one would share.
            pub(crate) fn check_own_key(&self) -> Result<(), Problem> {
                match self {
                    $( Self::$variant(_data) => event_types!(@named _data $($key_part $key)?), )*
                }
            }

            /// Other names of its object, without the kind; [`EventType::subject`] makes subjects
            /// of them.
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

            /// When a whole object says that it came to be and changed, with the members' names.
            pub fn own_times(
                &self,
            ) -> impl Iterator<Item = (&'static str, crate::time::Timestamp)> {
                let times = match self {
                    $( Self::$variant(_data) => [
                        event_types!(@named_at _data $($placed)?),
                        event_types!(@named_at _data $($changed)?),
                    ], )*
                };
                times.into_iter().flatten()
            }

            /// Fills what follows from other members, and refuses what contradicts them.
            pub(crate) fn settle(&mut self) -> Result<(), Problem> {
                match self {
                    $( Self::$variant(_data) => event_types!(@settle _data $($settle)?), )*
                }
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
                match self {
                    $( Self::$variant(data) => typed::EventData::to_json(&**data, &mut map)?, )*
                }
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
    (@named $data:ident) => { Ok(()) };
    (@named $data:ident by $method:ident) => { $data.check_names() };
    (@named $data:ident facts $key:ident) => {
        typed::not_blank(&$data.facts.$key, concat!("/", stringify!($key)))
    };
    (@named $data:ident personal $key:ident) => {
        match &$data.personal {
            Some(personal) => typed::not_blank(&personal.$key, concat!("/", stringify!($key))),
            None => Ok(()),
        }
    };
    (@aliases $data:ident) => { [None; crate::limits::ALIASES_MAX] };
    (@aliases $data:ident $method:ident) => { $data.$method() };
    (@at $data:ident) => { None };
    (@at $data:ident $member:ident) => {
        $data.facts.$member.value().map(|moment| moment.at())
    };
    (@named_at $data:ident) => { None };
    (@named_at $data:ident $member:ident) => {
        $data.facts.$member.value().map(|moment| (stringify!($member), moment.at()))
    };
    (@settle $data:ident) => { Ok(()) };
    (@settle $data:ident $method:ident) => { $data.$method() };
}
