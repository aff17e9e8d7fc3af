//! Where a page ended: the key of its last row, as text that means nothing to its bearer.

use std::fmt;
use std::str::FromStr;
use touchbook_events::CustomerId;
use touchbook_events::money::Currency;

/// Names the last row that was shown, so that rows which arrive later neither shift nor repeat any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The sort key of that row, turned so that it ascends.
    pub(crate) key: i128,
    pub(crate) customer: CustomerId,
    /// In which the list is ranked that it is of.
    pub(crate) currency: Option<Currency>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor; take `next_cursor` of the page before")]
pub struct NotACursor;

/// Hexadecimal digits of a cursor: key and customer.
const DIGITS: usize = 64;

impl Cursor {
    /// Whether it is of the list by lifetime value, which alone has a currency.
    pub fn is_of_top(&self) -> bool {
        self.currency.is_some()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}{:032x}", self.key, self.customer.0.as_u128())?;
        f.write_str(self.currency.as_ref().map_or("", Currency::as_str))
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (digits, currency) = text.split_at_checked(DIGITS).ok_or(NotACursor)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotACursor);
        }
        let currency = match currency {
            "" => None,
            code => Some(Currency::parse(code).map_err(|_| NotACursor)?),
        };
        let (key, customer) = digits.split_at(DIGITS / 2);
        let read = |hex| u128::from_str_radix(hex, 16).map_err(|_| NotACursor);
        Ok(Self {
            key: read(key)? as i128,
            customer: CustomerId::from_bytes(read(customer)?.to_be_bytes()),
            currency,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_refused() {
        for currency in [None, Currency::parse("ZAR").ok()] {
            for key in [0, -1, i128::MAX, i128::MIN] {
                let cursor = Cursor {
                    key,
                    customer: CustomerId::from_bytes([7; 16]),
                    currency,
                };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
        let long = format!("{}rand", "0".repeat(64));
        for text in ["", "abc", &"é".repeat(32), &"+".repeat(64), &long] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }
}
