//! Where a page of the list by attention ended, as text that means nothing to its bearer.

use std::fmt;
use std::str::FromStr;
use touchbook_events::{CustomerId, Timestamp};

/// Names the last place that was looked at, and the instant as of which the list is: the pages
/// after it are as of that instant too, since ages order the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) now: Timestamp,
    /// Weight × age in microseconds.
    pub(crate) urgency: u128,
    pub(crate) customer: CustomerId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor; take `next_cursor` of the page before")]
pub struct NotACursor;

/// Hexadecimal digits of an instant, and of an urgency or a customer.
const INSTANT_DIGITS: usize = 16;
const DIGITS: usize = 32;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let customer = self.customer.0.as_u128();
        let now = self.now.micros();
        write!(f, "{now:016x}{:032x}{customer:032x}", self.urgency)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.len() != INSTANT_DIGITS + 2 * DIGITS || !is_digits {
            return Err(NotACursor);
        }
        let (now, rest) = text.split_at(INSTANT_DIGITS);
        let (urgency, customer) = rest.split_at(DIGITS);
        let read = |hex| u128::from_str_radix(hex, 16).map_err(|_| NotACursor);
        let now = u64::from_str_radix(now, 16).map_err(|_| NotACursor)?;
        Ok(Self {
            now: Timestamp::from_micros(now.cast_signed()),
            urgency: read(urgency)?,
            customer: CustomerId::from_bytes(read(customer)?.to_be_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_refused() {
        for now in [0, -1, i64::MIN, i64::MAX] {
            for urgency in [0, 1, u128::MAX] {
                let cursor = Cursor {
                    now: Timestamp::from_micros(now),
                    urgency,
                    customer: CustomerId::from_bytes([7; 16]),
                };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
        for text in ["", "abc", &"é".repeat(40), &"+".repeat(80)] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }
}
