//! Money and decimals, read from the number's own text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Digits after the point that an amount may have.
pub const SCALE_MAX: u8 = 6;

/// A decimal number: `units` × 10^-`scale`. Never a float (design law 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    pub units: i64,
    /// Digits after the point as sent, 0 to [`SCALE_MAX`].
    pub scale: u8,
    /// Sent as a JSON number, and so returned as one.
    pub numeric: bool,
}

impl Decimal {
    /// Reads decimal text such as `1299.99`; no exponent, no leading zeros (C21). It is written
    /// back digit by digit; only the minus of a zero is lost.
    pub fn parse(text: &str) -> Result<Self, NotADecimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let well_formed = !whole.is_empty()
            && (whole.len() == 1 || !whole.starts_with('0'))
            && (fraction.is_empty() != digits.contains('.'))
            && whole
                .bytes()
                .chain(fraction.bytes())
                .all(|byte| byte.is_ascii_digit())
            && fraction.len() <= usize::from(SCALE_MAX);
        if !well_formed {
            return Err(NotADecimal);
        }
        let mut units: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            units = units
                .checked_mul(10)
                .and_then(|units| units.checked_add(i64::from(byte - b'0')))
                .ok_or(NotADecimal)?;
        }
        let units = if negative { -units } else { units };
        Ok(Self {
            units,
            scale: fraction.len() as u8,
            numeric: false,
        })
    }

    /// The value in millionths, the scale of every sum.
    pub fn millionths(self) -> i128 {
        i128::from(self.units) * 10_i128.pow(u32::from(SCALE_MAX - self.scale))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = 10_u64.pow(u32::from(self.scale));
        let (whole, fraction) = (
            self.units.unsigned_abs() / power,
            self.units.unsigned_abs() % power,
        );
        if self.units < 0 {
            f.write_str("-")?;
        }
        write!(f, "{whole}")?;
        if self.scale > 0 {
            write!(f, ".{fraction:0width$}", width = usize::from(self.scale))?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an amount; write plain decimal digits with at most 6 after the point, such as 1299.99"
)]
pub struct NotADecimal;

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            let flags = self.scale | (u8::from(self.numeric) << 7);
            return (self.units, flags).serialize(serializer);
        }
        if self.numeric {
            let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
            return raw.serialize(serializer);
        }
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if !deserializer.is_human_readable() {
            let (units, flags) = <(i64, u8)>::deserialize(deserializer)?;
            let scale = flags & 0x7f;
            if scale > SCALE_MAX {
                return Err(D::Error::custom(NotADecimal));
            }
            return Ok(Self {
                units,
                scale,
                numeric: flags & 0x80 != 0,
            });
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
        {
            Some(text) => Self::parse(text),
            None => Self::parse(raw).map(|decimal| Self {
                numeric: true,
                ..decimal
            }),
        }
        .map_err(D::Error::custom)
    }
}

impl schemars::JsonSchema for Decimal {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "plain decimal digits, at most 6 after the point, as text or as a number",
            "anyOf": [
                { "type": "string", "pattern": r"^-?(0|[1-9]\d*)(\.\d{1,6})?$" },
                { "type": "number" }
            ]
        })
    }
}

/// ISO 4217 code, three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const USD: Self = Self(*b"USD");

    pub fn parse(text: &str) -> Result<Self, NotACurrency> {
        let code = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        Self::new(code)
    }

    fn new(code: [u8; 3]) -> Result<Self, NotACurrency> {
        if code.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(code))
        } else {
            Err(NotACurrency)
        }
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a currency; write an ISO 4217 code of three capital letters, such as ZAR")]
pub struct NotACurrency;

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.as_str())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = Cow::<'de, str>::deserialize(deserializer)?;
            Self::parse(&text).map_err(serde::de::Error::custom)
        } else {
            let code = <[u8; 3]>::deserialize(deserializer)?;
            Self::new(code).map_err(serde::de::Error::custom)
        }
    }
}

impl schemars::JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

event_object! {
    /// An amount in a currency.
    #[derive(Copy, Eq)]
    fact Money {
        amount: Decimal,
        /// ISO 4217.
        currency: Currency,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C21: money is the number's own text, never a float.
    #[test]
    fn amounts_come_back_as_they_were_sent() {
        for json in [
            r#"{"amount":1299.99,"currency":"ZAR"}"#,
            r#"{"amount":"1299.9900","currency":"ZAR"}"#,
            r#"{"amount":-0.5,"currency":"USD"}"#,
            r#"{"amount":"0","currency":"USD"}"#,
        ] {
            let money: Money = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&money).unwrap(), json);
            let bytes = postcard::to_stdvec(&money).unwrap();
            assert_eq!(postcard::from_bytes::<Money>(&bytes).unwrap(), money);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "-",
            "1.",
            ".5",
            "1e3",
            "007",
            "NaN",
            "1.2345678",
            "99999999999999999999",
        ] {
            assert_eq!(Decimal::parse(text), Err(NotADecimal), "{text}");
        }
        assert!(Currency::parse("zar").is_err());
    }

    /// Bytes that we never write would make an amount that can't be computed with.
    #[test]
    fn bytes_that_are_no_amount_are_refused() {
        let amount = |scale: u8, code| postcard::to_stdvec(&(1_i64, scale, code)).unwrap();
        assert!(postcard::from_bytes::<Money>(&amount(SCALE_MAX | 0x80, *b"ZAR")).is_ok());
        for bytes in [amount(SCALE_MAX + 1, *b"ZAR"), amount(0, *b"\xffAR")] {
            assert!(postcard::from_bytes::<Money>(&bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn millionths_are_exact() {
        assert_eq!(
            Decimal::parse("1299.99").unwrap().millionths(),
            1_299_990_000
        );
    }
}
