//! NATS 2.9, as Debian 12 has it, and streams that others set up.

use crate::common::{all_numbers, client, open, options, read, request};
use touchbook_stream::{JetStreamOptions, Stream};
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
async fn a_server_that_takes_smaller_messages_gets_smaller_ones_and_is_listed() {
    let setup = NatsSetup::new(NatsBinary::current()).setting("max_payload: 16384");
    let nats = setup.start();
    let (stream, mut reader) = open(nats.url(), None).await;
    eventually("the status is known", || async {
        !stream.status().missing.is_empty()
    })
    .await;
    let missing = stream.status().missing.join("\n");
    assert!(missing.contains("max_payload"), "{missing}");
    let publishing = (0..3_000).map(|number| stream.publish(request("acme", [number])));
    let placed = futures::future::try_join_all(publishing).await.unwrap();
    let last = placed.iter().map(|placed| placed[0].ticket).max().unwrap();
    let messages = read(&mut reader, last as usize).await;
    assert_eq!(all_numbers(&messages), (0..3_000).collect::<Vec<_>>());
    assert!(messages.iter().any(|message| message.payload.len() > 8_192));
}

async fn syncs(nats: &Nats) -> Stream<u64> {
    let options = JetStreamOptions {
        monitor: Some(nats.monitor()),
        ..options(nats.url())
    };
    let (stream, _reader) = Stream::jetstream(options, None).await.unwrap();
    eventually("syncing is known", || async {
        stream.status().synced_before_acknowledged.is_some()
    })
    .await;
    stream
}

#[tokio::test]
async fn the_monitoring_tells_whether_messages_are_synced_before_they_are_acknowledged() {
    let status = syncs(&Nats::start()).await.status();
    assert_eq!(status.synced_before_acknowledged, Some(true));
    assert_eq!(status.missing, Vec::<String>::new());
    let lazy = NatsSetup::new(NatsBinary::current()).without_sync().start();
    let status = syncs(&lazy).await.status();
    assert_eq!(status.synced_before_acknowledged, Some(false));
    assert!(
        status.missing[0].contains("sync_interval: wanted always"),
        "{:?}",
        status.missing
    );
}
