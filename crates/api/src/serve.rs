//! Serving connections until told to stop.

use crate::connections::Connections;
use crate::limits::{
    DRAIN_WAIT_MAX, HEAD_BYTES_MAX, HEAD_WAIT_BUSY_MAX, HEAD_WAIT_MAX, SEND_BUFFER_BYTES,
    TAKE_WAIT_MAX,
};
use crate::patient::Patient;
use crate::router;
use crate::state::Api;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

/// How long accepting pauses after a failure such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `listener` until the service is stopping; then lets open requests end.
pub async fn serve(listener: TcpListener, api: Api) {
    let stopping = api.stopping().clone();
    crate::imports::resume(&api);
    let refusals = tokio::spawn(Arc::clone(api.refusals()).write(stopping.clone()));
    let service = TowerToHyperService::new(router(api.clone()));
    let (server, busy_server) = (server(HEAD_WAIT_MAX), server(HEAD_WAIT_BUSY_MAX));
    if let Err(error) = limit_what_is_not_taken(&listener) {
        tracing::warn!(%error, "could not limit what the system holds of answers");
    }
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, api.connections()) => accepted,
            () = stopping.cancelled() => break,
        };
        let Some((stream, place)) = accepted else {
            continue;
        };
        let server = match api.connections().are_few() {
            true => &busy_server,
            false => &server,
        };
        let stream = TokioIo::new(Patient::new(stream));
        let connection = server.serve_connection(stream, service.clone());
        let connection = open.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is its client's business.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_WAIT_MAX, open.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some connections did not end in time and are cut off");
    }
    if refusals.await.is_err() {
        tracing::warn!("writing down who was refused ended with a panic");
    }
}

fn server(head_wait_max: Duration) -> http1::Builder {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(head_wait_max)
        .max_buf_size(HEAD_BYTES_MAX);
    server
}

/// What each connection takes over from its listener.
fn limit_what_is_not_taken(listener: &TcpListener) -> rustix::io::Result<()> {
    let wait_millis = u32::try_from(TAKE_WAIT_MAX.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(listener, wait_millis)?;
    sockopt::set_socket_send_buffer_size(listener, SEND_BUFFER_BYTES)
}

/// The next connection and its place; `None` where accepting failed.
async fn accept(
    listener: &TcpListener,
    connections: &Connections,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = connections.place().await?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small and wait for nothing.
            let _ = stream.set_nodelay(true);
            Some((stream, place))
        }
        Err(error) => {
            tracing::warn!(%error, "could not accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
