//! Where a page of the report ended.

use chrono::{Datelike, NaiveDate};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The last row that was shown, as text that means nothing to its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    begins_on: NaiveDate,
    agent_id: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor; take `next_cursor` of the page before")]
pub struct NotACursor;

/// Hexadecimal digits of the day.
const DAY_DIGITS: usize = 8;

impl Cursor {
    pub(super) fn of(begins_on: NaiveDate, agent_id: &str) -> Self {
        Self {
            begins_on,
            agent_id: agent_id.into(),
        }
    }

    pub(super) fn is_before(&self, day: NaiveDate, agent_id: &str) -> bool {
        (self.begins_on, &*self.agent_id) < (day, agent_id)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.begins_on.num_days_from_ce())?;
        let mut bytes = self.agent_id.bytes();
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (day, agent) = text.split_at_checked(DAY_DIGITS).ok_or(NotACursor)?;
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || agent.len() % 2 != 0 {
            return Err(NotACursor);
        }
        let days = u32::from_str_radix(day, 16).map_err(|_| NotACursor)?;
        let begins_on = NaiveDate::from_num_days_from_ce_opt(days.cast_signed());
        let byte = |at: usize| u8::from_str_radix(&agent[at..at + 2], 16);
        let bytes: Result<Vec<u8>, _> = (0..agent.len()).step_by(2).map(byte).collect();
        let bytes = bytes.map_err(|_| NotACursor)?;
        let agent_id = String::from_utf8(bytes).map_err(|_| NotACursor)?;
        Ok(Self {
            begins_on: begins_on.ok_or(NotACursor)?,
            agent_id: agent_id.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_refused() {
        for agent in ["alex", "Zoë", ""] {
            for day in [NaiveDate::MIN, NaiveDate::MAX, NaiveDate::default()] {
                let cursor = Cursor::of(day, agent);
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
        for text in ["", "abc", "0000000g", "00000001f", "00000001ff", "+0000001"] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }
}
