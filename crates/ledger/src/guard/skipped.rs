//! Segments in the middle of the log that can't be read to their end.
//!
//! The store skips the rest of such a segment and goes on. It takes whatever it meets there for
//! what a power cut leaves of a segment that it had given free; where a disk lost what was needed,
//! it goes on all the same, and what it lost is gone without a word. So here it is told apart.
//!
//! A power cut does leave such a segment, twice over:
//!
//! - *Begun anew*: of the first write into a free segment only what stands within a message reached
//!   the disk. The segment still has its old header.
//! - *Being erased*: whenever the store opens its log it reads it to its end, writes a snapshot,
//!   and then fills every segment with zeros that no page is in any more. It syncs neither the
//!   snapshot's name nor the zeros before it goes on. So what comes back may be the snapshot from
//!   before, which has the log read from further back, across segments that are erased in part.

use crate::log::{End, Log, Pages, SEGMENT, Segment};
use crate::survey;
use crate::witness::Note;
use std::io;

/// Where the first thing stands that the store would skip, and that may have been needed.
pub(super) fn first(log: &Log, end: &End, pages: &Pages, noted: Note) -> io::Result<Option<u64>> {
    let skipped: Vec<&Segment> = skipped(log, end).collect();
    let is_begun_anew = |segments: &[&Segment]| match segments {
        [] => true,
        [one] => was_begun_anew(one, log, end, pages),
        // There was one first write since the last sync: less than a segment is between two.
        _ => false,
    };
    if is_begun_anew(&skipped) {
        return Ok(None);
    }
    let mut others = Vec::new();
    for segment in &skipped {
        if !was_being_erased(segment, log, pages)? {
            others.push(*segment);
        }
    }
    // What is erased can't be asked any more what it was. Had it been needed, the store would show
    // what was before, and in that something would be missing.
    if is_begun_anew(&others) && survey::are_whole(pages, log, noted)? {
        return Ok(None);
    }
    let first = others.first().or_else(|| skipped.first());
    Ok(first.map(|segment| place(segment)))
}

/// The segments before the end that the store would not read to their end.
fn skipped<'a>(log: &'a Log, end: &End) -> impl Iterator<Item = &'a Segment> {
    let end = end.lsn;
    let segments = log.segments.values();
    segments
        .filter(move |segment| segment.lsn + SEGMENT <= end && !segment.is_being_reused)
        .filter(|segment| !segment.has_header || !segment.gaps.is_empty() || !segment.is_complete())
}

fn place(segment: &Segment) -> u64 {
    match segment.has_header {
        true => segment.offset + segment.readable_to() as u64,
        false => segment.offset,
    }
}

/// Whether it may be that of the first write into a segment only a part is there: the log is whole
/// up to where that write would have followed, and of the segment nothing is needed.
fn was_begun_anew(segment: &Segment, log: &Log, end: &End, pages: &Pages) -> bool {
    let is_next_missing = end.lsn.is_multiple_of(SEGMENT) && !log.segments.contains_key(&end.lsn);
    is_next_missing && !is_used(segment, pages)
}

/// Whether it may be that a segment was being erased. Wherever it can't be read, sectors are zeros;
/// its header is there, or the segment would not be met at all. No page is in it as the store reads
/// it; nor would one be if what stands around erased sectors were read too: whatever page those
/// messages are of was replaced later.
fn was_being_erased(segment: &Segment, log: &Log, pages: &Pages) -> io::Result<bool> {
    let mut messages = segment.messages.iter().chain(&segment.damaged);
    if !segment.has_header
        || is_used(segment, pages)
        || messages.any(|message| pages.may_need(message))
    {
        return Ok(false);
    }
    for range in segment.unread() {
        if !log.has_erased_sector(&range)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_used(segment: &Segment, pages: &Pages) -> bool {
    pages.any_within(&(segment.offset..segment.offset + SEGMENT))
}
