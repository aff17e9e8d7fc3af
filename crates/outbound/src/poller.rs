//! Reads a source page by page, over and over.

use crate::Clock;
use crate::address::Reach;
use crate::checkpoint::Checkpoint;
use crate::client::{Bounds, Client};
use crate::failure::Failure;
use crate::health::Health;
use crate::limits::{
    AHEAD_SECONDS_MAX, LOOK_BACK_SECONDS, OVERLAP_SECONDS, PAGE_ROWS, QUIET_POLLS, UNDATED_ROWS_MAX,
};
use crate::metrics;
use crate::pace::Pace;
use crate::page::{self, Row};
use crate::place::{Cursor, Place};
use crate::recent::Recent;
use crate::sink::{Sink, Stored, Unstored};
use crate::source::{Key, SourceUrl, Table};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use touchbook_events::Timestamp;

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
    quiet: Quiet,
    /// When more was read again than the overlap, since the start.
    looked_back_at: Option<Timestamp>,
    recent: Recent,
    page_rows: usize,
    page_bytes: usize,
}

/// Rows that were read at once.
struct Page {
    rows: Vec<Row>,
    /// The place of the last of them that has one.
    last: Option<Place>,
    is_full: bool,
}

/// How many polls have found nothing behind the last row.
#[derive(Clone, Copy, Default)]
struct Quiet(u32);

impl Quiet {
    fn longer(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// What is read again before the last row, until nothing was new for as long as that, from the
    /// first of these polls to the last.
    fn again_seconds(self, interval: Duration) -> Option<i64> {
        let waited = interval.saturating_mul(self.0.saturating_sub(1));
        let is_settled =
            self.0 >= QUIET_POLLS && waited.as_secs() >= OVERLAP_SECONDS.unsigned_abs();
        (!is_settled).then_some(OVERLAP_SECONDS)
    }
}

fn stored(stored: Result<Stored, Unstored>) -> Result<(), Failure> {
    metrics::stored(stored.map_err(|unstored| Failure::Unstored(unstored.code))?);
    Ok(())
}

/// Goes on after a panic, which would otherwise end all polling without anybody being told.
async fn caught(poll: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let mut poll = pin!(poll);
    let step = |context: &mut Context<'_>| {
        let step = AssertUnwindSafe(|| poll.as_mut().poll(context));
        catch_unwind(step).unwrap_or(Poll::Ready(Err(Failure::Panicked)))
    };
    poll_fn(step).await
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
            place: checkpoint.load(|mark| sink.confirms(mark)),
            quiet: Quiet::default(),
            looked_back_at: None,
            recent: Recent::default(),
            page_rows: PAGE_ROWS,
            page_bytes: bounds.bytes,
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
        match caught(self.poll()).await {
            Ok(()) => {
                self.health.succeeded((self.clock)());
                self.pace.succeeded()
            }
            Err(failure) => {
                self.health.failed(&failure);
                self.pace.failed(failure.retry_after(), rand::random())
            }
        }
    }

    /// Reads from where the last poll came to up to the end.
    async fn poll(&mut self) -> Result<(), Failure> {
        let key = self.settings.key.clone().ok_or(Failure::NoKey)?;
        let before = self.place.clone();
        let looks_back = self.looks_back();
        // A poll that breaks starts over with the overlap.
        let quiet = std::mem::take(&mut self.quiet);
        let again_seconds = match looks_back {
            true => Some(LOOK_BACK_SECONDS),
            false => quiet.again_seconds(self.settings.interval),
        };
        self.read(&key, Cursor::first(before.as_ref(), again_seconds))
            .await?;
        if looks_back {
            self.read_undated(&key).await?;
            self.looked_back_at = Some((self.clock)());
        }
        if self.place == before {
            self.quiet = quiet.longer();
        }
        Ok(())
    }

    /// Whether it is time to read more again than the overlap.
    fn looks_back(&self) -> bool {
        let now = (self.clock)();
        self.looked_back_at
            .is_none_or(|at| at.plus_seconds(LOOK_BACK_SECONDS) <= now)
    }

    async fn read(&mut self, key: &Key, mut cursor: Cursor) -> Result<(), Failure> {
        while let Some(page) = self.page(key, &cursor).await? {
            self.store(page.rows).await?;
            let last = page.last.ok_or(Failure::Unpaged)?;
            if cursor.after.as_ref() == Some(&last) {
                // A server that takes `since` alone answers the last row again.
                match page.is_full {
                    true => return Err(Failure::Unpaged),
                    false => break,
                }
            }
            self.reach(&last).await?;
            cursor = Cursor::behind(last);
        }
        Ok(())
    }

    /// The page behind `cursor`, of as many rows as can be read at once; `None` at the end. A
    /// server may answer fewer rows than it was asked for: only an empty page is the end.
    async fn page(&mut self, key: &Key, cursor: &Cursor) -> Result<Option<Page>, Failure> {
        loop {
            let (url, table) = (&self.settings.url, &self.settings.table);
            let url = url.page(table, cursor, self.page_rows);
            let body = match self.client.get(url, key).await {
                Ok(body) => body,
                Err(Failure::TooLarge(_)) if self.page_rows > 1 => {
                    self.page_rows /= 2;
                    continue;
                }
                Err(Failure::TooLarge(_)) => return self.pass_by(key, cursor).await,
                Err(failure) => return Err(failure),
            };
            let rows = page::rows(&body, self.page_rows)?;
            let is_full = rows.len() == self.page_rows;
            if body.len() <= self.page_bytes / 4 {
                self.page_rows = (self.page_rows * 2).min(PAGE_ROWS);
            }
            return Ok((!rows.is_empty()).then(|| Page {
                last: rows.iter().rev().find_map(|row| row.place.clone()),
                rows,
                is_full,
            }));
        }
    }

    /// Goes on behind a row that is larger than a page may be: it would hold back all others.
    async fn pass_by(&mut self, key: &Key, cursor: &Cursor) -> Result<Option<Page>, Failure> {
        let (url, table) = (&self.settings.url, &self.settings.table);
        let body = self.client.get(url.next_place(table, cursor), key).await?;
        let Some(row) = page::rows(&body, 1)?.pop() else {
            return Ok(None);
        };
        let is_new = |at: &Place| !self.recent.contains(at);
        if let Some(place) = row.place.clone().filter(is_new) {
            stored(self.sink.pass_by(row.json).await)?;
            self.recent.add(place);
        }
        Ok(Some(Page {
            rows: Vec::new(),
            last: row.place,
            is_full: true,
        }))
    }

    /// Rows without `updated_at` have no place among the others. A server that knows nothing of
    /// such is not asked on.
    async fn read_undated(&mut self, key: &Key) -> Result<(), Failure> {
        let mut after = None;
        for _ in 0..UNDATED_ROWS_MAX.div_ceil(PAGE_ROWS) {
            let (url, table) = (&self.settings.url, &self.settings.table);
            let url = url.undated(table, after.as_deref(), PAGE_ROWS);
            let read = self.client.get(url, key).await;
            let rows = match read.and_then(|body| page::rows(&body, PAGE_ROWS)) {
                Ok(rows) => rows,
                Err(failure) => {
                    let code = failure.code();
                    tracing::warn!(code, "rows of the quote source without a time are not read");
                    return Ok(());
                }
            };
            let last = rows.last().and_then(|row| row.id.clone());
            if last.is_none() || last == after || rows.iter().any(|row| row.place.is_some()) {
                return Ok(());
            }
            self.store(rows).await?;
            after = last;
        }
        tracing::warn!("the quote source has more rows without a time than are read");
        Ok(())
    }

    async fn store(&mut self, mut rows: Vec<Row>) -> Result<(), Failure> {
        let is_new = |row: &Row| (row.place.as_ref()).is_none_or(|at| !self.recent.contains(at));
        rows.retain(is_new);
        if rows.is_empty() {
            return Ok(());
        }
        let told = rows.iter().map(|row| row.json.clone()).collect();
        stored(self.sink.store(told).await)?;
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
        let saved = self.checkpoint.save(last.clone(), self.sink.mark()).await;
        saved.map_err(|error| {
            tracing::warn!(%error, "how far the quote source was read could not be written");
            Failure::Unsaved
        })
    }
}
