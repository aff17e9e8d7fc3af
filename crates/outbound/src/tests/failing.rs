//! What goes wrong, and that it is said without saying too much.

use super::support::{INTERVAL, KEY, Remembering, Scene, answer, poller, row, settings};
use crate::client::Bounds;
use crate::limits::PAGE_ROWS;
use crate::{Health, Standing};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// S1-139: a key that is refused is named nowhere, and the source is asked again, but not soon.
#[tokio::test]
async fn a_refused_key_is_said_and_never_shown() {
    let mut scene = Scene::new(vec![row("a", 1)]).await;
    for status in [401, 403] {
        scene.answer_instead(answer(status, &[]));
        assert!(scene.poller.turn().await >= INTERVAL);
        assert!(
            scene.reason().contains("refused the key"),
            "{}",
            scene.reason()
        );
    }
    scene.poller.turn().await;
    assert!(scene.is_ok());
    assert_eq!(scene.stored(), ["a"]);
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let mut scene = Scene::new(vec![row("a", 1)]).await;
    scene.answer_instead(answer(429, &[("retry-after", "600")]));
    assert!(scene.poller.turn().await >= Duration::from_secs(600));
    assert!(scene.reason().contains("asked for a pause"));
    // 2024-06-01T00:00:00Z is now.
    let date = "Sat, 01 Jun 2024 00:20:00 GMT";
    scene.answer_instead(answer(503, &[("retry-after", date)]));
    assert!(scene.poller.turn().await >= Duration::from_secs(1_200));
    assert_eq!(scene.asked().len(), 2);
}

#[tokio::test]
async fn a_failure_is_over_once_the_source_answers_again() {
    let mut scene = Scene::new(vec![row("a", 1)]).await;
    scene.poller.turn().await;
    for _ in 0..3 {
        scene.answer_instead(answer(500, &[]));
        scene.poller.turn().await;
    }
    assert!(scene.reason().contains("answered 500"));
    let Standing::Failing { last_polled_at, .. } = scene.health.standing() else {
        panic!("it fails");
    };
    assert!(last_polled_at.is_some(), "it was read before");
    scene.source.lock().unwrap().rows.push(row("b", 2));
    assert_eq!(scene.poller.turn().await, INTERVAL);
    assert!(scene.is_ok());
    assert_eq!(scene.stored(), ["a", "b"]);
}

#[tokio::test]
async fn a_body_that_never_ends_is_not_waited_for() {
    let bounds = Bounds {
        wait: Duration::from_millis(200),
        ..Bounds::default()
    };
    let mut scene = Scene::bounded(vec![row("a", 1)], bounds).await;
    let begun = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"[{"))]);
    let endless = Body::from_stream(begun.chain(futures::stream::pending()));
    scene.answer_instead(Response::new(endless));
    scene.poller.turn().await;
    assert!(scene.reason().contains("too long"), "{}", scene.reason());
    assert!(scene.stored().is_empty());
}

/// A source whose rows are large is asked for fewer, until a page fits.
#[tokio::test]
async fn a_body_over_the_limit_is_not_read_and_fewer_rows_are_asked_for() {
    let bounds = Bounds {
        bytes: 5_000,
        ..Bounds::default()
    };
    let rows = (0..150).map(|id| row(&format!("{id:05}"), id));
    let mut scene = Scene::bounded(rows.collect(), bounds).await;
    // Without a length, as a server that makes it while it sends.
    let chunks =
        std::iter::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 999])));
    let endless = Body::from_stream(futures::stream::iter(chunks));
    scene.answer_instead(Response::new(endless));
    scene.poller.turn().await;
    assert!(scene.is_ok(), "{:?}", scene.health.standing());
    assert_eq!(scene.stored().len(), 150);
    let limits: Vec<_> = scene
        .asked()
        .iter()
        .map(|query| query["limit"].clone())
        .collect();
    let halves = [PAGE_ROWS, PAGE_ROWS / 2, PAGE_ROWS / 4].map(|rows| rows.to_string());
    assert_eq!(limits[..3], halves);
}

/// Whoever looks is told, and what comes later is read once it can be.
#[tokio::test]
async fn a_panic_is_a_failure_and_polling_goes_on() {
    let mut scene = Scene::new(vec![row("a", 1)]).await;
    scene.poller.turn().await;
    scene.source.lock().unwrap().rows.push(row("bad", 2));
    *scene.sink.fatal_id.lock().unwrap() = Some("bad".to_owned());
    for _ in 0..2 {
        assert!(scene.poller.turn().await >= INTERVAL);
        assert!(scene.reason().contains("panic"), "{}", scene.reason());
    }
    *scene.sink.fatal_id.lock().unwrap() = None;
    scene.poller.turn().await;
    assert!(scene.is_ok());
    assert_eq!(scene.stored(), ["a", "bad"]);
}

/// A row that no page can hold is told of, once, and holds back nothing behind it.
#[tokio::test]
async fn a_row_that_is_too_large_is_passed_by() {
    let bounds = Bounds {
        bytes: 5_000,
        ..Bounds::default()
    };
    let mut rows: Vec<_> = (0..100).map(|id| row(&format!("{id:05}"), id)).collect();
    for large in [40, 41, 80] {
        rows[large]["text"] = "x".repeat(6_000).into();
    }
    let mut scene = Scene::bounded(rows, bounds).await;
    for _ in 0..3 {
        scene.poller.turn().await;
        assert!(scene.is_ok(), "{:?}", scene.health.standing());
    }
    let passed_by = scene.sink.passed_by.lock().unwrap().clone();
    assert_eq!(passed_by, ["00040", "00041", "00080"]);
    let stored = scene.stored();
    assert_eq!(stored.len(), 97);
    assert_eq!(stored.last().unwrap(), "00099");
    assert!(scene.asked().len() < 60, "pages grow again behind it");
}

/// The key goes to nobody whom nobody named.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Scene::new(vec![row("stolen", 1)]).await;
    let mut scene = Scene::new(vec![row("a", 1)]).await;
    let location = format!("{}rest/v1/quote_sessions", elsewhere.settings.url.as_str());
    scene.answer_instead(answer(307, &[("location", &location)]));
    scene.poller.turn().await;
    assert!(scene.reason().contains("redirects are not followed"));
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_private_address_is_refused_unless_it_is_allowed() {
    let mut scene = Scene::new(vec![row("a", 1)]).await;
    scene.settings.allow_private = false;
    let address = scene.settings.url.clone();
    let port = address.as_str().rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        scene.settings.url = format!("http://{host}:{port}").parse().unwrap();
        scene.restart();
        scene.poller.turn().await;
        assert!(
            scene.reason().contains("private network"),
            "{host}: {}",
            scene.reason()
        );
    }
    assert!(scene.asked().is_empty());
    scene.settings.url = address;
    scene.settings.allow_private = true;
    scene.restart();
    scene.poller.turn().await;
    assert!(scene.is_ok());
}

#[tokio::test]
async fn what_is_no_page_is_said() {
    let mut scene = Scene::new(vec![row("a", 1)]).await;
    for (body, said) in [
        (format!("{{\"hint\": \"{KEY}\"}}"), "no JSON array"),
        (format!("[{KEY}]"), "no JSON array"),
        ("[{}]".to_owned(), "don't go on"),
    ] {
        scene.answer_instead(Response::new(Body::from(body)));
        scene.poller.turn().await;
        assert!(scene.reason().contains(said), "{}", scene.reason());
    }
    scene.answer_instead(answer(404, &[]));
    scene.poller.turn().await;
    assert!(scene.reason().contains("no such table"));
}

#[tokio::test]
async fn a_source_that_is_not_there_or_has_no_key_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let mut settings = settings(&format!("http://{address}"), dir.path());
    let (sink, health) = (Remembering::default(), Arc::new(Health::default()));
    assert_eq!(health.standing(), Standing::Starting);
    let reason = || match health.standing() {
        Standing::Failing { reason, .. } => reason,
        standing => panic!("{standing:?}"),
    };
    poller(&settings, Bounds::default(), &sink, &health)
        .turn()
        .await;
    assert!(reason().contains("refused"), "{}", reason());
    settings.key = None;
    poller(&settings, Bounds::default(), &sink, &health)
        .turn()
        .await;
    assert!(
        reason().contains("AUDICO_CHAT_QUOTE_SUPABASE_KEY"),
        "{}",
        reason()
    );
}
