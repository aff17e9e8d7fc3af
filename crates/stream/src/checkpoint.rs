//! How far a reader of the stream got.

/// The last message that was read: which stream, which sequence, and what stood there.
///
/// The ledger keeps it in the commit that holds the message's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// When the stream was created, in microseconds: its identity.
    pub stream_created_at_micros: i64,
    pub sequence: u64,
    /// [`crate::Message::digest`] of the message, or [`Checkpoint::NOT_READ`].
    pub digest: [u8; 32],
    /// What was taken of the message after it, if that was not read as a whole.
    pub partial: Option<Partial>,
}

/// A message whose first items are in the ledger, while the others are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Items, from the first, whose records are in the ledger, or that left none.
    pub items_done: u32,
    /// [`crate::Message::digest`] of the whole message.
    pub digest: [u8; 32],
}

impl Checkpoint {
    /// Stands for the digest of a message that was never read: after an adoption the checkpoint is
    /// the place before the first message of the adopted stream.
    pub const NOT_READ: [u8; 32] = [0; 32];

    /// The place before the message at `message` with the first `items_done` of its items taken;
    /// `last` is the checkpoint so far.
    pub fn within(message: &Self, items_done: u32, last: Option<&Self>) -> Self {
        let before = Self {
            stream_created_at_micros: message.stream_created_at_micros,
            sequence: message.sequence.saturating_sub(1),
            digest: Self::NOT_READ,
            partial: None,
        };
        let is_before = |last: &&Self| {
            last.stream_created_at_micros == before.stream_created_at_micros
                && last.sequence == before.sequence
        };
        Self {
            partial: Some(Partial {
                items_done,
                digest: message.digest,
            }),
            ..*last.filter(is_before).unwrap_or(&before)
        }
    }

    /// How many items of the message at `message`, which comes next, were taken before: none if
    /// it is another message than the one that they belong to.
    pub fn items_done(&self, message: &Self) -> u32 {
        let is_next = self.stream_created_at_micros == message.stream_created_at_micros
            && self.sequence.checked_add(1) == Some(message.sequence);
        self.partial
            .filter(|partial| is_next && partial.digest == message.digest)
            .map_or(0, |partial| partial.items_done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sequence: u64) -> Checkpoint {
        Checkpoint {
            stream_created_at_micros: 5,
            sequence,
            digest: [sequence as u8; 32],
            partial: None,
        }
    }

    #[test]
    fn a_place_within_a_message_is_the_one_before_it_and_what_was_taken() {
        let within = Checkpoint::within(&at(8), 3, Some(&at(7)));
        assert_eq!((within.sequence, within.digest), (7, at(7).digest));
        assert_eq!(within.items_done(&at(8)), 3);
        let further = Checkpoint::within(&at(8), 4, Some(&within));
        assert_eq!((further.sequence, further.items_done(&at(8))), (7, 4));
    }

    #[test]
    fn where_nothing_was_read_before_there_is_nothing_to_compare() {
        let other = Checkpoint {
            stream_created_at_micros: 6,
            ..at(7)
        };
        for last in [None, Some(&other), Some(&at(3))] {
            let within = Checkpoint::within(&at(8), 3, last);
            assert_eq!((within.sequence, within.digest), (7, Checkpoint::NOT_READ));
            assert_eq!(within.items_done(&at(8)), 3);
        }
        assert_eq!(Checkpoint::within(&at(1), 1, None).sequence, 0);
    }

    #[test]
    fn no_other_message_is_skipped_into() {
        let within = Checkpoint::within(&at(8), 3, Some(&at(7)));
        let others = [
            at(9),
            Checkpoint {
                digest: [1; 32],
                ..at(8)
            },
            Checkpoint {
                stream_created_at_micros: 6,
                ..at(8)
            },
        ];
        assert!(others.iter().all(|other| within.items_done(other) == 0));
        assert_eq!(at(7).items_done(&at(8)), 0);
    }
}
