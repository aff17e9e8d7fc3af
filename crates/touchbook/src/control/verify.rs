//! Verifying a ledger that nobody serves, whatever state it is in.

use super::node::intact;
use super::protocol::Reply;
use crate::config::Storage;
use crate::damage;
use anyhow::{Context, bail};
use std::ops::ControlFlow;
use tokio::sync::mpsc::Sender;
use touchbook_events::TenantNumber;
use touchbook_ledger::{Ledger, Options, Reader};

/// Walks the chains without folding anything. A damaged ledger is opened too: saying where the
/// damage is, is what this is for.
pub(super) async fn verify(
    storage: Storage,
    tenant: Option<String>,
    replies: Sender<Reply>,
) -> anyhow::Result<()> {
    let walk = move || {
        let options = Options {
            cache_bytes: storage.ledger_cache_bytes,
            read_damaged: true,
        };
        let data_dir = &storage.data_dir;
        match Ledger::open(data_dir, &options, touchbook_engine::peek) {
            Ok((ledger, _)) => walk(&ledger.reader(), tenant.as_deref(), &replies),
            Err(error) if error.is_damage() => bail!(damage::explain(data_dir, &error)),
            Err(error) => Err(error)
                .with_context(|| format!("could not open the ledger in {}", data_dir.display())),
        }
    };
    tokio::task::spawn_blocking(walk)
        .await
        .context("verifying ended with a panic")?
}

fn walk(reader: &Reader, asked: Option<&str>, replies: &Sender<Reply>) -> anyhow::Result<()> {
    let mut found = false;
    let mut damaged = Vec::new();
    for number in reader.tenants() {
        let slug = slug(reader, number);
        if asked.is_some_and(|asked| asked != slug) {
            continue;
        }
        found = true;
        if let Err(error) = walk_one(reader, number, &slug, replies) {
            damaged.push(format!("{slug}: {error:#}"));
        }
    }
    match asked {
        Some(asked) if !found => bail!("there is no tenant {asked}"),
        _ if damaged.is_empty() => Ok(()),
        _ => bail!("{}\n{}", damaged.join("\n"), damage::RESTORE),
    }
}

fn walk_one(
    reader: &Reader,
    number: TenantNumber,
    slug: &str,
    replies: &Sender<Reply>,
) -> anyhow::Result<()> {
    let what = format!("verifying {slug}");
    let mut progress = |done, total| {
        if replies.is_closed() {
            return ControlFlow::Break(());
        }
        // One that finds no room is followed by another.
        let _ = replies.try_send(Reply::Progress {
            what: what.clone(),
            done,
            total,
        });
        ControlFlow::Continue(())
    };
    let verified = reader.verify(number, &mut progress)?;
    if replies.is_closed() {
        bail!("it was cancelled");
    }
    let chain = touchbook_events::digest::hex(&verified.head.chain);
    let _ = replies.blocking_send(Reply::Finished {
        done: verified.records,
    });
    let text = intact(slug, verified.records, &chain);
    let _ = replies.blocking_send(Reply::Line { text });
    Ok(())
}

fn slug(reader: &Reader, number: TenantNumber) -> String {
    let first = reader.record(number, 1).ok().flatten();
    damage::slug(number, first.as_deref())
}
