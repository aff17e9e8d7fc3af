//! What deciders publish, shown to readers with the record that changed it and never before.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use touchbook_projection::Deciders;

/// One plain value of each decider that publishes one.
pub(crate) type Values = Vec<Arc<dyn Any + Send + Sync>>;

pub(super) struct Publication {
    shown: Values,
    /// Values that came with a record that is not durable yet, by its position.
    coming: VecDeque<(u64, Values)>,
}

impl Publication {
    /// Everything decided so far is durable.
    pub(super) fn of(deciders: &Deciders) -> Self {
        Self {
            shown: values(deciders).collect(),
            coming: VecDeque::new(),
        }
    }

    pub(super) fn shown(&self) -> &Values {
        &self.shown
    }

    /// Notes what deciders publish once everything up to `position` is durable.
    pub(super) fn note(&mut self, deciders: &Deciders, position: u64) {
        let known = self.coming.back().map_or(&self.shown, |(_, known)| known);
        let is_known = values(deciders)
            .zip(known)
            .all(|(value, known)| Arc::ptr_eq(&value, known));
        if !is_known {
            let values = values(deciders).collect();
            self.coming.push_back((position, values));
        }
    }

    /// What is to be shown from now on, if that is anything new.
    pub(super) fn durable(&mut self, position: u64) -> Option<&Values> {
        let mut newest = None;
        while self.coming.front().is_some_and(|(at, _)| *at <= position) {
            newest = self.coming.pop_front();
        }
        self.shown = newest?.1;
        Some(&self.shown)
    }

    /// Records from `position` on were taken back.
    pub(super) fn take_back(&mut self, position: u64) {
        self.coming.retain(|(at, _)| *at < position);
    }
}

fn values(deciders: &Deciders) -> impl Iterator<Item = Arc<dyn Any + Send + Sync>> {
    deciders.iter().filter_map(|decider| decider.published())
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::{Header, Record};
    use touchbook_projection::{Decider, Draft, snapshot};

    /// Publishes the number it was given last.
    struct Numbered(Arc<u64>);

    impl Decider for Numbered {
        fn name(&self) -> &'static str {
            "numbered"
        }

        fn version(&self) -> u32 {
            1
        }

        fn decide(&self, _: &mut Draft<'_>) {}

        fn apply(&mut self, record: &Record) {
            let Header { position, .. } = record.header;
            self.0 = Arc::new(position);
        }

        fn encode(&self) -> Vec<u8> {
            Vec::new()
        }

        fn restore(&mut self, _: &[u8]) -> Result<(), snapshot::Error> {
            Ok(())
        }

        fn begin(&mut self) {}

        fn rollback(&mut self) {}

        fn keep(&mut self) {}

        fn published(&self) -> Option<Arc<dyn Any + Send + Sync>> {
            Some(Arc::clone(&self.0) as _)
        }
    }

    fn saying(number: u64) -> Deciders {
        Deciders::new(vec![Box::new(Numbered(Arc::new(number)))])
    }

    fn number(values: Option<&Values>) -> Option<u64> {
        values.map(|values| *values[0].downcast_ref().unwrap())
    }

    #[test]
    fn a_value_is_shown_with_its_record_and_not_before() {
        let before = saying(0);
        let mut publication = Publication::of(&before);
        publication.note(&before, 1);
        assert_eq!(number(publication.durable(1)), None, "nothing is new");
        for position in [2, 4, 6] {
            publication.note(&saying(position), position);
        }
        assert_eq!(number(publication.durable(3)), Some(2));
        assert_eq!(number(publication.durable(3)), None);
        publication.take_back(6);
        assert_eq!(number(publication.durable(9)), Some(4));
        assert_eq!(number(Some(publication.shown())), Some(4));
    }
}
