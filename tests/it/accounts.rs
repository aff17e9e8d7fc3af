//! Keys from the command line, and what they open.

use crate::load;
use crate::service::{Service, binary};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn keys(data_dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.arg("keys").args(arguments);
    command.arg("--data-dir").arg(data_dir).output().unwrap()
}

/// The only line that a command answered.
fn line(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim_end().to_owned()
}

fn create(data_dir: &Path, arguments: &[&str]) -> String {
    line(&keys(data_dir, &[&["create"], arguments].concat()))
}

async fn ask(service: &Service, key: &str, method: Method, path: &str) -> Response {
    let request = service.request_as("default", method, path);
    request.bearer_auth(key).send().await.unwrap()
}

/// C20: the first key comes from whoever owns the folder, before anybody serves it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_command_line_opens_the_service_until_it_is_revoked() {
    let dir = touchbook_testkit::data_dir();
    let admin = create(dir.path(), &["--role", "super_admin"]);
    let service = Service::start_with_accounts(dir);
    let nobody = service.get("/api/v1/customers").await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let path = "/api/v1/session";
    let session: Value = ask(&service, &admin, Method::GET, path)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&session["tenant"], &session["role"]),
        (&"default".into(), &"super_admin".into())
    );

    let producer = create(
        service.data_dir(),
        &["--role", "producer", "--name", "shop"],
    );
    let event = load::event("accounts", 1);
    let sent = service.request_as("default", Method::POST, "/api/v1/events");
    let sent = sent
        .bearer_auth(&producer)
        .header("Content-Type", "application/json");
    assert_eq!(
        sent.body(event).send().await.unwrap().status(),
        StatusCode::OK
    );
    let read = ask(&service, &producer, Method::GET, "/api/v1/customers").await;
    assert_eq!(read.status(), StatusCode::FORBIDDEN);

    let prefix = producer.split('_').nth(2).unwrap();
    line(&keys(service.data_dir(), &["revoke", prefix]));
    let late = ask(&service, &producer, Method::GET, path).await;
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
    let listed = keys(service.data_dir(), &["list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("revoked at position"), "{listed}");
    assert!(!listed.contains(&producer), "{listed}");
}

/// Neither the ledger nor its snapshots hold a key or a webhook's secret.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_stands_but_in_the_file_of_secrets() {
    let dir = touchbook_testkit::data_dir();
    let secret_file = dir.path().join("shop-secret");
    fs::write(&secret_file, "a secret of the shop\n").unwrap();
    let secret_path = secret_file.to_str().unwrap();
    let key = create(
        dir.path(),
        &["--webhook", "shopify", "--secret-file", secret_path],
    );
    fs::remove_file(&secret_file).unwrap();
    let mut service = Service::start_with_accounts(dir);
    service.terminate();
    let secret = key.rsplit('_').next().unwrap();
    let mut holders = Vec::new();
    look(service.data_dir(), &mut |path, bytes| {
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!holds(secret), "{} holds the key", path.display());
        if holds("a secret of the shop") {
            holders.push(path.file_name().unwrap().to_owned());
        }
    });
    assert_eq!(holders, ["secrets.toml"]);
}

/// Shows each file below a folder.
fn look(folder: &Path, each: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => look(&path, each),
            false => each(&path, &fs::read(&path).unwrap_or_default()),
        }
    }
}

#[test]
fn what_can_not_be_is_refused_with_what_can() {
    let dir = touchbook_testkit::data_dir();
    for (arguments, said) in [
        (&["--role", "god"][..], "customer_self, agent, manager"),
        (&["--webhook", "fax"], "timeline, call_system"),
        (&["--role", "agent", "--user", "nobody"], "no user `nobody`"),
        (
            &["--role", "agent", "--tenant", "elsewhere"],
            "no tenant elsewhere",
        ),
    ] {
        let output = keys(dir.path(), &[&["create"], arguments].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && text.contains(said),
            "{arguments:?}: {text}"
        );
    }
}
