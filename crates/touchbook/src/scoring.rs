//! Scores what customers say, once it is durable: `sentiment.scored` through the same intake as
//! everything else (S1-112, S1-130).
//!
//! A score is an event with an id that follows from what was scored, so no restart, no second node
//! and no rebuild makes another one. Callers go first: a small batch at a time, none while events
//! wait for the writer (or one a second, where always some do), and a rest as long as each took.
//! The thread has everybody's priority all the same: it reads projections under their locks, and
//! who holds a lock must get on.

mod files;
mod place;
mod reading;
mod task;

use crate::config::ScorerChoice;
use anyhow::Context;
use files::Files;
use std::path::Path;
use std::thread::JoinHandle;
use task::Task;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use touchbook_engine::Engine;
use touchbook_sentiment::{Scorer, Vader};

/// A scorer at work.
pub(crate) struct Scoring {
    thread: JoinHandle<()>,
    stop: CancellationToken,
}

impl Scoring {
    /// Begins to score, unless that is off; call it on the runtime.
    pub(crate) fn start(
        choice: ScorerChoice,
        data_dir: &Path,
        engine: &Engine,
    ) -> anyhow::Result<Option<Self>> {
        if choice != ScorerChoice::Vader {
            (engine.scorers()).add(Vader::NAME, Vader::VERSION, false);
            return Ok(None);
        }
        Self::start_with(Box::new(Vader::new()), data_dir, engine).map(Some)
    }

    fn start_with(
        scorer: Box<dyn Scorer>,
        data_dir: &Path,
        engine: &Engine,
    ) -> anyhow::Result<Self> {
        (engine.scorers()).add(scorer.name(), scorer.version(), true);
        let stop = CancellationToken::new();
        let task = Task {
            engine: engine.clone(),
            files: Files::new(data_dir, scorer.name()),
            scorer,
            runtime: Handle::current(),
            stop: stop.clone(),
            standings: Default::default(),
        };
        let thread = std::thread::Builder::new()
            .name("touchbook-scorer".to_owned())
            .spawn(move || task.run())
            .context("could not start the scorer's thread")?;
        Ok(Self { thread, stop })
    }

    /// Afterwards it holds nothing of the engine.
    ///
    /// # Errors
    /// Where it ended by itself, with a panic.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        let ended = tokio::task::spawn_blocking(move || self.thread.join()).await;
        match ended {
            Ok(Ok(())) => Ok(()),
            _ => anyhow::bail!("scoring ended with a panic"),
        }
    }
}

#[cfg(test)]
mod tests;
