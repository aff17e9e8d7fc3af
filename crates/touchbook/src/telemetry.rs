//! Logs and metrics of the process.
//!
//! **Never** lets the libraries underneath speak below a warning: what they log at other levels may
//! quote requests, and no log holds personal data.

use crate::config::{Format, Log};
use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use std::time::Duration;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What may log more than warnings: us.
const OWN_TARGETS: &str = "touchbook";
/// Libraries that others log through, or that see what customers send.
const FOREIGN_TARGETS: [&str; 8] = [
    "async_nats",
    "axum",
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "sled",
    "tower_http",
];

/// From a sync on fast storage to one that deserves an alert, in seconds.
const DURATION_BUCKETS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];
/// How often the recorder sorts what was recorded into its buckets, scraped or not.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Logs go to stderr; stdout is for what a command answers.
pub(crate) fn log(config: &Log) {
    let plain = match config.format {
        Format::Auto => std::io::stderr().is_terminal(),
        Format::Plain => true,
        Format::Json => false,
    };
    let registry = tracing_subscriber::registry().with(filter(&config.level.0));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if plain {
        let ansi = std::io::stderr().is_terminal();
        registry.with(layer.with_ansi(ansi)).init();
    } else {
        registry
            .with(layer.json().flatten_event(true).with_current_span(false))
            .init();
    }
}

/// Logs panics. What a panic says is left out unless it is the program's own text, since it may
/// quote what customers wrote.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload().downcast_ref::<&'static str>().copied();
        let location = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(thread = thread.name(), location, message, "a panic");
    }));
}

fn filter(asked: &Targets) -> Targets {
    let general = asked.default_level().unwrap_or(LevelFilter::OFF);
    let mut filter = Targets::new().with_default(general.min(LevelFilter::WARN));
    filter = filter.with_target(OWN_TARGETS, general);
    filter =
        filter.with_targets(FOREIGN_TARGETS.map(|target| (target, general.min(LevelFilter::WARN))));
    // A target that was named is meant: its level stands, except where it would quote requests.
    filter.with_targets(asked.iter().map(|(target, level)| {
        let own = target.starts_with(OWN_TARGETS);
        (
            target.to_owned(),
            if own {
                level
            } else {
                level.min(LevelFilter::from(Level::INFO))
            },
        )
    }))
}

/// The process's metrics, and how `/metrics` reads them. To be called within the runtime.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)
        .and_then(|builder| builder.install_recorder())
        .context("could not set up metrics")?;
    touchbook_engine::metrics::describe();
    touchbook_outbound::metrics::describe();
    let kept_up = handle.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(UPKEEP_EVERY);
        loop {
            every.tick().await;
            kept_up.run_upkeep();
        }
    });
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_see_requests_never_log_them() {
        let filter = filter(&"trace,hyper=trace,touchbook_api=debug".parse().unwrap());
        assert!(filter.would_enable("touchbook_engine", &Level::TRACE));
        assert!(filter.would_enable("touchbook_api", &Level::DEBUG));
        assert!(!filter.would_enable("touchbook_api", &Level::TRACE));
        assert!(filter.would_enable("hyper", &Level::INFO));
        assert!(!filter.would_enable("hyper", &Level::DEBUG));
        assert!(!filter.would_enable("async_nats", &Level::INFO));
        assert!(!filter.would_enable("unheard_of", &Level::INFO));
    }

    #[test]
    fn off_is_off() {
        let filter = filter(&"off".parse().unwrap());
        assert!(!filter.would_enable("touchbook_engine", &Level::ERROR));
        assert!(!filter.would_enable("hyper", &Level::ERROR));
    }
}
