//! How long a customer waits for us (S1-035).

use crate::entries::{Entry, Place};
use crate::state::State;
use serde::Serialize;

/// The time from each contact that waits to the next one from us, on whatever channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ResponseTime {
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median_seconds: Option<u64>,
    /// The one that nine of ten do not exceed (nearest rank).
    pub p90_seconds: Option<u64>,
    pub answered_count: u64,
    /// Those that still wait; in no time above.
    pub unanswered_count: u64,
}

/// A contact that waits, and the one that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) inbound: Place,
    pub(crate) answer: Option<Place>,
}

pub(crate) fn response_time(state: &State) -> ResponseTime {
    let exchanges = exchanges(state);
    let mut waited: Vec<u64> = exchanges.iter().filter_map(Exchange::seconds).collect();
    waited.sort_unstable();
    ResponseTime {
        median_seconds: median(&waited),
        p90_seconds: p90(&waited),
        answered_count: waited.len() as u64,
        unanswered_count: (exchanges.len() - waited.len()) as u64,
    }
}

/// Every contact that waits, or waited, in the order in which they happened.
pub(crate) fn exchanges(state: &State) -> Vec<Exchange> {
    let says = |entry: &Entry| entry.marks.waits() || entry.marks.outbound().is_some();
    let mut contacts: Vec<Entry> = state.entries.iter().filter(says).collect();
    // Most came in that order, which costs a sort next to nothing.
    contacts.sort_by_key(|entry| entry.place());
    let mut answer = None;
    let mut exchanges = Vec::new();
    for entry in contacts.iter().rev() {
        if entry.marks.outbound().is_some() {
            answer = Some(entry.place());
        } else {
            exchanges.push(Exchange {
                inbound: entry.place(),
                answer,
            });
        }
    }
    exchanges.reverse();
    exchanges
}

impl Exchange {
    fn seconds(&self) -> Option<u64> {
        let answered_at = self.answer?.occurred_at;
        let waited = answered_at.seconds_since(self.inbound.occurred_at);
        Some(waited.cast_unsigned())
    }
}

fn median(sorted: &[u64]) -> Option<u64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    match sorted.len() % 2 {
        0 => Some(u64::midpoint(sorted[middle - 1], upper)),
        _ => Some(upper),
    }
}

fn p90(sorted: &[u64]) -> Option<u64> {
    let rank = (sorted.len() * 9).div_ceil(10);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S1-035.
    #[test]
    fn the_middle_and_nine_of_ten_are_named() {
        for (sorted, middle, ninety) in [
            (&[][..], None, None),
            (&[7], Some(7), Some(7)),
            (&[10, 30], Some(20), Some(30)),
            (&[1, 2, 9], Some(2), Some(9)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], Some(5), Some(9)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], Some(6), Some(10)),
        ] {
            assert_eq!((median(sorted), p90(sorted)), (middle, ninety));
        }
    }
}
