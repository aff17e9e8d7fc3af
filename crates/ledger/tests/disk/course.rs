//! How a load went.

use crate::subject::Load;
use touchbook_ledger::limits::SEGMENT_BYTES;

/// What the store sets aside whatever is in it: of a segment's dead bytes it knows only when two
/// more are full, and what it saved from it must be in a full one, too, before it is used again.
/// Beside that, small files.
const SET_ASIDE_BYTES: u64 = 6 * SEGMENT_BYTES as u64 + 1024 * 1024;

/// What a ratio may rise by and still be the same: files grow by whole segments.
const STEADY: f64 = 1.05;

/// Sizes at some moment; of all bytes, those since the load began.
#[derive(Clone, Copy, Default)]
pub(crate) struct Point {
    pub(crate) commits: u64,
    pub(crate) encoded_bytes: u64,
    pub(crate) disk_bytes: u64,
}

impl Point {
    fn ratio(&self) -> f64 {
        self.disk_bytes as f64 / self.encoded_bytes as f64
    }

    /// The same, as if what the store sets aside had been taken from the beginning.
    fn ratio_beyond_set_aside(&self) -> f64 {
        self.disk_bytes.max(SET_ASIDE_BYTES) as f64 / self.encoded_bytes as f64
    }
}

/// The log at some moment.
pub(crate) struct Log {
    pub(crate) written_bytes: u64,
    pub(crate) segments: usize,
    pub(crate) free_segments: usize,
}

impl Log {
    pub(crate) fn since(self, begin: &Self) -> Self {
        let written_bytes = self.written_bytes - begin.written_bytes;
        Self {
            written_bytes,
            ..self
        }
    }
}

/// Everything that is seen of one load.
pub(crate) struct Course {
    name: String,
    commits: u64,
    limit: f64,
    /// What was written to the log.
    pub(crate) written_bytes: u64,
    /// The highest ratio since the last line of the table.
    peak_ratio: f64,
    after_a_third: f64,
    most_in_last_third: f64,
    ends: Vec<(&'static str, Point)>,
}

impl Course {
    pub(crate) fn new(load: &Load) -> Self {
        let name = format!("{}, {} commits of {}", load.name, load.commits, load.events);
        println!("\n{name}; MB\n");
        println!("| commits | encoded | on disk | × | peak × | written | segments | free |");
        println!("|---|---|---|---|---|---|---|---|");
        Self {
            name,
            commits: load.commits,
            limit: load.ratio,
            written_bytes: 0,
            peak_ratio: 0.0,
            after_a_third: 0.0,
            most_in_last_third: 0.0,
            ends: Vec::new(),
        }
    }

    /// After every commit.
    pub(crate) fn note(&mut self, point: Point) {
        self.peak_ratio = self.peak_ratio.max(point.ratio());
        let ratio = point.ratio_beyond_set_aside();
        if point.commits == self.commits / 3 {
            self.after_a_third = ratio;
        }
        if point.commits > self.commits / 3 * 2 {
            self.most_in_last_third = self.most_in_last_third.max(ratio);
        }
    }

    /// Now and then, for the table.
    pub(crate) fn tell(&mut self, when: &str, point: Point, log: &Log) {
        let mb = |bytes: u64| bytes as f64 / 1e6;
        self.written_bytes = log.written_bytes;
        let peak_ratio = std::mem::take(&mut self.peak_ratio).max(point.ratio());
        println!(
            "| {when} | {:.1} | {:.1} | {:.2} | {peak_ratio:.2} | {:.1} | {} | {} |",
            mb(point.encoded_bytes),
            mb(point.disk_bytes),
            point.ratio(),
            mb(log.written_bytes),
            log.segments,
            log.free_segments,
        );
    }

    /// Once the load is over.
    pub(crate) fn end(&mut self, when: &'static str, point: Point, log: &Log) {
        self.tell(when, point, log);
        self.ends.push((when, point));
    }

    /// The most that the ledger may take in the end.
    pub(crate) fn allowed_bytes(&self) -> u64 {
        let (_, last) = self.ends.last().unwrap();
        SET_ASIDE_BYTES.max((last.encoded_bytes as f64 * self.limit) as u64)
    }

    pub(crate) fn check(&self) {
        let name = &self.name;
        for (when, point) in &self.ends {
            assert!(
                point.disk_bytes <= self.allowed_bytes(),
                "{name}: {when}, {} bytes are {:.2} × the encoded records",
                point.disk_bytes,
                point.ratio(),
            );
        }
        let (before, most) = (self.after_a_third, self.most_in_last_third);
        assert!(
            most <= before * STEADY,
            "{name}: it rose from {before:.2} × the encoded records to {most:.2} ×"
        );
    }
}
