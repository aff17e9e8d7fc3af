//! Reads a source page by page, over and over.

use crate::Clock;
use crate::address::Reach;
use crate::checkpoint::Checkpoint;
use crate::client::{Bounds, Client};
use crate::failure::Failure;
use crate::health::Health;
use crate::limits::{AHEAD_SECONDS_MAX, OVERLAP_SECONDS, PAGE_ROWS};
use crate::metrics;
use crate::pace::Pace;
use crate::page::{self, Row};
use crate::place::{Cursor, Place};
use crate::recent::Recent;
use crate::sink::Sink;
use crate::source::{Key, SourceUrl, Table};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Which source is polled, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    pub url: SourceUrl,
    pub table: Table,
    /// Without one the source is not asked, and fails with that reason.
    pub key: Option<Key>,
    /// Between two polls, at least.
    pub interval: Duration,
    /// Whether the source may be in a private network, or on this machine.
    pub allow_private: bool,
    /// The file that keeps how far it was read.
    pub checkpoint: PathBuf,
}

/// Reads one source into one sink.
pub struct Poller<S> {
    settings: Settings,
    client: Client,
    clock: Clock,
    checkpoint: Checkpoint,
    sink: S,
    health: Arc<Health>,
    pace: Pace,
    /// The last row that was stored.
    place: Option<Place>,
    /// How long polls have found nothing behind `place`, as intervals add up.
    quiet: Duration,
    recent: Recent,
    page_rows: usize,
}

impl<S: Sink> Poller<S> {
    /// # Errors
    /// When the authorities that the system trusts can't be read.
    pub fn new(
        settings: Settings,
        sink: S,
        health: Arc<Health>,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        Self::with_bounds(settings, Bounds::default(), sink, health, clock)
    }

    pub(crate) fn with_bounds(
        settings: Settings,
        bounds: Bounds,
        sink: S,
        health: Arc<Health>,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        let reach = match settings.allow_private {
            true => Reach::Everywhere,
            false => Reach::Public,
        };
        let path = settings.checkpoint.clone();
        let checkpoint = Checkpoint::new(path, &settings.url, &settings.table);
        Ok(Self {
            client: Client::new(reach, bounds, Arc::clone(&clock))?,
            pace: Pace::new(settings.interval),
            place: checkpoint.load(),
            quiet: Duration::ZERO,
            recent: Recent::default(),
            page_rows: PAGE_ROWS,
            settings,
            clock,
            checkpoint,
            sink,
            health,
        })
    }

    /// Polls until it is told to stop; what was begun then may be half done, and is done again.
    pub async fn run(mut self, stopping: CancellationToken) {
        let polling = async {
            loop {
                let pause = self.turn().await;
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! {
            () = polling => {}
            () = stopping.cancelled() => {}
        }
    }

    /// Polls once; answers how long it is until the next time.
    pub(crate) async fn turn(&mut self) -> Duration {
        metrics::polled();
        match self.poll().await {
            Ok(()) => {
                self.page_rows = (self.page_rows * 2).min(PAGE_ROWS);
                self.health.succeeded((self.clock)());
                self.pace.succeeded()
            }
            Err(failure) => {
                if let Failure::TooLarge(_) = failure {
                    self.page_rows = (self.page_rows / 2).max(1);
                }
                self.health.failed(&failure);
                self.pace.failed(failure.retry_after(), rand::random())
            }
        }
    }

    /// Reads from where the last poll came to up to the end.
    async fn poll(&mut self) -> Result<(), Failure> {
        let key = self.settings.key.clone().ok_or(Failure::NoKey)?;
        let before = self.place.clone();
        // A poll that breaks starts over with the overlap.
        let quiet = std::mem::take(&mut self.quiet);
        let is_settled = quiet.as_secs() >= OVERLAP_SECONDS.unsigned_abs();
        let mut cursor = Cursor::first(before.as_ref(), is_settled);
        loop {
            let (url, table) = (&self.settings.url, &self.settings.table);
            let url = url.page(table, &cursor, self.page_rows);
            let body = self.client.get(url, &key).await?;
            let rows = page::rows(&body, self.page_rows)?;
            // A server may answer fewer rows than it was asked for: only an empty page is the end.
            if rows.is_empty() {
                break;
            }
            let is_full = rows.len() == self.page_rows;
            let last = rows.iter().rev().find_map(|row| row.place.clone());
            self.store(rows).await?;
            let last = last.ok_or(Failure::Unpaged)?;
            if cursor.after.as_ref() == Some(&last) {
                // A server that takes `since` alone answers the last row again.
                match is_full {
                    true => return Err(Failure::Unpaged),
                    false => break,
                }
            }
            self.reach(&last).await?;
            cursor = Cursor::behind(last);
        }
        if self.place == before {
            self.quiet = quiet.saturating_add(self.settings.interval);
        }
        Ok(())
    }

    async fn store(&mut self, mut rows: Vec<Row>) -> Result<(), Failure> {
        let is_new = |row: &Row| (row.place.as_ref()).is_none_or(|at| !self.recent.contains(at));
        rows.retain(is_new);
        if rows.is_empty() {
            return Ok(());
        }
        let told = rows.iter().map(|row| row.json.clone()).collect();
        let stored = self.sink.store(told).await;
        metrics::stored(stored.map_err(|unstored| Failure::Unstored(unstored.code))?);
        for row in rows {
            row.place
                .into_iter()
                .for_each(|place| self.recent.add(place));
        }
        Ok(())
    }

    /// Notes that everything up to `last` is stored; what was read again takes nothing back, and
    /// what is far ahead of now leads nowhere.
    async fn reach(&mut self, last: &Place) -> Result<(), Failure> {
        let is_behind = |place: &Place| last.at() < place.at();
        let is_ahead = last.at() > (self.clock)().plus_seconds(AHEAD_SECONDS_MAX);
        if is_ahead || self.place.as_ref().is_some_and(is_behind) {
            return Ok(());
        }
        self.place = Some(last.clone());
        let saved = self.checkpoint.save(last.clone()).await;
        saved.map_err(|error| {
            tracing::warn!(%error, "how far the quote source was read could not be written");
            Failure::Unsaved
        })
    }
}
