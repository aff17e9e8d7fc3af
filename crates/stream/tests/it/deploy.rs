//! The configuration files for operators, run by the servers they are for.

use crate::common::{numbers, options, read, request};
use async_nats::jetstream::Context;
use async_nats::{ConnectOptions, Event};
use std::process::Command;
use tokio::sync::mpsc;
use touchbook_stream::Stream;
use touchbook_testkit::{Nats, NatsBinary, NatsSetup, WAIT, workspace_dir};

const SERVICE: (&str, &str) = ("touchbook", "service-password");
const PRODUCER: (&str, &str) = ("producer-acme", "producer-password");

fn setups() -> [(NatsBinary, &'static str); 2] {
    [
        (NatsBinary::current(), "nats.conf"),
        (NatsBinary::old(), "nats-2.9.conf"),
    ]
}

fn start(binary: NatsBinary, file: &str) -> Nats {
    NatsSetup::new(binary)
        .config(workspace_dir().join("deploy/nats").join(file))
        .variable("TOUCHBOOK_NATS_PASSWORD", SERVICE.1)
        .variable("PRODUCER_NATS_PASSWORD", PRODUCER.1)
        .start()
}

/// A client, and the complaints that the server sends it.
async fn connect(nats: &Nats, (user, password): (&str, &str)) -> (Context, Complaints) {
    let (sender, complaints) = mpsc::unbounded_channel();
    let client = ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
        .event_callback(move |event| {
            if let Event::ServerError(error) = event {
                let _ = sender.send(error.to_string());
            }
            std::future::ready(())
        })
        .connect(nats.url())
        .await
        .unwrap();
    (async_nats::jetstream::new(client), complaints)
}

type Complaints = mpsc::UnboundedReceiver<String>;

async fn refused(complaints: &mut Complaints, what: &str) {
    let complaint = tokio::time::timeout(WAIT, complaints.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(
        complaint.to_lowercase().contains("permissions violation"),
        "{complaint}"
    );
    assert!(complaint.contains(what), "{complaint} is not about {what}");
}

#[tokio::test]
async fn the_service_and_a_producer_can_do_their_work() {
    for (binary, file) in setups() {
        let nats = start(binary, file);
        let options = options(nats.url_as(SERVICE.0, SERVICE.1));
        let (stream, mut reader) = Stream::<u64>::jetstream(options, None).await.unwrap();
        stream.publish(request("acme", [1])).await.unwrap();
        let (producer, _) = connect(&nats, PRODUCER).await;
        let subject = "touchbook.events.acme.call.started";
        let ack = producer
            .publish(subject, r#"{"id":"2"}"#.into())
            .await
            .unwrap()
            .await
            .unwrap();
        assert_eq!((ack.stream.as_str(), ack.sequence), ("TOUCHBOOK", 2));
        let messages = read(&mut reader, 2).await;
        assert_eq!(numbers(&messages[1]), [2]);
        assert_eq!(stream.status().last_error, None);
    }
}

#[tokio::test]
async fn a_producer_can_do_nothing_else() {
    for (binary, file) in setups() {
        let nats = start(binary, file);
        let options = options(nats.url_as(SERVICE.0, SERVICE.1));
        let (stream, mut reader) = Stream::<u64>::jetstream(options, None).await.unwrap();
        let (producer, mut complaints) = connect(&nats, PRODUCER).await;
        for subject in [
            "touchbook.commands.acme.call.started",
            "touchbook.events.bolt.call.started",
            "$JS.API.STREAM.INFO.TOUCHBOOK",
            "$JS.API.STREAM.DELETE.TOUCHBOOK",
            "$JS.API.CONSUMER.CREATE.TOUCHBOOK",
        ] {
            producer
                .client()
                .publish(subject, "{}".into())
                .await
                .unwrap();
            refused(&mut complaints, subject).await;
        }
        for subject in ["touchbook.>", "_INBOX_TOUCHBOOK.>", ">"] {
            let _subscription = producer.client().subscribe(subject).await.unwrap();
            refused(&mut complaints, subject).await;
        }
        stream.publish(request("acme", [7])).await.unwrap();
        let messages = read(&mut reader, 1).await;
        assert_eq!(
            numbers(&messages[0]),
            [7],
            "only the service's command is in the stream"
        );
    }
}

#[tokio::test]
async fn the_service_publishes_no_events_and_deletes_nothing() {
    for (binary, file) in setups() {
        let nats = start(binary, file);
        let (service, mut complaints) = connect(&nats, SERVICE).await;
        // This client has the common prefix for its answers, which only producers use.
        for subject in [
            "touchbook.events.acme.call.started",
            "$JS.API.STREAM.DELETE.TOUCHBOOK",
        ] {
            service
                .client()
                .publish(subject, "{}".into())
                .await
                .unwrap();
            refused(&mut complaints, subject).await;
        }
    }
}

#[test]
fn each_file_is_accepted_by_its_server_and_needs_the_passwords() {
    for (binary, file) in setups() {
        let path = workspace_dir().join("deploy/nats").join(file);
        let mut check = Command::new(&binary.path);
        check.arg("-t").arg("-c").arg(path);
        let without = check.output().unwrap();
        assert!(
            !without.status.success(),
            "{file} started without passwords"
        );
        let variables = [
            ("TOUCHBOOK_NATS_PASSWORD", SERVICE.1),
            ("PRODUCER_NATS_PASSWORD", PRODUCER.1),
        ];
        let output = check.envs(variables).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn only_the_file_for_new_servers_syncs_before_it_acknowledges() {
    let text = |file| std::fs::read_to_string(workspace_dir().join("deploy/nats").join(file));
    let lines = |file| {
        text(file)
            .unwrap()
            .lines()
            .map(str::trim)
            .map(String::from)
            .collect()
    };
    let (new, old): (Vec<String>, Vec<String>) = (lines("nats.conf"), lines("nats-2.9.conf"));
    assert!(new.iter().any(|line| line == "sync_interval: always"));
    assert!(!old.iter().any(|line| line.starts_with("sync_interval")));
}
