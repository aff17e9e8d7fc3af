//! Frames of fates as bytes, one after another, of which the last ones may be missing.

use super::fates::{Frame, Run};
use std::io::{self, Read, Write};
use std::iter::Peekable;

/// A frame. Those of batches have less, unless the ledger refused most of their rows with long
/// reasons, of which some are left out then.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Runs of a frame of what several sendings came to.
const RUNS_MAX: usize = 4_096;
const LENGTH_BYTES: usize = 4;
const CHECK_BYTES: usize = 8;
const HEAD_BYTES: usize = LENGTH_BYTES + CHECK_BYTES;

/// # Errors
/// Never, as long as its runs are fewer than rows of a batch.
pub(super) fn encoded(mut frame: Frame) -> io::Result<Vec<u8>> {
    loop {
        let body = postcard::to_stdvec(&frame).map_err(io::Error::other)?;
        if body.len() <= FRAME_BYTES_MAX {
            let length = u32::try_from(body.len()).map_err(io::Error::other)?;
            return Ok([&length.to_le_bytes()[..], &check(&body), &body].concat());
        }
        if frame.refused.is_empty() {
            return Err(io::Error::other("a frame of fates is too long"));
        }
        frame.refused.truncate(frame.refused.len() / 2);
    }
}

fn check(body: &[u8]) -> [u8; CHECK_BYTES] {
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&blake3::hash(body).as_bytes()[..CHECK_BYTES]);
    check
}

/// Reads frames up to the first that is not whole, or does not follow the one before.
pub(super) struct Frames<R> {
    source: R,
    next_row: u64,
    bytes: u64,
    is_over: bool,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            next_row: 1,
            bytes: 0,
            is_over: false,
        }
    }

    /// How many bytes the frames take that were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; HEAD_BYTES];
        if !fill(&mut self.source, &mut head)? {
            return Ok(None);
        }
        let (length, expected) = head.split_at(LENGTH_BYTES);
        let length = length.try_into().map_or(0, u32::from_le_bytes) as usize;
        if length > FRAME_BYTES_MAX {
            return Ok(None);
        }
        let mut body = vec![0; length];
        if !fill(&mut self.source, &mut body)? || check(&body) != expected {
            return Ok(None);
        }
        let frame = postcard::from_bytes(&body).ok();
        let frame: Option<Frame> = frame.filter(|frame: &Frame| frame.first_row == self.next_row);
        if let Some(frame) = &frame {
            self.bytes += (HEAD_BYTES + length) as u64;
            if frame.is_final {
                self.next_row = frame.next_row();
            }
        }
        Ok(frame)
    }
}

impl<R: Read> Iterator for Frames<R> {
    type Item = io::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read().transpose();
        self.is_over = !matches!(read, Some(Ok(_)));
        read
    }
}

/// Whether there was as much as that.
fn fill(source: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// One frame for each row: what became of rows, and of the last ones perhaps only that they were
/// about to be sent.
pub(super) struct Settled<I: Iterator>(Peekable<I>);

impl<I: Iterator<Item = io::Result<Frame>>> Settled<I> {
    pub(super) fn new(frames: I) -> Self {
        Self(frames.peekable())
    }
}

impl<I: Iterator<Item = io::Result<Frame>>> Iterator for Settled<I> {
    type Item = io::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let frame = self.0.next()?;
            let is_final = frame.as_ref().map_or(true, |frame| frame.is_final);
            if is_final || self.0.peek().is_none() {
                return Some(frame);
            }
        }
    }
}

/// Writes runs as frames.
pub(super) struct Runs<W> {
    sink: W,
    frame: Frame,
}

impl<W: Write> Runs<W> {
    pub(super) fn new(sink: W) -> Self {
        let frame = Frame::new(true, 1);
        Self { sink, frame }
    }

    pub(super) fn write(&mut self, run: Run) -> io::Result<()> {
        self.frame.extend(run);
        match self.frame.runs().len() < RUNS_MAX {
            true => Ok(()),
            false => self.flush(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let next = Frame::new(true, self.frame.next_row());
        let full = std::mem::replace(&mut self.frame, next);
        self.sink.write_all(&encoded(full)?)
    }

    /// Answers what was written into.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if !self.frame.is_empty() {
            self.flush()?;
        }
        Ok(self.sink)
    }
}

/// How far the frames of a sending got.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Rows whose fate is known, from the first on.
    pub(super) done: u64,
    pub(super) counts: super::manifest::Counts,
    /// Rows after those, whose events were about to be sent.
    pub(super) in_flight: Option<Frame>,
}

impl Progress {
    pub(super) fn of(frames: impl Iterator<Item = io::Result<Frame>>) -> io::Result<Self> {
        let mut progress = Self::default();
        for frame in frames {
            let frame = frame?;
            if !frame.is_final {
                progress.in_flight = Some(frame);
                continue;
            }
            progress.counts.add(frame.counts());
            progress.done = frame.next_row() - 1;
            progress.in_flight = None;
        }
        Ok(progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::fates::{Fate, Fates};
    use touchbook_ingest::csv::CellError;

    #[test]
    fn frames_that_are_not_whole_are_left_out() {
        let mut frame = Frame::new(true, 1);
        (0..3).for_each(|_| frame.push(Fate::Failed));
        let mut bytes = encoded(frame.clone()).unwrap();
        let whole = bytes.len();
        let mut second = Frame::new(true, 4);
        second.push(Fate::Created);
        bytes.extend(encoded(second).unwrap());
        for end in whole..bytes.len() {
            let mut frames = Frames::new(&bytes[..end]);
            let read: Vec<Frame> = frames.by_ref().map(Result::unwrap).collect();
            assert_eq!((read, frames.bytes()), (vec![frame.clone()], whole as u64));
        }
        bytes[whole + 14] ^= 1;
        assert_eq!(Frames::new(&*bytes).count(), 1);
    }

    /// For the file of the rows that failed.
    #[test]
    fn why_the_ledger_refused_a_row_is_kept_until_its_import_ends() {
        let refused = |row| CellError::of_row((row, row + 1), format!("reason {row}"));
        let mut bytes = Vec::new();
        for first in [1, 3] {
            let mut frame = Frame::new(true, first);
            frame.push(Fate::Failed);
            frame.push(Fate::Updated);
            frame.refused.push(refused(first));
            bytes.extend(encoded(frame).unwrap());
        }
        let mut fates = Fates::new(Settled::new(Frames::new(&*bytes)));
        for row in [1, 3] {
            assert_eq!(fates.of(row).unwrap(), Some(Fate::Failed));
            assert_eq!(fates.refusal(row), Some(&refused(row)));
        }
        assert_eq!(
            (fates.of(4).unwrap(), fates.refusal(4)),
            (Some(Fate::Updated), None)
        );
        assert_eq!(fates.of(5).unwrap(), None);
    }

    /// Reasons go, rows stay.
    #[test]
    fn a_frame_is_never_too_long_for_its_rows() {
        let mut frame = Frame::new(true, 1);
        for row in 1..=2_000 {
            frame.push(if row % 2 == 0 {
                Fate::Failed
            } else {
                Fate::Created
            });
            frame
                .refused
                .push(CellError::of_row((row, row), "x".repeat(2_000)));
        }
        let bytes = encoded(frame.clone()).unwrap();
        let read = Frames::new(&*bytes).next().unwrap().unwrap();
        assert_eq!((read.runs(), read.next_row()), (frame.runs(), 2_001));
        assert!((1..2_000).contains(&read.refused.len()));
    }
}
