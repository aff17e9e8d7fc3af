//! Objects within payloads.

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
                use $crate::catalogue::typed::{Duplicate, Field, Key};
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
                                map.next_value::<Duplicate>()?;
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
                    member_name!($member $($member_name)?),
                    generator,
                    &[$(stringify!($member_doc)),*],
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
