//! Dead letters: what could not be used, byte for byte, with the reason.

use super::typed::Field;
use crate::digest::hex;
use crate::text::{Code, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

event_data! {
    /// What came in and could not be used.
    DeadLetter: DeadLetterFacts, DeadLetterPersonal {
        facts {
            /// The problem's code.
            reason: Code<50>,
            /// The stream subject or the route it came by.
            origin: Code<200>,
        }
        personal {
            /// The bytes that came in.
            raw: RawBytes,
            /// Pointer to the member at fault.
            pointer: Option<Text<2000>>,
            /// What was wrong, in words.
            detail: Text<2000>,
        }
    }
}

/// Reasons for which a message has no tenant whose ledger could hold it, so that the node keeps it.
pub const NODE_REASONS: [&str; 2] = ["unknown_tenant", "tenant_contradicts_subject"];

impl DeadLetterFacts {
    /// Whether it is the node's own, and stands in another ledger than what becomes of it.
    pub fn is_of_node(&self) -> bool {
        NODE_REASONS.contains(&self.reason.as_str())
    }
}

/// Bytes as they came; in JSON `{"text": …}` where they are UTF-8, else `{"hex": …}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBytes(pub Vec<u8>);

impl Field for RawBytes {}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RawForm {
    Text(String),
    Hex(String),
}

impl Serialize for RawBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(&self.0);
        }
        match std::str::from_utf8(&self.0) {
            Ok(text) => RawForm::Text(text.to_owned()),
            Err(_) => RawForm::Hex(hex(&self.0)),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <&[u8]>::deserialize(deserializer).map(|bytes| Self(bytes.to_vec()));
        }
        match RawForm::deserialize(deserializer)? {
            RawForm::Text(text) => Ok(Self(text.into_bytes())),
            RawForm::Hex(hex) => unhex(&hex)
                .map(Self)
                .ok_or_else(|| serde::de::Error::custom("not hexadecimal")),
        }
    }
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks(2)
            .map(|pair| (pair[0] * 16 + pair[1]) as u8)
            .collect(),
    )
}

impl schemars::JsonSchema for RawBytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RawBytes".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        RawForm::json_schema(generator)
    }
}
