//! One connection to the server, kept up by the client library, and what is known through it.

use super::cause;
use super::monitor::syncs_always;
use super::options::JetStreamOptions;
use super::settings::{STREAM, differences, version_limits, wanted};
use crate::limits::{
    BACKOFF_MAX, BACKOFF_MIN, HEADERS_BYTES_MAX, MESSAGE_BYTES_MAX, PAYLOAD_BYTES_MAX,
    PING_INTERVAL, REFRESH_INTERVAL, REQUEST_TIMEOUT,
};
use crate::{Cause, OpenError, StopReason};
use async_nats::connection::State;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Info, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, ConnectOptions, Event};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Answers to requests come here. An own prefix, so that the server's permissions can keep what is
/// read out of the producers' sight.
const INBOX_PREFIX: &str = "_INBOX_TOUCHBOOK";

pub(super) struct Connection {
    pub(super) context: Context,
    pub(super) options: JetStreamOptions,
    client: Client,
    link: watch::Receiver<Link>,
    facts: Arc<Mutex<Facts>>,
}

/// Whether there is a connection, and which one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) connected: bool,
    /// Counts every connect and disconnect.
    pub(super) epoch: u64,
}

/// What is known of the server and the stream.
#[derive(Clone, Default)]
pub(super) struct Facts {
    pub(super) server_version: Option<String>,
    pub(super) missing: Vec<String>,
    pub(super) stopped: Option<StopReason>,
    pub(super) last_error: Option<String>,
    pub(super) last_sequence: u64,
    pub(super) max_age: Option<Duration>,
    pub(super) synced_before_acknowledged: Option<bool>,
}

impl Connection {
    /// Begins to connect; a server that is away is tried again for ever.
    pub(super) async fn open(options: JetStreamOptions) -> Result<Self, OpenError> {
        let (sender, link) = watch::channel(Link::default());
        let facts = Arc::new(Mutex::new(Facts::default()));
        let known = Arc::clone(&facts);
        let mut connect = ConnectOptions::new()
            .name("touchbook")
            .custom_inbox_prefix(INBOX_PREFIX)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .ping_interval(PING_INTERVAL)
            .connection_timeout(REQUEST_TIMEOUT)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .reconnect_delay_callback(backoff)
            .event_callback(move |event| {
                note(&sender, &known, &event);
                std::future::ready(())
            });
        if let Some(path) = &options.root_certificates {
            connect = connect.add_root_certificates(path.clone());
        }
        if let Some(path) = &options.credentials {
            let with = connect.credentials_file(path).await;
            connect = with.map_err(|source| OpenError::Credentials { source })?;
        }
        // The client library takes no user from an address.
        if let Some((user, password)) = options.user_and_password() {
            connect = connect.user_and_password(user, password);
        }
        let addresses = options.addresses();
        let urls: Vec<&str> = addresses.split(',').collect();
        let client = match connect.connect(urls).await {
            Ok(client) => client,
            Err(error) => {
                return Err(OpenError::Address {
                    source: cause(error),
                    url: addresses,
                });
            }
        };
        let mut context = async_nats::jetstream::new(client.clone());
        context.set_timeout(REQUEST_TIMEOUT);
        Ok(Self {
            context,
            options,
            client,
            link,
            facts,
        })
    }

    pub(super) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// For noticing every change of the connection after this call.
    pub(super) fn link(&self) -> watch::Receiver<Link> {
        let mut link = self.link.clone();
        link.mark_unchanged();
        link
    }

    /// Waits until there is a connection.
    pub(super) async fn connected(&self) {
        let mut link = self.link.clone();
        loop {
            let told = link.wait_for(|link| link.connected);
            // The library drops events when there are too many, so its own state counts as well.
            let told = tokio::time::timeout(REFRESH_INTERVAL, told).await;
            match told.map(|told| told.is_ok()) {
                Ok(true) => return,
                Ok(false) => tokio::time::sleep(REFRESH_INTERVAL).await,
                Err(_) if self.is_connected() => return,
                Err(_) => {}
            }
        }
    }

    /// Payload that one message may have, which a server can set lower than we do.
    pub(super) fn payload_max(&self) -> usize {
        let server = self
            .client
            .try_server_info()
            .map_or(MESSAGE_BYTES_MAX, |i| i.max_payload);
        PAYLOAD_BYTES_MAX.min(server.saturating_sub(HEADERS_BYTES_MAX))
    }

    /// The stream as it is now, made when there is none, compared with what we want.
    pub(super) async fn stream(&self) -> Result<Stream, Cause> {
        let wanted = wanted(&self.options);
        let stream = match self.context.get_stream(STREAM).await {
            Ok(stream) => stream,
            Err(error) if is_not_found(&error) => self
                .context
                .create_stream(wanted.clone())
                .await
                .map_err(cause)?,
            Err(error) => return Err(cause(error)),
        };
        let mut missing = differences(&wanted, &stream.cached_info().config);
        let synced = self.check_server(&mut missing).await;
        let mut facts = self.facts();
        facts.server_version = Some(self.client.server_info().version);
        facts.missing = missing;
        facts.max_age = Some(stream.cached_info().config.max_age);
        facts.synced_before_acknowledged = synced;
        drop(facts);
        self.saw(stream.cached_info());
        Ok(stream)
    }

    /// Adds what the server lacks; returns whether it syncs before it acknowledges, where known.
    async fn check_server(&self, missing: &mut Vec<String>) -> Option<bool> {
        let info = self.client.server_info();
        if info.max_payload < MESSAGE_BYTES_MAX {
            let limit = info.max_payload;
            missing.push(format!(
                "server max_payload: wanted 1 MiB, the server has {limit} bytes"
            ));
        }
        let (old, synced) = version_limits(&info.version);
        missing.extend(old);
        let (None, Some(address)) = (synced, &self.options.monitor) else {
            return synced;
        };
        match syncs_always(address).await {
            Ok(true) => return Some(true),
            Ok(false) => missing.push(
                "server sync_interval: wanted always; it acknowledges messages before they are on \
                 disk"
                    .to_owned(),
            ),
            Err(error) => {
                tracing::warn!(%error, "the monitoring of the NATS server does not answer");
                return None;
            }
        }
        Some(false)
    }

    /// Keeps what the server says of the stream's end.
    pub(super) fn saw(&self, info: &Info) {
        self.facts().last_sequence = info.state.last_sequence;
    }

    /// Keeps trouble for the status, or forgets it when things go well.
    pub(super) fn report(&self, error: Option<String>) {
        if let Some(error) = &error {
            tracing::warn!(error, "trouble with the stream");
        }
        self.facts().last_error = error;
    }

    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        lock(&self.facts)
    }
}

fn lock(facts: &Mutex<Facts>) -> MutexGuard<'_, Facts> {
    // Every field is complete by itself.
    facts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pause before another attempt: doubling, bounded.
pub(super) fn backoff(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .min(16);
    BACKOFF_MIN.saturating_mul(1 << doublings).min(BACKOFF_MAX)
}

fn note(link: &watch::Sender<Link>, facts: &Mutex<Facts>, event: &Event) {
    let connected = match event {
        Event::Connected => true,
        Event::Disconnected | Event::Closed => false,
        Event::ServerError(_) | Event::ClientError(_) | Event::SlowConsumer(_) => {
            tracing::warn!(%event, "NATS connection");
            lock(facts).last_error = Some(event.to_string());
            return;
        }
        Event::LameDuckMode | Event::Draining => {
            tracing::info!(%event, "NATS connection");
            return;
        }
    };
    tracing::info!(connected, "NATS connection");
    link.send_modify(|link| {
        *link = Link {
            connected,
            epoch: link.epoch + 1,
        }
    });
}

fn is_not_found(error: &async_nats::jetstream::context::GetStreamError) -> bool {
    matches!(
        error.kind(),
        GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND
    )
}
