//! Which messages the writer has passed, by their tickets.

use std::collections::BTreeSet;

/// Tickets that are kept apart because one before them is still to come. Of the embedded stream
/// that is at most what its queue holds of one tenant times what others send meanwhile, which is
/// well below; JetStream's tickets come in order.
const BEYOND_MAX: usize = 1_048_576;

/// Everything up to one ticket; of a stream whose tenants take turns, some beyond it too.
#[derive(Default)]
pub(super) struct Passed {
    up_to: u64,
    beyond: BTreeSet<u64>,
}

impl Passed {
    pub(super) fn all_up_to(ticket: u64) -> Self {
        Self {
            up_to: ticket,
            beyond: BTreeSet::new(),
        }
    }

    pub(super) fn contains(&self, ticket: u64) -> bool {
        ticket <= self.up_to || self.beyond.contains(&ticket)
    }

    /// No ticket up to this one is still to come.
    pub(super) fn up_to(&self) -> u64 {
        self.up_to
    }

    pub(super) fn add(&mut self, ticket: u64) {
        if ticket > self.up_to + 1 {
            self.beyond.insert(ticket);
            if self.beyond.len() <= BEYOND_MAX {
                return;
            }
            // What is missing so long will never come.
            self.up_to = self.beyond.pop_first().unwrap_or(ticket);
        } else {
            self.up_to = self.up_to.max(ticket);
        }
        while self.beyond.remove(&(self.up_to + 1)) {
            self.up_to += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn in_whatever_order_tickets_come_exactly_those_are_passed(
            tickets in Just((11_u64..=60).collect::<Vec<_>>()).prop_shuffle(),
            count in 0_usize..=50,
        ) {
            let mut passed = Passed::all_up_to(10);
            tickets[..count].iter().for_each(|ticket| passed.add(*ticket));
            for ticket in 1..=70 {
                let expected = ticket <= 10 || tickets[..count].contains(&ticket);
                prop_assert_eq!(passed.contains(ticket), expected);
            }
            prop_assert!((1..=passed.up_to()).all(|ticket| passed.contains(ticket)));
            prop_assert!(!passed.contains(passed.up_to() + 1));
        }
    }

    #[test]
    fn tickets_in_order_leave_nothing_to_keep() {
        let mut passed = Passed::default();
        (1..=1_000).for_each(|ticket| passed.add(ticket));
        assert_eq!((passed.up_to(), passed.beyond.len()), (1_000, 0));
    }

    #[test]
    fn a_ticket_that_never_comes_is_passed_in_the_end() {
        let mut passed = Passed::default();
        let last = BEYOND_MAX as u64 + 2;
        (2..last).for_each(|ticket| passed.add(ticket));
        assert!(!passed.contains(1));
        passed.add(last);
        assert_eq!((passed.up_to(), passed.beyond.len()), (last, 0));
    }
}
