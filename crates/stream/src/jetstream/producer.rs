//! Publishing as a producer does: events, and nothing that the service's own commands need.

use super::cause;
use super::connection::Connection;
use super::settings::STREAM;
use crate::message::{BATCH, event_subject};
use crate::{JetStreamOptions, OpenError, PublishError};
use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_STREAM;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures::future::BoxFuture;
use std::future::IntoFuture;

/// Resolves to a message's sequence once the stream has taken it.
pub type Acknowledgement = BoxFuture<'static, Result<u64, PublishError>>;

/// A producer of `touchbook.events.<tenant>.>`; it sends no message id, since an event's own id is
/// what makes sending it again safe.
pub struct Producer(Connection);

impl Producer {
    /// Connects in the background, like the service does.
    pub async fn connect(options: JetStreamOptions) -> Result<Self, OpenError> {
        Connection::open(options).await.map(Self)
    }

    /// Sends a JSON array of CloudEvents as one message. Messages are taken in the order in which
    /// this returns, so the next can be sent before the last is acknowledged.
    pub async fn publish_batch(
        &self,
        tenant: &str,
        events: Bytes,
    ) -> Result<Acknowledgement, PublishError> {
        let (bytes, limit) = (events.len(), self.0.payload_max());
        if bytes > limit {
            return Err(PublishError::TooLarge { bytes, limit });
        }
        self.0.connected().await;
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_STREAM, STREAM);
        headers.insert("Content-Type", "application/cloudevents-batch+json");
        let message = PublishMessage::build().payload(events).headers(headers);
        let sent = self
            .0
            .context
            .send_publish(event_subject(tenant, BATCH), message)
            .await;
        let refused = |error| PublishError::Refused {
            source: cause(error),
        };
        let acknowledged = sent.map_err(refused)?.into_future();
        Ok(Box::pin(async move {
            let taken = acknowledged.await;
            taken
                .map(|taken| taken.sequence)
                .map_err(|error| PublishError::Refused {
                    source: cause(error),
                })
        }))
    }
}
