//! The service, as these commands ask it.

use super::To;
use crate::config::Config;
use anyhow::{Context, bail};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

pub(super) struct Service {
    http: reqwest::Client,
    url: String,
    tenant: String,
    key: Option<String>,
}

impl Service {
    pub(super) fn new(to: &To, config: &Config) -> anyhow::Result<Self> {
        let url = to.url(config);
        if !url.starts_with("http://") {
            bail!("the address of a service begins with http://, and {url} does not");
        }
        // A proxy that the environment names is for the web, not for this machine.
        let http = reqwest::Client::builder().no_proxy().build();
        Ok(Self {
            http: http.context("could not make an HTTP client")?,
            url,
            tenant: to.tenant(config),
            key: to.key.clone(),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.as_caller(self.http.get(self.at(path)))
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.as_caller(self.http.post(self.at(path)))
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.url)
    }

    fn as_caller(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request.header("X-Tenant-ID", &self.tenant),
        }
    }

    /// Sends a request; whatever is no success is an error that says why.
    pub(super) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.send().await;
        let answer = answer.with_context(|| format!("could not ask {}", self.url))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.text().await.unwrap_or_default();
        let hint = match (status.as_u16(), &self.key) {
            (401, None) => "; name a key with --key or TOUCHBOOK_KEY",
            _ => "",
        };
        bail!("{}{hint}", refusal(status.as_u16(), &text))
    }

    pub(super) async fn json(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let answer = self.send(request).await?;
        let text = answer.text().await.context("the answer broke off")?;
        serde_json::from_str(&text).context("the answer is no JSON")
    }
}

/// What a problem (RFC 9457) says, for people.
fn refusal(status: u16, text: &str) -> String {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let said = |name: &str| problem[name].as_str().filter(|text| !text.is_empty());
    match (said("code"), said("detail").or_else(|| said("title"))) {
        (Some(code), Some(detail)) => format!("{detail} ({code}, {status})"),
        (_, Some(detail)) => format!("{detail} ({status})"),
        _ => format!("the service answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        let problem = r#"{"code":"unusable_file","detail":"the file has no header"}"#;
        assert_eq!(
            refusal(422, problem),
            "the file has no header (unusable_file, 422)"
        );
        assert_eq!(refusal(502, "<html>"), "the service answered 502");
    }
}
