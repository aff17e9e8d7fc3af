//! A type of event: its facts and its personal part as two structs, one JSON object.

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
                $(#[$personal_doc:meta])*
                $member:ident $(as $member_name:literal)? : $member_type:ty,
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
                    member_name!($member $($member_name)?),
                    generator,
                    &[$(stringify!($personal_doc)),*],
                ); )*
                object.into_schema(&[$(stringify!($doc)),*])
            }

            fn from_json<'de, M: serde::de::MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {
                use serde::de::Error;
                use $crate::catalogue::typed::{Duplicate, ExtraMembers, Field};
                $( let mut $fact: Option<$fact_type> = None; )*
                $( let mut $member: Option<$member_type> = None; )*
                let mut extra = ExtraMembers::default();
                while let Some(key) = map.next_key::<$crate::catalogue::typed::Key<'de>>()? {
                    match key.as_str() {
                        $( member_name!($fact $($fact_name)?) => {
                            if $fact.is_some() {
                                map.next_value::<Duplicate>()?;
                            }
                            $fact = Some(map.next_value()?);
                        } )*
                        $( member_name!($member $($member_name)?) => {
                            if $member.is_some() {
                                map.next_value::<Duplicate>()?;
                            }
                            $member = Some(map.next_value()?);
                        } )*
                        name => extra.keep(name, &mut map)?,
                    }
                }
                Ok(Self {
                    facts: $facts {
                        $( $fact: $fact.or_else(Field::absent)
                            .ok_or_else(|| {
                                M::Error::missing_field(member_name!($fact $($fact_name)?))
                            })?, )*
                    },
                    personal: Some($personal {
                        $( $member: $member.or_else(Field::absent)
                            .ok_or_else(|| {
                                M::Error::missing_field(member_name!($member $($member_name)?))
                            })?, )*
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
                        let name = member_name!($member $($member_name)?);
                        map.serialize_entry(name, &personal.$member)?;
                    } )*
                    personal.extra.write(map)?;
                }
                Ok(())
            }
        }
    };
}
