use super::*;
use crate::serve;
use std::time::Duration;
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
