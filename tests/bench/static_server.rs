//! The least that an HTTP server does: the same answer to everybody.

use anyhow::Result;
use axum::Router;
use axum::http::header::CONTENT_TYPE;

pub(crate) async fn serve(body_bytes: usize) -> Result<()> {
    let body = axum::body::Bytes::from(vec![b' '; body_bytes]);
    let answer = move || {
        let body = body.clone();
        async move { ([(CONTENT_TYPE, "application/json")], body) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback(answer)).await?;
    Ok(())
}
