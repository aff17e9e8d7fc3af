//! What the ledger takes on disk while it is written for long: the store has to reclaim what it no
//! longer needs.
//!
//! An hour of trickle is 36,000 commits of one event, an hour of bulk as many of hundreds; only the
//! time between them is left out. `cargo xtask disk` runs whole hours, and prints their tables.

#![expect(clippy::print_stdout, reason = "tables, for who asked for them")]

// The attribute tells clippy that helpers in here, too, are test code.
#[cfg(test)]
#[path = "disk/course.rs"]
mod course;
#[cfg(test)]
#[path = "disk/mix.rs"]
mod mix;
#[cfg(test)]
#[path = "disk/subject.rs"]
mod subject;

use course::Course;
use std::time::Duration;
use subject::{Load, Subject, Table};
use touchbook_testkit::asked;

/// What the ledger may take for a byte of records that were committed many at a time, or alone.
const BULK_RATIO: f64 = 1.6;
const TRICKLE_RATIO: f64 = 3.0;

/// How often a ledger is opened again in a long run.
const RESTARTS: u64 = 36;

/// Long enough for the store's own thread to come by some times.
const SHORT_REST: Duration = Duration::from_millis(300);

fn bulk(commits: u64, events: u64) -> Load {
    Load {
        name: "bulk",
        commits,
        events,
        reopen_every: None,
        ratio: BULK_RATIO,
    }
}

fn trickle(commits: u64) -> Load {
    Load {
        name: "trickle",
        events: 1,
        ratio: TRICKLE_RATIO,
        ..bulk(commits, 1)
    }
}

fn restarts(commits: u64, events: u64, every: u64) -> Load {
    Load {
        name: "restarts",
        reopen_every: Some(every),
        ..bulk(commits, events)
    }
}

#[test]
fn what_is_no_longer_needed_is_reclaimed() {
    let course = Subject::new(Table::Omitted).bear(&restarts(1_200, 110, 1_000), SHORT_REST);
    assert!(
        course.written_bytes > course.allowed_bytes(),
        "nothing had to be reclaimed: only {} bytes were written",
        course.written_bytes,
    );
    course.check();
}

#[test]
#[ignore = "`cargo xtask disk` says how many commits, of how many events, and how long a rest"]
fn as_many_commits_as_were_asked_for() {
    let (commits, events) = (asked("DISK_COMMITS", 36_000), asked("DISK_EVENTS", 300));
    let rest = Duration::from_secs(asked("DISK_REST_SECONDS", 60));
    // One after the other on the same ledger. The first hour of a trickle is less than what the
    // store sets aside, so more follow.
    let ledgers = [
        vec![trickle(commits), trickle(commits * 9)],
        vec![bulk(commits, events), trickle(commits)],
        vec![restarts(
            commits,
            events.div_ceil(10),
            commits.div_ceil(RESTARTS),
        )],
    ];
    let mut courses = Vec::new();
    for loads in &ledgers {
        let mut subject = Subject::new(Table::Printed);
        courses.extend(loads.iter().map(|load| subject.bear(load, rest)));
    }
    courses.iter().for_each(Course::check);
}
