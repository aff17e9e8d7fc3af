//! `touchbook demo`: a service with something in it to look at.

mod client;
mod event;
mod load;
mod orders;
mod people;
mod sink;
mod stories;
mod words;

use crate::access::Mode;
use crate::cli;
use crate::config::Config;
use crate::progress::{note, say};
use crate::service::Service;
use crate::signals::Signals;
use anyhow::Context;
use client::Client;
use std::path::PathBuf;

pub(crate) async fn run(mut config: Config, options: &cli::Demo) -> anyhow::Result<()> {
    let orders = options.orders.as_deref().map(orders::events).transpose()?;
    // Nothing real among what is made up.
    config.quote_source.url = None;
    let mut signals = Signals::new()?;
    // Made-up data belongs in no directory but one that was named for it.
    let temporary = match &options.settings.storage.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("could not make a directory for the data")?),
    };
    if let Some(temporary) = &temporary {
        config.storage.data_dir = PathBuf::from(temporary.path());
    }
    let service = tokio::select! {
        service = Service::start(&config, Mode::Dev) => service?,
        _ = signals.next() => return Ok(()),
    };
    say(&format!("listening on {}", service.url()));
    let shown = tokio::select! {
        shown = load_and_show(&service, &config, options.seed, orders) => shown,
        _ = signals.next() => {
            note("stopping before everything is loaded");
            return service.stop().await;
        }
    };
    if shown.is_ok() && !options.exit_after_load {
        let kept = if temporary.is_some() {
            "goes with it"
        } else {
            "stays"
        };
        say(&format!(
            "Ctrl-C ends it; the data in {} {kept}.",
            config.storage.data_dir.display()
        ));
        signals.next().await;
    }
    signals.abort_on_next();
    service.stop().await?;
    shown
}

async fn load_and_show(
    service: &Service,
    config: &Config,
    seed: u64,
    orders: Option<Vec<String>>,
) -> anyhow::Result<()> {
    let tenant = config.tenants.default_tenant.0.as_str();
    let client = Client::new(service.url(), tenant)?;
    client.ready().await?;
    match orders {
        Some(events) => orders::run(service, config, &client, &events).await,
        None => load::run(service, config, &client, seed).await,
    }
}
