//! Rows that were stored a moment ago, so that an overlap does not store them again.

use crate::limits::RECENT_ROWS_MAX;
use crate::place::Place;
use std::collections::{HashSet, VecDeque};

#[derive(Default)]
pub(crate) struct Recent {
    known: HashSet<Place>,
    /// The oldest first.
    order: VecDeque<Place>,
}

impl Recent {
    pub(crate) fn contains(&self, place: &Place) -> bool {
        self.known.contains(place)
    }

    pub(crate) fn add(&mut self, place: Place) {
        if !self.known.insert(place.clone()) {
            return;
        }
        self.order.push_back(place);
        if self.order.len() > RECENT_ROWS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let place = |id: usize| Place::new("2024-01-15", &id.to_string()).unwrap();
        let mut recent = Recent::default();
        for id in 0..=RECENT_ROWS_MAX {
            recent.add(place(id));
            recent.add(place(id));
        }
        assert!(!recent.contains(&place(0)) && recent.contains(&place(1)));
        assert_eq!(recent.known.len(), RECENT_ROWS_MAX);
    }
}
