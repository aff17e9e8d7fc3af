//! NATS 2.9, as Debian 12 has it, and streams that others set up.

use crate::common::{all_numbers, client, open, read, request};
use touchbook_testkit::{Nats, NatsBinary, NatsSetup, eventually};

#[tokio::test]
async fn an_old_server_works_and_what_it_lacks_is_listed() {
    let mut nats = Nats::start_old();
    let (stream, mut reader) = open(nats.url(), None).await;
    stream.publish(request("acme", 1..=3)).await.unwrap();
    nats.restart();
    stream.publish(request("acme", [4])).await.unwrap();
    assert_eq!(all_numbers(&read(&mut reader, 2).await), [1, 2, 3, 4]);
    let status = stream.status();
    assert_eq!(status.server_version.as_deref(), Some("2.9.10"));
    assert_eq!(status.synced_before_acknowledged, Some(false));
    assert_eq!(status.missing.len(), 2, "{:?}", status.missing);
    assert!(
        status.missing[0].starts_with("stream metadata: "),
        "{:?}",
        status.missing
    );
    assert!(
        status.missing[1].contains("no sync_interval"),
        "{:?}",
        status.missing
    );
}

#[tokio::test]
async fn a_stream_with_other_settings_is_used_and_its_differences_are_listed() {
    let nats = Nats::start();
    let theirs = async_nats::jetstream::stream::Config {
        name: "TOUCHBOOK".to_owned(),
        subjects: vec!["touchbook.>".to_owned()],
        ..Default::default()
    };
    client(nats.url())
        .await
        .create_stream(theirs)
        .await
        .unwrap();
    let (stream, mut reader) = open(nats.url(), None).await;
    stream.publish(request("acme", [1])).await.unwrap();
    read(&mut reader, 1).await;
    let missing = stream.status().missing.join("\n");
    for setting in [
        "subjects",
        "discard",
        "max_age",
        "deny_delete",
        "deny_purge",
        "metadata",
    ] {
        assert!(
            missing.contains(&format!("stream {setting}: ")),
            "{setting} in {missing}"
        );
    }
    assert!(!missing.contains("storage"), "{missing}");
}

#[tokio::test]
async fn a_server_that_takes_smaller_messages_is_said_so() {
    let setup = NatsSetup::new(NatsBinary::current()).setting("max_payload: 65536");
    let nats = setup.start();
    let (stream, _reader) = open(nats.url(), None).await;
    eventually("the status is known", || async {
        !stream.status().missing.is_empty()
    })
    .await;
    let missing = stream.status().missing.join("\n");
    assert!(missing.contains("max_payload"), "{missing}");
}
