//! What a command shows: answers on stdout, how far it is on stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Writes a line of the answer. Nobody who reads it is no error: `touchbook … | head` is fine.
pub(crate) fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Writes a line for people, beside the answer.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes why a command failed.
pub(crate) fn complain(line: &str) {
    note(line);
}

/// A bar on a terminal, now and then a line elsewhere.
pub(crate) struct Progress {
    what: String,
    bar: Option<ProgressBar>,
    started: Instant,
    said: Instant,
}

impl Progress {
    pub(crate) fn new(what: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(what));
        let now = Instant::now();
        Self {
            what: what.to_owned(),
            bar,
            started: now,
            said: now,
        }
    }

    pub(crate) fn set(&mut self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        } else if self.said.elapsed() >= LINE_EVERY {
            self.said = Instant::now();
            note(&line(&self.what, done, total, self.started.elapsed()));
        }
    }

    /// Takes the bar away, and says how it went.
    pub(crate) fn finish(self, done: u64) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        note(&line(&self.what, done, done, self.started.elapsed()));
    }

    /// Takes the bar away.
    pub(crate) fn abandon(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let template = "{msg} [{bar:30}] {human_pos}/{human_len} {rate}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
            // A rate that can't be written is not shown.
            let _ = write!(text, "{:.0}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
    }
    bar.with_message(what.to_owned())
}

fn line(what: &str, done: u64, total: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = done as f64 / seconds.max(0.001);
    if done >= total {
        return format!("{what}: {done} in {seconds:.1} s, {rate:.0}/s");
    }
    let left = (total - done) as f64 / rate.max(1.0);
    format!("{what}: {done} of {total}, {rate:.0}/s, {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_how_long_it_takes() {
        let two = Duration::from_secs(2);
        assert_eq!(
            line("rebuild", 50, 200, two),
            "rebuild: 50 of 200, 25/s, 6 s left"
        );
        assert_eq!(
            line("rebuild", 200, 200, two),
            "rebuild: 200 in 2.0 s, 100/s"
        );
        assert_eq!(line("rebuild", 0, 0, two), "rebuild: 0 in 2.0 s, 0/s");
    }
}
