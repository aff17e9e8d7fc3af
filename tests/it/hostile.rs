//! What no client of good faith sends, to the real binary and over a bare connection.

use crate::load;
use crate::service::Service;
use reqwest::Method;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use touchbook_events::limits::EVENT_BYTES_MAX;

/// Far longer than any answer here takes.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(20);

/// Each is answered with its status and a problem, and the same process goes on storing.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_lives_through_hostile_bodies() {
    let service = Service::start();
    let pid = service.pid();
    let before = service.post_one(load::event("hostile", 1)).await.unwrap();
    let deep = "[".repeat(4 << 20);
    let (json, lines) = ("application/json", "application/x-ndjson");
    for (media_type, encoding, body, want) in [
        (json, None, deep.clone().into_bytes(), 400),
        (json, None, format!("{{\"data\":{deep}").into_bytes(), 413),
        (
            json,
            None,
            format!("{{\"data\":{}", &deep[..EVENT_BYTES_MAX / 2]).into_bytes(),
            400,
        ),
        (json, None, vec![0xff; 1 << 20], 400),
        (json, None, "\u{feff}{}".into(), 400),
        (lines, None, deep.into_bytes(), 200),
        (lines, None, vec![b'['; (8 << 20) + 1], 413),
        (lines, None, "{}\n".repeat(1_001).into_bytes(), 413),
        (json, Some("gzip"), vec![0x1f, 0x8b, 8, 0], 415),
    ] {
        let mut request = service
            .request(Method::POST, "/api/v1/events")
            .header("Content-Type", media_type);
        if let Some(encoding) = encoding {
            request = request.header("Content-Encoding", encoding);
        }
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), want);
        let answer: serde_json::Value = answer.json().await.unwrap();
        let detail = answer["detail"].as_str();
        assert!(
            want == 200 || detail.is_some_and(|detail| detail.contains(' ')),
            "{answer}"
        );
    }
    let after = service.post_one(load::event("hostile", 2)).await.unwrap();
    assert!(after > before);
    assert_eq!(service.pid(), pid);
}

/// A body that is shorter than it says, one that says nothing sensible, and no HTTP at all.
#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_disturb_nobody() {
    let service = Service::start();
    let head =
        "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";
    for (request, want) in [
        (
            format!("{head}Content-Length: 100\r\n\r\n{{"),
            "HTTP/1.1 400",
        ),
        (
            format!("{head}Content-Length: 99999999999\r\n\r\n{{"),
            "HTTP/1.1 413",
        ),
        (format!("{head}Content-Length: -1\r\n\r\n"), "HTTP/1.1 400"),
        (
            format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
            "HTTP/1.1 400",
        ),
        (
            format!("{head}X-Long: {}\r\n\r\n", "x".repeat(1 << 20)),
            "HTTP/1.1 431",
        ),
        (
            "\u{16}\u{3}\u{1} no HTTP\r\n\r\n".to_owned(),
            "HTTP/1.1 400",
        ),
    ] {
        let answer = exchange(&service, request.as_bytes());
        assert!(answer.starts_with(want), "{want}: {answer:?}");
    }
    assert!(service.post_one(load::event("broken", 1)).await.is_some());
}

/// Sends bytes, says that no more follow, and reads what comes back.
fn exchange(service: &Service, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.set_read_timeout(Some(ANSWER_WAIT_MAX)).unwrap();
    // Whoever is refused early may be told so before all was sent.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
