//! Whether a stream goes on where it was left. Pure, so that every case is tested without a server.

use crate::Checkpoint;

/// Why reading stopped. Only [`crate::Stream::adopt`], or the right stream coming back, ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// What was read is no longer what the stream holds.
    #[error(
        "stream_rewound: {cause}; the checkpoint is at sequence {checkpoint}, \
         the stream ends at sequence {last}"
    )]
    Rewound {
        checkpoint: u64,
        last: u64,
        cause: RewindCause,
    },
    /// Messages after the checkpoint are gone before they were read.
    #[error(
        "stream_gap: messages are missing; the checkpoint is at sequence {checkpoint}, \
         the next message has sequence {next}"
    )]
    Gap { checkpoint: u64, next: u64 },
}

impl StopReason {
    /// The name under which operators and alerts know it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rewound { .. } => "stream_rewound",
            Self::Gap { .. } => "stream_gap",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewindCause {
    OtherStream,
    Shorter,
    OtherMessage,
    MessageGone,
    /// Where one was half taken; its rest is not there to be read.
    OtherPartial,
}

impl std::fmt::Display for RewindCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OtherStream => "the stream was created anew",
            Self::Shorter => "the stream ends before what was read of it",
            Self::OtherMessage => "another message stands at the checkpoint",
            Self::MessageGone => "the message at the checkpoint was deleted",
            Self::OtherPartial => "another message stands where one was half taken",
        })
    }
}

/// The ends of the stream as the server reports them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) created_at_micros: i64,
    /// Of an empty stream the sequence after the last; 0 or 1 of one that never held a message.
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Ends {
    /// Whether the message at `checkpoint` should be there to be compared.
    pub(crate) fn hold(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.digest != Checkpoint::NOT_READ
            && self.created_at_micros == checkpoint.stream_created_at_micros
            && (self.first..=self.last).contains(&checkpoint.sequence)
    }

    /// Whether the message of which `checkpoint` has a part should be there to be compared.
    pub(crate) fn hold_partial(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.partial.is_some()
            && self.created_at_micros == checkpoint.stream_created_at_micros
            && (self.first..=self.last).contains(&(checkpoint.sequence + 1))
    }
}

/// Digests of the messages that are at the checkpoint now. A message counts only where
/// [`Ends::hold`] or [`Ends::hold_partial`] says that there should be one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    pub(crate) read: Option<[u8; 32]>,
    /// After the checkpoint.
    pub(crate) partial: Option<[u8; 32]>,
}

/// Says whether reading may go on after `checkpoint`.
pub(crate) fn judge(
    checkpoint: Option<&Checkpoint>,
    ends: Ends,
    found: Found,
) -> Result<(), StopReason> {
    let Some(checkpoint) = checkpoint else {
        return gap(0, ends.first);
    };
    let rewound = |cause| {
        Err(StopReason::Rewound {
            checkpoint: checkpoint.sequence,
            last: ends.last,
            cause,
        })
    };
    if ends.created_at_micros != checkpoint.stream_created_at_micros {
        return rewound(RewindCause::OtherStream);
    }
    let last_read = checkpoint.sequence + u64::from(checkpoint.partial.is_some());
    if ends.last < last_read {
        return rewound(RewindCause::Shorter);
    }
    if ends.hold(checkpoint) {
        match found.read {
            None => return rewound(RewindCause::MessageGone),
            Some(digest) if digest != checkpoint.digest => {
                return rewound(RewindCause::OtherMessage);
            }
            Some(_) => {}
        }
    }
    // One that is not there any more is a gap, which reading finds.
    let partial = found.partial.filter(|_| ends.hold_partial(checkpoint));
    if let (Some(partial), Some(found)) = (checkpoint.partial, partial)
        && partial.digest != found
    {
        return rewound(RewindCause::OtherPartial);
    }
    gap(checkpoint.sequence, ends.first)
}

fn gap(checkpoint: u64, first: u64) -> Result<(), StopReason> {
    if first > checkpoint.saturating_add(1) {
        return Err(StopReason::Gap {
            checkpoint,
            next: first,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Partial;

    const CREATED: i64 = 1_700_000_000_000_000;
    const DIGEST: [u8; 32] = [7; 32];

    fn ends(first: u64, last: u64) -> Ends {
        Ends {
            created_at_micros: CREATED,
            first,
            last,
        }
    }

    fn at(sequence: u64) -> Checkpoint {
        Checkpoint {
            stream_created_at_micros: CREATED,
            sequence,
            digest: DIGEST,
            partial: None,
        }
    }

    fn read(digest: [u8; 32]) -> Found {
        Found {
            read: Some(digest),
            partial: None,
        }
    }

    const NOTHING: Found = Found {
        read: None,
        partial: None,
    };

    fn cause(result: Result<(), StopReason>) -> Option<RewindCause> {
        match result {
            Err(StopReason::Rewound { cause, .. }) => Some(cause),
            _ => None,
        }
    }

    #[test]
    fn the_same_message_at_the_checkpoint_lets_reading_go_on() {
        assert_eq!(judge(Some(&at(5)), ends(1, 9), read(DIGEST)), Ok(()));
        assert_eq!(judge(Some(&at(9)), ends(1, 9), read(DIGEST)), Ok(()));
    }

    #[test]
    fn a_checkpoint_whose_message_expired_lets_reading_go_on_when_the_next_one_is_there() {
        assert_eq!(judge(Some(&at(5)), ends(6, 9), NOTHING), Ok(()));
        assert_eq!(judge(Some(&at(5)), ends(6, 5), NOTHING), Ok(()));
    }

    #[test]
    fn expired_messages_that_were_not_read_are_a_gap() {
        let gap = judge(Some(&at(5)), ends(8, 9), NOTHING);
        assert_eq!(
            gap,
            Err(StopReason::Gap {
                checkpoint: 5,
                next: 8
            })
        );
        assert_eq!(
            judge(None, ends(3, 9), NOTHING),
            Err(StopReason::Gap {
                checkpoint: 0,
                next: 3
            })
        );
    }

    #[test]
    fn a_new_reader_begins_with_the_first_message() {
        for empty in [ends(0, 0), ends(1, 0), ends(1, 4)] {
            assert_eq!(judge(None, empty, NOTHING), Ok(()));
        }
    }

    #[test]
    fn every_kind_of_rewind_is_told_apart() {
        let other = Ends {
            created_at_micros: CREATED + 1,
            ..ends(1, 9)
        };
        let judged = |ends, found| cause(judge(Some(&at(5)), ends, found));
        assert_eq!(judged(other, read(DIGEST)), Some(RewindCause::OtherStream));
        assert_eq!(judged(ends(1, 4), NOTHING), Some(RewindCause::Shorter));
        assert_eq!(
            judged(ends(1, 9), read([8; 32])),
            Some(RewindCause::OtherMessage)
        );
        assert_eq!(judged(ends(1, 9), NOTHING), Some(RewindCause::MessageGone));
    }

    #[test]
    fn a_message_that_was_half_taken_must_be_the_one_that_is_read_again() {
        let half = Checkpoint {
            partial: Some(Partial {
                items_done: 3,
                digest: [9; 32],
            }),
            ..at(5)
        };
        let judged = |ends, partial| {
            let found = Found {
                partial,
                ..read(DIGEST)
            };
            judge(Some(&half), ends, found)
        };
        assert_eq!(judged(ends(1, 9), Some([9; 32])), Ok(()));
        let other = cause(judged(ends(1, 9), Some([8; 32])));
        assert_eq!(other, Some(RewindCause::OtherPartial));
        assert_eq!(cause(judged(ends(1, 5), None)), Some(RewindCause::Shorter));
        let gap = StopReason::Gap {
            checkpoint: 5,
            next: 7,
        };
        assert_eq!(judged(ends(7, 9), None), Err(gap));
        let never = Checkpoint {
            digest: Checkpoint::NOT_READ,
            sequence: 0,
            ..half
        };
        assert_eq!(judge(Some(&never), ends(1, 9), NOTHING), Ok(()));
    }

    #[test]
    fn after_an_adoption_there_is_no_message_to_compare() {
        let adopted = Checkpoint {
            digest: Checkpoint::NOT_READ,
            ..at(5)
        };
        assert_eq!(judge(Some(&adopted), ends(1, 9), NOTHING), Ok(()));
    }

    #[test]
    fn a_stop_names_its_code_and_both_sequences() {
        let text = judge(Some(&at(12)), ends(1, 4), NOTHING)
            .unwrap_err()
            .to_string();
        assert!(text.starts_with("stream_rewound: "), "{text}");
        assert!(
            text.contains("sequence 12") && text.contains("sequence 4"),
            "{text}"
        );
    }
}
