//! What is known of a file's rows when their turn comes: from the journal, from the sendings
//! before, and from the ledger by the ids of their events.

use super::fates::{Fate, Fates, Frame, Known, ORDINALS, Ordinals, Recorded, Run, Standing};
use super::files::Files;
use super::journal::{self, ALL_ROWS, Kept};
use super::reading::Stop;
use std::io;
use std::iter::once;
use std::ops::{ControlFlow, RangeInclusive};
use touchbook_engine::{ReadError, Tenant};
use touchbook_events::incoming::import_correlation;
use touchbook_events::{Data, EventType, Header, Record};
use touchbook_ingest::Event;
use touchbook_ingest::csv::SOURCE;

/// Whose rows they are, and since when this sending of them works.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) prefix: &'a str,
    /// The ledger's head when it began: what stands after it is its own doing.
    pub(super) began_after: u64,
}

pub(super) struct Past<'a> {
    sent: Sent<'a>,
    /// Rows whose events were about to be sent when the service ended.
    in_flight: Option<Fates<Kept>>,
    in_flight_to: u64,
    earlier: Earlier,
    /// The last row of which something was recorded since this sending began, where the service
    /// ended since; 0 if there is none.
    last: u64,
}

/// What is known of the sendings before.
enum Earlier {
    Nothing,
    /// All rows were decided.
    All,
    /// There was one, but it is not kept what became of its rows; it got to this one.
    Lost(u64),
    /// The first that has a row is right.
    Kept(Vec<Fates<Kept>>),
}

impl<'a> Past<'a> {
    /// Of a sending that begins now. A dry run has another journal than the import that it tries,
    /// which may stand still with one of its own.
    pub(super) fn of_new(files: &Files, sent: Sent<'a>, is_dry: bool) -> Result<Self, Stop> {
        Ok(Self {
            earlier: Earlier::find(files, sent, is_dry)?,
            sent,
            in_flight: None,
            in_flight_to: 0,
            last: 0,
        })
    }

    /// Of one that goes on, and whose journal ends with `in_flight`.
    pub(super) fn of_resumed(
        files: &Files,
        sent: Sent<'a>,
        in_flight: Option<Frame>,
    ) -> Result<Self, Stop> {
        let since = sent.began_after + 1..=sent.tenant.head();
        let in_flight_to = in_flight.as_ref().map_or(0, |frame| frame.next_row() - 1);
        let in_flight = in_flight.map(|frame| Fates::new(Box::new(once(Ok(frame))) as Kept));
        Ok(Self {
            earlier: Earlier::find(files, sent, false)?,
            last: last_row(sent, since)?,
            sent,
            in_flight,
            in_flight_to,
        })
    }

    /// Rows up to this one go together: they did before.
    pub(super) fn in_flight_to(&self) -> u64 {
        self.in_flight_to
    }

    /// Of rows in the order of the file.
    pub(super) fn standing(&mut self, row: u64) -> Result<Standing, Stop> {
        let now = self.in_flight.as_mut().map(|fates| fates.of(row));
        let known = Known {
            now: now.transpose()?.flatten(),
            earlier: self.earlier.of(row)?,
            from_last: row.cmp(&self.last),
        };
        let sent = self.sent;
        Ok(known.standing(|| recorded(sent, row)))
    }
}

impl Earlier {
    /// `with_journal` where the journal is not this sending's own.
    fn find(files: &Files, sent: Sent<'_>, with_journal: bool) -> Result<Self, Stop> {
        let journal = match with_journal {
            true => journal::journal(files, sent.prefix)?,
            false => None,
        };
        let past = journal::past(files, sent.prefix)?;
        let kept: Vec<_> = [journal, past]
            .into_iter()
            .flatten()
            .map(Fates::new)
            .collect();
        match kept.is_empty() {
            true => Self::in_ledger(sent).map_err(Stop::Read),
            false => Ok(Self::Kept(kept)),
        }
    }

    /// What the ledger alone says of the sendings before.
    fn in_ledger(sent: Sent<'_>) -> Result<Self, ReadError> {
        let before = |name: &str| {
            let found = sent.tenant.find(SOURCE, &format!("{}:{name}", sent.prefix));
            found.map(|found| found.filter(|position| *position <= sent.began_after))
        };
        let Some(from) = before("started")? else {
            return Ok(Self::Nothing);
        };
        let Some(completed) = before("completed")? else {
            let last = last_row(sent, from..=sent.began_after)?;
            // Of the last one perhaps not all is recorded.
            return Ok(Self::Lost(last.saturating_sub(1)));
        };
        let record = sent.tenant.record(completed)?;
        Ok(match record.map(|record| record.data) {
            Some(Data::ImportCompleted(completed)) if completed.facts.counts.failed == 0 => {
                Self::All
            }
            _ => Self::Lost(u64::MAX),
        })
    }

    fn of(&mut self, row: u64) -> io::Result<Option<Fate>> {
        match self {
            Self::Nothing => Ok(None),
            Self::All => Ok(Some(Fate::Unchanged)),
            Self::Lost(to) => Ok((row <= *to).then_some(Fate::Unknown)),
            Self::Kept(kept) => {
                for fates in kept {
                    if let Some(fate) = fates.of(row)? {
                        return Ok(Some(fate));
                    }
                }
                Ok(None)
            }
        }
    }
}

/// Whether the ledger alone says that all rows of a file were decided.
pub(super) fn are_all_decided(sent: Sent<'_>) -> bool {
    matches!(Earlier::in_ledger(sent), Ok(Earlier::All))
}

/// What the ledger alone says of the sendings before `sent` began: one fate of all rows, or of the
/// first ones.
pub(super) fn in_ledger(sent: Sent<'_>) -> io::Result<Option<Run>> {
    let earlier = Earlier::in_ledger(sent).map_err(io::Error::other)?;
    let (fate, rows) = match earlier {
        Earlier::All => (Fate::Unchanged, ALL_ROWS),
        Earlier::Lost(to) => (Fate::Unknown, to.min(ALL_ROWS)),
        Earlier::Nothing | Earlier::Kept(_) => return Ok(None),
    };
    Ok(Some(Run { fate, rows }))
}

/// The last row of which something is recorded at `positions`; 0 if there is none.
fn last_row(sent: Sent<'_>, positions: RangeInclusive<u64>) -> Result<u64, ReadError> {
    let correlation = Some(import_correlation(sent.tenant.key(), sent.prefix));
    let mut last = 0;
    sent.tenant.scan(positions, &mut |_, bytes| {
        if Header::peek(bytes).is_ok_and(|header| header.correlation == correlation) {
            let record = Record::decode(bytes).ok();
            let of = record.and_then(|record| place_of(&record.sent?.id));
            last = last.max(of.map_or(0, |(row, _)| row));
        }
        ControlFlow::Continue(())
    })?;
    Ok(last)
}

/// Row and ordinal of ids such as `<prefix>:<row>:<ordinal>`.
fn place_of(id: &str) -> Option<(u64, u8)> {
    let mut parts = id.split(':').skip(1);
    let (row, ordinal) = (parts.next()?, parts.next()?);
    Some((row.parse().ok()?, ordinal.parse().ok()?))
}

/// Which of a row's events these are.
pub(super) fn ordinals(events: &[Event]) -> Ordinals {
    let ids = events.iter().filter_map(|event| event.id.as_deref());
    ids.filter_map(|id| place_of(id).map(|(_, ordinal)| ordinal))
        .collect()
}

/// Whether the ledger has an event already.
pub(super) fn is_recorded(tenant: &Tenant, event: &Event) -> bool {
    let id = event.id.as_deref().unwrap_or_default();
    // What can't be looked up is found out when it is sent.
    tenant.find(SOURCE, id).ok().flatten().is_some()
}

/// What the ledger has of a row.
fn recorded(sent: Sent<'_>, row: u64) -> Recorded {
    let mut recorded = Recorded::default();
    for ordinal in 1..=ORDINALS {
        let id = format!("{}:{row}:{ordinal}", sent.prefix);
        // What can't be looked up is found out when it is sent.
        let Some(position) = sent.tenant.find(SOURCE, &id).ok().flatten() else {
            continue;
        };
        recorded.ordinals.insert(ordinal);
        if position > sent.began_after {
            recorded.since.insert(ordinal);
            recorded.is_new |= began_with(sent.tenant, position);
        }
    }
    recorded
}

/// Whether the record at `position` made its customer, which stands before it then.
fn began_with(tenant: &Tenant, position: u64) -> bool {
    header(tenant, position.saturating_sub(1)).is_some_and(|header| {
        header.event_type == EventType::CustomerCreated && header.cause == Some(position)
    })
}

fn header(tenant: &Tenant, position: u64) -> Option<Header> {
    let bytes = tenant.record_bytes(position).ok().flatten()?;
    Header::peek(&bytes).ok()
}
