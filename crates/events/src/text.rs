//! Text with a limit: [`Text`] is personal, [`Code`] is a fact.

use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

macro_rules! limited_text {
    ($(#[$doc:meta])* $name:ident, $default:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name<const CHARS_MAX: usize = $default>(Box<str>);

        impl<const CHARS_MAX: usize> $name<CHARS_MAX> {
            /// # Errors
            /// When `text` has more than `CHARS_MAX` Unicode scalar values.
            pub fn new(text: impl Into<Box<str>>) -> Result<Self, TooLong> {
                let text = text.into();
                // A text of at most CHARS_MAX bytes can't have more characters.
                if text.len() > CHARS_MAX && text.chars().count() > CHARS_MAX {
                    return Err(TooLong { chars: text.chars().count(), chars_max: CHARS_MAX });
                }
                Ok(Self(text))
            }

            /// The first `CHARS_MAX` characters, for text of our own that only informs.
            pub fn clipped(text: &str) -> Self {
                Self(text.chars().take(CHARS_MAX).collect::<String>().into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<const CHARS_MAX: usize> Deref for $name<CHARS_MAX> {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl<const CHARS_MAX: usize> fmt::Display for $name<CHARS_MAX> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<const CHARS_MAX: usize> fmt::Debug for $name<CHARS_MAX> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl<'de, const CHARS_MAX: usize> Deserialize<'de> for $name<CHARS_MAX> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Box::<str>::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }

        impl<const CHARS_MAX: usize> schemars::JsonSchema for $name<CHARS_MAX> {
            fn schema_name() -> Cow<'static, str> {
                format!("{}{CHARS_MAX}", $what).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "maxLength": CHARS_MAX })
            }

            fn inline_schema() -> bool {
                true
            }
        }
    };
}

limited_text!(
    /// Free text, a name or an identifier: personal, sealed with the customer's key.
    Text,
    500,
    "Text"
);
limited_text!(
    /// A status, a queue, an agent or a code of a foreign system: a fact, never sealed. Whoever
    /// puts personal data here loses the means to erase it.
    Code,
    50,
    "Code"
);

/// A person's or a company's name.
pub type Name = Text<200>;
/// A payload's own name for its object, such as an order's number.
pub type OwnKey = Text<200>;
/// An e-mail address, a phone number, a handle: 320 is the longest e-mail address.
pub type Address = Text<320>;
/// A title or a subject line (document 002).
pub type Title = Text<200>;
/// Why something was done.
pub type Reason = Text<500>;
pub type Url = Text<2000>;
/// Notes on an interaction (document 002).
pub type Description = Text<5000>;
/// The body of a message.
pub type Body = Text<100_000>;
/// The words of a call; two hours of talk are some 120,000 characters.
pub type Transcript = Text<200_000>;

/// Who of us acted: an agent, a user.
pub type AgentId = Code<128>;
/// A status, a category, a kind of a foreign system (C6).
pub type Word = Code<50>;
/// A reference to an object that is no person: a template, a campaign, a workflow.
pub type Reference = Code<200>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{chars} characters long, at most {chars_max} are allowed")]
pub struct TooLong {
    pub chars: usize,
    pub chars_max: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        assert!(Text::<3>::new("äöü").is_ok());
        assert_eq!(
            Text::<3>::new("abcd"),
            Err(TooLong {
                chars: 4,
                chars_max: 3
            })
        );
    }
}
