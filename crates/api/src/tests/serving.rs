use super::*;
use crate::limits::HEAD_WAIT_MAX;
use crate::serve;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a test waits for what should come at once.
const WAIT: Duration = Duration::from_secs(20);

async fn serving(service: &Service) -> (TcpStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(serve(listener, service.api.clone()));
    (TcpStream::connect(address).await.unwrap(), served)
}

/// Reads until the peer closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    tokio::time::timeout(WAIT, stream.read_to_end(&mut text))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_answered_before_the_service_stops() {
    let service = Service::start().await;
    let (mut stream, served) = serving(&service).await;
    let body = order("1", "7", json!({})).to_string();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    service.api.stopping().cancel();
    stream.write_all(body.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    tokio::time::timeout(WAIT, served).await.unwrap().unwrap();
}

/// What announces too large a body is refused before the body is sent.
#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_body_is_refused_by_its_announcement() {
    let service = Service::start().await;
    let (mut stream, _served) = serving(&service).await;
    let head = "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: \
                application/json\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("/problems/body_too_large"), "{answer}");
}

/// Few, so that they run short.
const CONNECTIONS: usize = 8;
const ASK: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// As many as there may be.
async fn all_connections(service: &Service) -> Vec<TcpStream> {
    let (first, _) = serving(service).await;
    let address = first.peer_addr().unwrap();
    let mut all = vec![first];
    while all.len() < CONNECTIONS {
        all.push(TcpStream::connect(address).await.unwrap());
    }
    all
}

/// One more is answered.
async fn one_more_is_answered(others: &[TcpStream]) {
    let address = others[0].peer_addr().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(ASK.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Half-open connections hold all places; those that came last are given up first.
#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_makes_room_for_who_does() {
    let service = Service::with_connections(CONNECTIONS).await;
    let began = Instant::now();
    let mut silent = all_connections(&service).await;
    one_more_is_answered(&silent).await;
    // Those that came first still have their time, unless the machine has paused.
    let asked = silent[0].write_all(ASK.as_bytes()).await;
    if began.elapsed() < HEAD_WAIT_MAX {
        asked.unwrap();
        let answer = rest(&mut silent[0]).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// Half-sent bodies hold all places; that ends before anybody else has waited for long.
#[tokio::test(flavor = "multi_thread")]
async fn who_stops_within_a_body_makes_room_for_who_does_not() {
    let service = Service::with_connections(CONNECTIONS).await;
    let mut stuck = all_connections(&service).await;
    let begun = "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: \
                 application/json\r\nContent-Length: 99\r\n\r\n{";
    for stream in &mut stuck {
        stream.write_all(begun.as_bytes()).await.unwrap();
    }
    one_more_is_answered(&stuck).await;
    let last = stuck.last_mut().unwrap();
    let answer = rest(last).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("in 5 s"), "{answer}");
}
