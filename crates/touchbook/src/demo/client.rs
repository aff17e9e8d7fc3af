//! A client of the service's own HTTP API, as any other program would write one.

use anyhow::{Context, bail};
use serde_json::Value;
use std::time::Duration;

/// How long the service may take until it can work, which with NATS includes reaching it.
const READY_WAIT_MAX: Duration = Duration::from_secs(30);
/// How often it is asked.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Asks one tenant's data.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    tenant: String,
}

impl Client {
    pub(super) fn new(url: String, tenant: &str) -> anyhow::Result<Self> {
        // A proxy that the environment names is for the web, not for this machine.
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.context("could not make an HTTP client")?;
        Ok(Self {
            http,
            url,
            tenant: tenant.to_owned(),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Waits until the service can do all of its work.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        let mut last = String::new();
        let ready = async {
            loop {
                let answer = self.http.get(format!("{}/readyz", self.url)).send().await?;
                if answer.status().is_success() {
                    return anyhow::Ok(());
                }
                last = answer.text().await?;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(READY_WAIT_MAX, ready).await {
            Ok(ready) => ready.context("could not ask the service whether it is ready"),
            Err(_) => bail!("the service does not get ready: {}", last.trim()),
        }
    }

    /// Sends a batch of events; answers the position of the last.
    pub(super) async fn send(&self, events: String) -> anyhow::Result<u64> {
        let request = self
            .http
            .post(format!("{}/api/v1/events", self.url))
            .header("Content-Type", "application/cloudevents-batch+json")
            .header("X-Tenant-ID", &self.tenant)
            .body(events);
        let answer = json(request).await.context("could not send events")?;
        if let Some(error) = answer["errors"].get(0) {
            bail!("the service refused an event: {error}");
        }
        answer["position"]
            .as_u64()
            .context("the answer has no position")
    }

    /// Reads what `path` names, for instance `customers?view=top`.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}/api/v1/{path}", self.url);
        let request = self.http.get(url).header("X-Tenant-ID", &self.tenant);
        json(request)
            .await
            .with_context(|| format!("could not read {path}"))
    }
}

async fn json(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("{status}: {text}");
    }
    serde_json::from_str(&text).context("the answer is no JSON")
}
