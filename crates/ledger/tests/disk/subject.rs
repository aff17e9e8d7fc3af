//! The ledger under a load, with what the engine does around each commit.

use crate::course::{Course, Log, Point};
use crate::mix::{Encoded, Records, peek};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use touchbook_events::TenantNumber;
use touchbook_ledger::space::space;
use touchbook_ledger::{Commit, Ledger, Options, Stats};
use touchbook_testkit::eventually_blocking;

const T: TenantNumber = TenantNumber(1);

/// A trickle's seconds: what is durable is noted once in each.
const COMMITS_A_NOTE: u64 = 10;

/// Lines of a table while the load goes on.
const LINES: u64 = 10;

pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) commits: u64,
    /// Events of each commit.
    pub(crate) events: u64,
    pub(crate) reopen_every: Option<u64>,
    /// What it may take on disk for a byte of its encoded records.
    pub(crate) ratio: f64,
}

/// Whether what is seen on the way is wanted: examining the log takes time.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Table {
    Printed,
    Omitted,
}

pub(crate) struct Subject {
    ledger: Option<Ledger>,
    records: Records,
    table: Table,
    reopened: u64,
    /// Last, so that it is removed when nobody writes in it.
    dir: TempDir,
}

impl Subject {
    pub(crate) fn new(table: Table) -> Self {
        // On the disk that the checkout is on, since temporary folders are often in memory.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self {
            ledger: Some(open(&dir)),
            records: Records::new(),
            table,
            reopened: 0,
            dir,
        }
    }

    /// Commits, rests and reopens.
    pub(crate) fn bear(&mut self, load: &Load, rest: Duration) -> Course {
        let (begin, log_begin) = (self.stats(), self.log());
        let mut course = Course::new(load);
        for commits in 1..=load.commits {
            self.commit(load.events);
            if commits % COMMITS_A_NOTE == 0 {
                self.ledger().reader().note_durable().unwrap();
            }
            if load.reopen_every.is_some_and(|every| commits % every == 0) {
                self.reopen();
            }
            let point = since(&begin, &self.stats(), commits);
            course.note(point);
            let is_due = commits % load.commits.div_ceil(LINES) == 0;
            if is_due && self.table == Table::Printed {
                course.tell(&commits.to_string(), point, &self.log().since(&log_begin));
            }
        }
        self.settle(rest);
        let mut end = |when, subject: &Self| {
            let point = since(&begin, &subject.stats(), load.commits);
            course.end(when, point, &subject.log().since(&log_begin));
        };
        end("rested", self);
        self.reopen();
        end("reopened", self);
        course
    }

    fn commit(&mut self, events: u64) {
        let reader = self.ledger().reader();
        let next = reader.head(T).position + 1;
        let encoded = self.records.encoded(next..next + events);
        for event_key in encoded.event_keys() {
            assert_eq!(reader.find(T, event_key).unwrap(), None);
        }
        drop(reader);
        self.append(&encoded);
    }

    fn append(&mut self, encoded: &Encoded) {
        let tenants = vec![(T, encoded.news())];
        let commit = Commit {
            tenants,
            checkpoint: None,
        };
        let ledger = self.ledger.as_mut().unwrap();
        ledger.append(&commit).unwrap();
    }

    /// In turn after a close and without one.
    fn reopen(&mut self) {
        let ledger = self.ledger.take().unwrap();
        self.reopened += 1;
        if self.reopened.is_multiple_of(2) {
            drop(ledger);
        } else {
            ledger.close().unwrap();
        }
        self.ledger = Some(open(&self.dir));
    }

    /// Waits until what it takes on disk has been the same for the time of a rest.
    fn settle(&self, rest: Duration) {
        let mut last = (self.stats().disk_bytes, Instant::now());
        eventually_blocking("the size on disk stays the same", || {
            let now = self.stats().disk_bytes;
            if now != last.0 {
                last = (now, Instant::now());
            }
            last.1.elapsed() >= rest
        });
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    fn stats(&self) -> Stats {
        self.ledger().reader().stats().unwrap()
    }

    fn log(&self) -> Log {
        let space = space(self.dir.path()).unwrap();
        Log {
            written_bytes: space.written_bytes,
            segments: space.segments,
            free_segments: space.free_segments,
        }
    }
}

fn open(dir: &TempDir) -> Ledger {
    let opened = Ledger::open(dir.path(), &Options::default(), peek);
    opened.unwrap().0
}

fn since(begin: &Stats, now: &Stats, commits: u64) -> Point {
    Point {
        commits,
        encoded_bytes: now.logical_bytes - begin.logical_bytes,
        disk_bytes: now.disk_bytes.saturating_sub(begin.disk_bytes),
    }
}
