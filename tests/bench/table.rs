//! Figures beside their limits, for people.

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
    /// From SIGKILL to ready
    Ready,
    /// Memory and disk
    Size,
}

/// One line of the table.
pub(crate) struct Figure {
    pub(crate) row: Row,
    pub(crate) what: String,
    pub(crate) figure: f64,
    pub(crate) unit: &'static str,
    /// What can't be exceeded, and what it is.
    pub(crate) limits: Vec<(f64, &'static str)>,
    pub(crate) record_bytes: Option<f64>,
    /// What it should be at least.
    pub(crate) reach: Option<f64>,
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
        }
    }

    pub(crate) fn limit(mut self, limit: f64, what: &'static str) -> Self {
        self.limits.push((limit, what));
        self
    }

    pub(crate) fn record_bytes(mut self, bytes: f64) -> Self {
        self.record_bytes = Some(bytes);
        self
    }

    pub(crate) fn reach(mut self, reach: f64) -> Self {
        self.reach = Some(reach);
        self
    }

    fn cells(&self) -> [String; 6] {
        let verdict = |least| format!("≥ {} {}", number(least), word(self.figure >= least));
        let mut cells = self.limit_cells(0);
        cells[0].clone_from(&self.what);
        cells[1] = format!("{} {}", number(self.figure), self.unit);
        cells[4] = self
            .record_bytes
            .map_or_else(String::new, |bytes| format!("{bytes:.0} B"));
        cells[5] = self.reach.map_or_else(String::new, verdict);
        cells
    }

    fn limit_cells(&self, index: usize) -> [String; 6] {
        let mut cells: [String; 6] = Default::default();
        if let Some((limit, what)) = self.limits.get(index) {
            cells[2] = format!("{} {what}", number(*limit));
            cells[3] = format!("{:.0} %", 100.0 * self.figure / limit);
        }
        cells
    }
}

fn word(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

/// With thousands apart, and as many decimals as matter.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const HEAD: [&str; 6] = ["what", "figure", "limit", "of it", "record", "reach"];

/// The table; figures of rows that nobody asked for are left out.
pub(crate) fn table(figures: &[Figure], asked: &[Row]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    for figure in figures.iter().filter(|figure| asked.contains(&figure.row)) {
        lines.push(figure.cells());
        lines.extend((1..figure.limits.len()).map(|index| figure.limit_cells(index)));
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let rule = widths
        .iter()
        .map(|width| "-".repeat(*width))
        .collect::<Vec<_>>();
    lines.insert(1, rule.try_into().expect("as many columns as widths"));
    let mut text = String::new();
    for line in &lines {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
    }
    text
}
