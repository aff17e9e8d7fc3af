//! Documents 000 and 001 against the real binary: what they show runs as it stands there, and what
//! they promise of summaries holds without anybody doing anything for it.

mod documents;
mod promises;
mod shown;
mod summaries;

use crate::service::{Service, binary};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const TIMELINE_SECRET: &str = "your_secret_key_here";
const CALL_SECRET: &str = "your_call_system_secret";
/// Whose the secrets of the environment and the first key are.
const TENANT: &str = "default";

/// A service with accounts, as document 001 sets it up, and somebody who uses it.
struct Mission {
    service: Service,
    key: String,
}

impl Mission {
    fn start() -> Self {
        let dir = touchbook_testkit::data_dir();
        let key = create_key(dir.path(), "super_admin");
        let secrets = [
            ("TIMELINE_WEBHOOK_SECRET", TIMELINE_SECRET),
            ("CALL_SYSTEM_WEBHOOK_SECRET", CALL_SECRET),
        ];
        let service = Service::start_with_secrets(dir, &secrets);
        Self { service, key }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.service.request_as(TENANT, Method::GET, path);
        success(path, request.bearer_auth(&self.key).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, secret: &str, body: &str) -> Response {
        let request = self.service.request_as(TENANT, Method::POST, path);
        let request = request.bearer_auth(secret).body(body.to_owned());
        let request = request.header("Content-Type", "application/json");
        request.send().await.unwrap()
    }

    /// Waits until everything that was answered so far is in every view.
    async fn settled(&self) {
        touchbook_testkit::eventually("every projection has caught up", || async {
            let all = self.get("/api/v1/projections").await;
            let mut items = all["items"].as_array().unwrap().iter();
            items.all(|one| one["lag"] == 0)
        })
        .await;
    }
}

fn create_key(data_dir: &Path, role: &str) -> String {
    let mut command = Command::new(binary());
    command.args(["keys", "create", "--role", role, "--data-dir"]);
    let output = command.arg(data_dir).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn success(what: &str, response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{what}: {text}");
    serde_json::from_str(&text).unwrap()
}
