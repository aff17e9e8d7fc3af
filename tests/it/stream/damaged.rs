//! A NATS server whose files lost their end while it did not run.

use super::{EVENTS, adopt, over_http, over_nats, ready, reason, same_chain, taken_once};
use crate::check::{self, Positions};
use crate::load;
use crate::service::Service;
use async_nats::jetstream::Context;
use serde_json::Value;
use std::sync::atomic::AtomicU64;
use touchbook_testkit::Nats;

/// What is left of the messages, of which both nodes have read all.
const LEFT: f64 = 0.6;

/// A server with two nodes that have taken all that a producer and a caller sent.
struct Scene {
    nats: Nats,
    producer: Context,
    node: Service,
    other: Service,
    stored: Vec<Value>,
}

impl Scene {
    async fn set() -> Self {
        let nats = Nats::start();
        let node = Service::start_with(&["--stream", &nats.url()]);
        node.json("/api/v1/customers").await;
        let other = Service::start_with(&["--stream", &nats.url()]);
        let producer = load::producer(&nats).await;
        let mut scene = Self {
            nats,
            producer,
            node,
            other,
            stored: Vec::new(),
        };
        scene.send_all().await;
        same_chain(&scene.node, &scene.other).await;
        scene.stored = scene.node.records().await;
        scene
    }

    fn nodes(&self) -> [&Service; 2] {
        [&self.node, &self.other]
    }

    /// Sends every event, whether it was sent before or not.
    async fn send_all(&self) {
        let sent = AtomicU64::new(0);
        over_http(&self.node, 0..EVENTS, &sent).await;
        over_nats(&self.producer, 0..EVENTS, &sent).await;
    }

    async fn both_say(&self, code: &str) {
        for node in self.nodes() {
            reason(node, code).await;
            // Reads go on, and nothing that was acknowledged is gone.
            assert_eq!(node.records().await, self.stored);
        }
    }

    async fn both_adopt(&self) {
        for node in self.nodes() {
            adopt(node);
            ready(node).await;
        }
    }

    /// Whoever saw no answer sends again; all is there once, and stands where it stood.
    async fn ends_whole(self) {
        self.send_all().await;
        same_chain(&self.node, &self.other).await;
        taken_once(&self.node, EVENTS, EVENTS).await;
        let before = check::taken(&self.stored, "http");
        let after: Positions = check::stored(&self.node, "http").await;
        check::holds(&after, &before);
    }
}

/// A machine without power, and a server that did not sync.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lost_its_end_is_noticed_and_goes_on_once_adopted() {
    let mut scene = Scene::set().await;
    scene.nats.kill();
    scene.nats.cut_newest_messages(LEFT);
    scene.nats.restart();
    scene.both_say("stream_rewound").await;
    let refused = scene.node.post_lines(load::event("behind", 0)).await;
    assert_eq!(refused.unwrap().status(), 503);
    scene.both_adopt().await;
    scene.ends_whole().await;
}

/// The same of a server that was asked to end: it knows that messages are missing, and numbers the
/// next ones after them.
#[tokio::test(flavor = "multi_thread")]
async fn a_hole_that_a_stream_knows_of_is_noticed_twice_and_goes_on_once_adopted() {
    let mut scene = Scene::set().await;
    scene.nats.stop();
    scene.nats.cut_newest_messages(LEFT);
    scene.nats.restart();
    // The message at the checkpoint is gone, so that it can't be told which stream this is.
    scene.both_say("stream_rewound").await;
    scene.both_adopt().await;
    // All that is left is read again, and then comes the hole.
    let behind = scene
        .node
        .post_lines(load::event("behind", 0))
        .await
        .unwrap();
    assert_eq!(behind.status(), 503);
    let why = behind.text().await.unwrap();
    assert!(why.contains("stream_gap"), "{why}");
    scene.both_say("stream_gap").await;
    scene.both_adopt().await;
    scene.ends_whole().await;
}
