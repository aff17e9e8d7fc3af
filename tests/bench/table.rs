//! Figures beside their limits and their peers, for people.

use std::fmt::Write;

/// Which figures there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Row {
    /// NDJSON, 1000 events a request, 4 connections
    Bulk,
    /// One event a request, 1 connection
    One,
    /// One event a request, 64 connections
    Many,
    /// Batches of 100 published to JetStream
    Jetstream,
    /// All projections folded again
    Rebuild,
    /// Timeline pages of 50 entries, 32 connections
    Page,
    /// Searches and lists of many customers
    Customers,
    /// One customer with very many events
    Large,
    /// From SIGKILL to ready
    Ready,
    /// Memory and disk
    Size,
}

/// What a peer can do as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Bulk,
    One,
    Many,
    Rebuild,
    Page,
    PageMedian,
    PageSlow,
    Disk,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    Least(f64),
    Most(f64),
}

impl Reach {
    fn cell(self, figure: f64, shown: impl Fn(f64) -> String) -> String {
        let (sign, bound, reached) = match self {
            Self::Least(least) => ('≥', least, figure >= least),
            Self::Most(most) => ('≤', most, figure <= most),
        };
        let word = if reached { "reached" } else { "MISSED" };
        format!("{sign} {} {word}", shown(bound))
    }
}

/// What can't be exceeded, or what a figure is measured against.
struct Limit {
    value: f64,
    what: &'static str,
    /// Of the share that the figure has of it.
    reach: Option<Reach>,
}

/// The same work, done by somebody else.
struct Beside {
    /// None where it does no such thing, or could not be measured.
    figure: Option<f64>,
    who: String,
}

/// One line of the table.
pub(crate) struct Figure {
    pub(crate) row: Row,
    pub(crate) what: String,
    figure: f64,
    unit: &'static str,
    limits: Vec<Limit>,
    record_bytes: Option<f64>,
    reach: Option<Reach>,
    /// What a peer's figure must be of to stand beside it.
    pub(crate) work: Option<Work>,
    peers: Vec<Beside>,
}

impl Figure {
    pub(crate) fn new(row: Row, what: impl Into<String>, figure: f64, unit: &'static str) -> Self {
        let what = what.into();
        Self {
            row,
            what,
            figure,
            unit,
            limits: Vec::new(),
            record_bytes: None,
            reach: None,
            work: None,
            peers: Vec::new(),
        }
    }

    pub(crate) fn limit(self, limit: f64, what: &'static str) -> Self {
        self.limit_with(limit, what, None)
    }

    /// A limit of which the figure should have a share.
    pub(crate) fn share(self, limit: f64, what: &'static str, reach: Reach) -> Self {
        self.limit_with(limit, what, Some(reach))
    }

    fn limit_with(mut self, value: f64, what: &'static str, reach: Option<Reach>) -> Self {
        self.limits.push(Limit { value, what, reach });
        self
    }

    pub(crate) fn record_bytes(mut self, bytes: f64) -> Self {
        self.record_bytes = Some(bytes);
        self
    }

    pub(crate) fn reach(mut self, reach: impl Into<Option<Reach>>) -> Self {
        self.reach = reach.into();
        self
    }

    pub(crate) fn work(mut self, work: Work) -> Self {
        self.work = Some(work);
        self
    }

    pub(crate) fn put_beside(&mut self, who: String, figure: Option<f64>) {
        self.peers.push(Beside { figure, who });
    }

    fn lines(&self) -> impl Iterator<Item = [String; COLUMNS]> {
        let count = self.limits.len().max(self.peers.len()).max(1);
        (0..count).map(|index| self.line(index))
    }

    fn line(&self, index: usize) -> [String; COLUMNS] {
        let mut cells: [String; COLUMNS] = Default::default();
        let mut reaches = Vec::new();
        if index == 0 {
            cells[0].clone_from(&self.what);
            cells[1] = format!("{} {}", number(self.figure), self.unit);
            let record = |bytes| format!("{bytes:.0} B");
            cells[6] = self.record_bytes.map_or_else(String::new, record);
            reaches.extend(self.reach.map(|reach| reach.cell(self.figure, number)));
        }
        if let Some(Limit { value, what, reach }) = self.limits.get(index) {
            let share = self.figure / value;
            cells[2] = format!("{} {what}", number(*value));
            cells[3] = percent(share);
            reaches.extend(reach.map(|reach| reach.cell(share, |bound| percent(bound) + " of it")));
        }
        if let Some(Beside { figure, who }) = self.peers.get(index) {
            cells[4] = figure.map_or_else(
                || format!("– {who}"),
                |figure| format!("{} {who}", number(figure)),
            );
            let times = |figure| format!("{:.2} ×", self.figure / figure);
            cells[5] = figure.map_or_else(String::new, times);
        }
        cells[7] = reaches.join(", ");
        cells
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// With thousands apart, and as many decimals as matter.
pub(crate) fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const COLUMNS: usize = 8;
const HEAD: [&str; COLUMNS] = [
    "what",
    "figure",
    "limit",
    "of it",
    "peer",
    "ours ÷ its",
    "record",
    "reach",
];

/// The table, without figures of rows that nobody asked for, and without columns that are empty.
pub(crate) fn table(figures: &[Figure], asked: &[Row]) -> String {
    let asked = figures.iter().filter(|figure| asked.contains(&figure.row));
    let lines: Vec<_> = asked.flat_map(Figure::lines).collect();
    let length = |cell: &str| cell.chars().count();
    let mut columns = Vec::new();
    for (column, head) in HEAD.iter().enumerate() {
        let longest = lines.iter().map(|line| length(&line[column])).max();
        if let Some(longest @ 1..) = longest {
            columns.push((column, longest.max(length(head))));
        }
    }
    let mut text = String::new();
    let mut write = |line: &[String; COLUMNS]| {
        for &(column, width) in &columns {
            let _ = write!(text, "| {:width$} ", line[column]);
        }
        text.push_str("|\n");
    };
    write(&HEAD.map(str::to_owned));
    let mut rule: [String; COLUMNS] = Default::default();
    for &(column, width) in &columns {
        rule[column] = "-".repeat(width);
    }
    write(&rule);
    lines.iter().for_each(write);
    text
}
