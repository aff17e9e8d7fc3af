//! How an event type is declared.
//!
//! `event_data!` writes, for one type, two structs, the JSON reader (which keeps unknown members
//! and refuses duplicate ones), the JSON writer and the schema; `event_object!` does so for an
//! object within a payload. `event_types!` writes, for the whole catalogue, the type's number, name
//! and rules, and the enum over all of them. `closed_enum!` writes an enumeration whose refusals
//! name the allowed values.

#[macro_use]
mod event_data;
#[macro_use]
mod event_object;
#[macro_use]
mod event_types;

macro_rules! closed_enum {
    (
        $(#[$doc:meta])*
        $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $text:literal, )* }
    ) => {
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
