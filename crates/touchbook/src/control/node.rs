//! What commands do with an engine, whoever opened it.

use super::keys;
use super::protocol::{Reply, Request};
use crate::secrets::Vault;
use anyhow::{Context, anyhow, bail};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use touchbook_engine::{Engine, JobState, JobView, Tenant};

/// How often a job is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a stream may take to be reached.
const STREAM_WAIT_MAX: Duration = Duration::from_secs(10);

/// What commands work on.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) vault: Arc<Vault>,
}

/// Does what is asked; who asked has gone once `replies` is closed.
pub(super) async fn perform(
    node: &Node,
    request: Request,
    replies: &Sender<Reply>,
) -> anyhow::Result<()> {
    let engine = &node.engine;
    match request {
        Request::CreateTenant { tenant } => create_tenant(engine, &tenant, replies).await,
        Request::ListTenants => list_tenants(engine, replies).await,
        Request::Rebuild {
            tenant,
            projections,
        } => rebuild(engine, &tenant, &projections, replies).await,
        Request::Verify { tenant } => verify(engine, tenant.as_deref(), replies).await,
        Request::StreamStatus => {
            for text in status(engine) {
                line(replies, text).await;
            }
            Ok(())
        }
        Request::AdoptStream => {
            let adopted = engine.adopt_stream().await?;
            let text = format!(
                "adopted; reading goes on after sequence {}",
                adopted.sequence
            );
            line(replies, text).await;
            Ok(())
        }
        Request::CreateKey(request) => keys::create(node, request, replies).await,
        Request::ListKeys { tenant } => keys::list(node, &tenant, replies).await,
        Request::RevokeKey { tenant, prefix } => {
            keys::revoke(node, &tenant, &prefix, replies).await
        }
    }
}

/// Gives a stream that was just opened the time to be reached.
pub(super) async fn wait_for_stream(engine: &Engine, request: &Request) {
    if !matches!(request, Request::StreamStatus | Request::AdoptStream) {
        return;
    }
    let reached = async {
        loop {
            let stream = engine.status().stream;
            let settled = match request {
                Request::AdoptStream => stream.stopped.is_some(),
                _ => stream.connected,
            };
            if settled {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    // What comes next says what is wrong.
    let _ = tokio::time::timeout(STREAM_WAIT_MAX, reached).await;
}

pub(super) async fn line(replies: &Sender<Reply>, text: String) {
    let _ = replies.send(Reply::Line { text }).await;
}

async fn create_tenant(engine: &Engine, slug: &str, replies: &Sender<Reply>) -> anyhow::Result<()> {
    let known = engine.tenant(slug).is_some();
    let tenant = engine.create_tenant(slug).await?;
    let what = if known {
        "is there already"
    } else {
        "is created"
    };
    line(replies, format!("{} {what}", tenant.slug())).await;
    Ok(())
}

async fn list_tenants(engine: &Engine, replies: &Sender<Reply>) -> anyhow::Result<()> {
    let tenants = engine.tenants();
    let width = tenants
        .iter()
        .map(|tenant| tenant.slug().len())
        .max()
        .unwrap_or_default();
    for tenant in tenants {
        line(
            replies,
            format!("{:width$}  {} records", tenant.slug(), tenant.head()),
        )
        .await;
    }
    Ok(())
}

async fn rebuild(
    engine: &Engine,
    slug: &str,
    projections: &[String],
    replies: &Sender<Reply>,
) -> anyhow::Result<()> {
    let tenant = tenant(engine, slug)?;
    let names: Vec<&str> = projections.iter().map(String::as_str).collect();
    let begun = engine.rebuild(&tenant, &names)?;
    let what = format!("rebuilding {} of {slug}", begun.targets.join(", "));
    let ended = follow(engine, begun, &what, replies).await?;
    for target in &ended.targets {
        line(
            replies,
            format!(
                "{target} of {slug} is rebuilt up to position {}",
                ended.done
            ),
        )
        .await;
    }
    Ok(())
}

async fn verify(
    engine: &Engine,
    slug: Option<&str>,
    replies: &Sender<Reply>,
) -> anyhow::Result<()> {
    let tenants = match slug {
        Some(slug) => vec![tenant(engine, slug)?],
        None => engine
            .node_tenant()
            .into_iter()
            .chain(engine.tenants())
            .collect(),
    };
    for tenant in tenants.iter().filter(|tenant| tenant.head() > 0) {
        let begun = engine.verify(tenant)?;
        let what = format!("verifying {}", tenant.slug());
        let ended = follow(engine, begun, &what, replies).await?;
        let result = ended.result.unwrap_or_default();
        let records = result["records"].as_u64().unwrap_or_default();
        let chain = result["chain"].as_str().unwrap_or_default();
        line(replies, intact(tenant.slug(), records, chain)).await;
    }
    Ok(())
}

/// What is said of a ledger that is as it was written.
pub(super) fn intact(slug: &str, records: u64, chain: &str) -> String {
    format!("{slug}: {records} records as they were written, chain head {chain}")
}

pub(super) fn tenant(engine: &Engine, slug: &str) -> anyhow::Result<Arc<Tenant>> {
    engine.tenant(slug).ok_or_else(|| {
        let there: Vec<_> = engine
            .tenants()
            .iter()
            .map(|known| known.slug().to_owned())
            .collect();
        anyhow!("there is no tenant {slug}; there are {}", there.join(", "))
    })
}

/// Tells how far a job is until it ends. Cancels it once nobody listens.
async fn follow(
    engine: &Engine,
    begun: JobView,
    what: &str,
    replies: &Sender<Reply>,
) -> anyhow::Result<JobView> {
    loop {
        let job = engine
            .jobs()
            .get(&begun.id)
            .context("the job is forgotten")?;
        match &job.state {
            JobState::Running => {}
            JobState::Succeeded => {
                let _ = replies.send(Reply::Finished { done: job.done }).await;
                return Ok(job);
            }
            JobState::Cancelled => bail!("it was cancelled; everything is as it was"),
            JobState::Failed { reason } => bail!("{reason}"),
        }
        let (done, total) = (job.done, job.total);
        let _ = replies
            .send(Reply::Progress {
                what: what.to_owned(),
                done,
                total,
            })
            .await;
        tokio::select! {
            () = replies.closed() => {
                engine.jobs().cancel(&begun.id);
                tokio::time::sleep(LOOK_EVERY).await;
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// How the stream stands, in lines of name and value.
fn status(engine: &Engine) -> Vec<String> {
    let status = engine.status();
    let stream = &status.stream;
    let mut lines = vec![format!("stream     {:?}", stream.kind).to_lowercase()];
    let mut add = |name: &str, value: String| lines.push(format!("{name:10} {value}"));
    if let Some(version) = &stream.server_version {
        add("server", format!("NATS {version}"));
    }
    add(
        "connected",
        if stream.connected { "yes" } else { "no" }.to_owned(),
    );
    add("last", format!("sequence {}", stream.last_sequence));
    add("read", format!("sequence {}", stream.delivered_sequence));
    add(
        "queued",
        format!("{} of {} bytes", stream.queued, stream.queued_bytes),
    );
    add("ready", if status.ready { "yes" } else { "no" }.to_owned());
    for reason in &status.reasons {
        add(
            if reason.blocking { "stopped" } else { "note" },
            format!("{}: {}", reason.code, reason.detail),
        );
    }
    lines
}
