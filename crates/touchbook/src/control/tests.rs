use super::protocol::{Reply, Request};
use super::{Node, Server, socket};
use crate::config::{Config, Flags};
use crate::secrets::Vault;
use crate::service;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use touchbook_engine::{Engine, StreamConfig};

fn config(data_dir: &Path) -> Config {
    let mut flags = Flags::default();
    flags.storage.data_dir = Some(data_dir.display().to_string());
    Config::load(&flags).unwrap()
}

async fn open(data_dir: &Path) -> (Engine, Server) {
    let engine = service::open(&config(data_dir), StreamConfig::Embedded)
        .await
        .unwrap();
    let node = Node {
        engine: engine.clone(),
        vault: Arc::new(Vault::open(data_dir).unwrap()),
    };
    let server = Server::start(data_dir, node).unwrap();
    (engine, server)
}

/// Everything that is replied to a line.
async fn replies(data_dir: &Path, line: &str) -> Vec<Reply> {
    let stream = UnixStream::connect(socket(data_dir)).await.unwrap();
    let (reader, mut writer) = stream.into_split();
    writer.write_all(line.as_bytes()).await.unwrap();
    writer.write_all(b"\n").await.unwrap();
    let mut lines = BufReader::new(reader).lines();
    let mut replies = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        replies.push(serde_json::from_str(&line).unwrap());
    }
    replies
}

async fn answer(data_dir: &Path, request: &Request) -> Vec<Reply> {
    replies(data_dir, &serde_json::to_string(request).unwrap()).await
}

fn lines(replies: &[Reply]) -> Vec<&str> {
    let mut lines = Vec::new();
    for reply in replies {
        if let Reply::Line { text } = reply {
            lines.push(text.as_str());
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_does_what_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, server) = open(dir.path()).await;
    let tenant = "acme".to_owned();
    let created = answer(
        dir.path(),
        &Request::CreateTenant {
            tenant: tenant.clone(),
        },
    )
    .await;
    assert_eq!(lines(&created), ["acme is created"]);
    assert_eq!(created.last(), Some(&Reply::Done));
    let listed = answer(dir.path(), &Request::ListTenants).await;
    assert_eq!(lines(&listed), ["acme  1 records"]);
    let rebuild = Request::Rebuild {
        tenant,
        projections: vec!["customers".to_owned()],
    };
    let rebuilt = answer(dir.path(), &rebuild).await;
    assert_eq!(
        lines(&rebuilt),
        ["customers of acme is rebuilt up to position 1"]
    );
    let verified = answer(dir.path(), &Request::Verify { tenant: None }).await;
    assert!(lines(&verified)[0].starts_with("acme: 1 records as they were written"));
    server.stop().await;
    service::shut_down(engine).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_done_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, server) = open(dir.path()).await;
    let rebuild = Request::Rebuild {
        tenant: "nobody".to_owned(),
        projections: Vec::new(),
    };
    for (line, reason) in [
        (
            serde_json::to_string(&rebuild).unwrap(),
            "there is no tenant nobody",
        ),
        (
            serde_json::to_string(&Request::AdoptStream).unwrap(),
            "nothing to adopt",
        ),
        (
            "{\"command\":\"erase\"}".to_owned(),
            "the command is not known",
        ),
        ("hello".to_owned(), "the command is not known"),
    ] {
        let replies = replies(dir.path(), &line).await;
        let [Reply::Failed { reason: said }] = replies.as_slice() else {
            panic!("{line}: {replies:?}");
        };
        assert!(said.contains(reason), "{line}: {said}");
    }
    server.stop().await;
    service::shut_down(engine).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_the_owners_alone_and_goes_with_the_service() {
    let dir = tempfile::tempdir().unwrap();
    // One that a killed process has left.
    drop(std::os::unix::net::UnixListener::bind(socket(dir.path())).unwrap());
    let (engine, server) = open(dir.path()).await;
    let mode = std::fs::metadata(socket(dir.path()))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    server.stop().await;
    assert!(!socket(dir.path()).try_exists().unwrap());
    service::shut_down(engine).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_nobody_serves_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let nothing = super::ask(&config, Request::ListTenants)
        .await
        .unwrap_err()
        .to_string();
    assert!(nothing.starts_with("there is no ledger in "), "{nothing}");
    let create = Request::CreateTenant {
        tenant: "acme".to_owned(),
    };
    super::ask(&config, create).await.unwrap();
    super::ask(
        &config,
        Request::Verify {
            tenant: Some("acme".to_owned()),
        },
    )
    .await
    .unwrap();
    let unknown = Request::Verify {
        tenant: Some("other".to_owned()),
    };
    let unknown = super::ask(&config, unknown).await.unwrap_err().to_string();
    assert_eq!(unknown, "there is no tenant other");
}
