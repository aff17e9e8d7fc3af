//! One running node: opened, reachable over HTTP, and cleanly stopped.

use crate::access::{self, Mode};
use crate::config::Config;
use crate::control::Node;
use crate::progress::{note, say};
use crate::quote_source::Source;
use crate::scoring::Scoring;
use crate::secrets::Vault;
use crate::signals::Signals;
use crate::{control, damage, registry, telemetry};
use anyhow::{Context, bail};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use touchbook_api::limits::{ACCEPT_QUEUE_MAX, CONNECTIONS_MAX, FILES_KEPT};
use touchbook_api::{Access, Api};
use touchbook_engine::{Engine, OpenError, StreamConfig, clock};

/// A node that serves.
pub(crate) struct Service {
    node: Node,
    address: SocketAddr,
    stopping: CancellationToken,
    http: JoinHandle<()>,
    /// Polls the quote source, where one is configured.
    polling: Option<JoinHandle<()>>,
    control: Option<control::Server>,
    scoring: Option<Scoring>,
}

/// `touchbook serve`.
pub(crate) async fn serve(config: &Config, mode: Mode) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let service = tokio::select! {
        service = Service::start(config, mode) => service?,
        // Nothing was acknowledged yet that could be lost.
        _ = signals.next() => std::process::exit(0),
    };
    let public_url = config.http.public_url.as_ref().map(|url| url.0.as_str());
    match mode {
        Mode::Dev => {
            tracing::info!(address = %service.address, "serving without asking for credentials");
        }
        Mode::Accounts => tracing::info!(address = %service.address, public_url, "serving"),
    }
    if mode == Mode::Accounts && !access::has_keys(&service.node.engine) {
        note("nobody has a key yet: touchbook keys create --role super_admin");
    }
    say(&format!("listening on {}", service.url()));
    let name = signals.next().await;
    tracing::info!(signal = name, "told to stop; finishing what has begun");
    signals.abort_on_next();
    service.stop().await
}

impl Service {
    /// Opens the node and answers requests.
    pub(crate) async fn start(config: &Config, mode: Mode) -> anyhow::Result<Self> {
        let listen = config.http.listen;
        if mode == Mode::Dev && !listen.ip().is_loopback() {
            bail!(
                "{listen} can be reached by others, and nobody is asked for credentials; listen on \
                 a loopback address such as 127.0.0.1:{}",
                listen.port()
            );
        }
        open_many_files();
        let listener = listen_on(listen);
        let listener = listener.with_context(|| format!("could not listen on {listen}"))?;
        let address = listener
            .local_addr()
            .context("could not learn the address listened on")?;
        let metrics = telemetry::metrics()?;
        let engine = open(config, config.stream.for_engine()).await?;
        let prepared = prepare(config, mode, address, &engine);
        let (node, access, source, scoring) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                shut_down(engine).await?;
                return Err(error);
            }
        };
        let control = control::Server::start(&config.storage.data_dir, node.clone());
        let stopping = CancellationToken::new();
        let api = Api::new(engine, access, Some(metrics), stopping.clone());
        let polling = source.and_then(|source| source.poll(config, &api));
        let http = tokio::spawn(touchbook_api::serve(listener, api));
        Ok(Self {
            node,
            address,
            stopping,
            http,
            polling,
            control,
            scoring,
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.node.engine
    }

    /// Where it is reached from this machine.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes nothing more, ends what was begun, and closes the ledger.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stopping.cancel();
        if let Some(control) = self.control {
            control.stop().await;
        }
        let served = self.http.await;
        if let Some(polling) = self.polling
            && polling.await.is_err()
        {
            tracing::warn!("polling the quote source ended with a panic");
        }
        let scored = match self.scoring {
            Some(scoring) => scoring.stop().await,
            None => Ok(()),
        };
        shut_down(self.node.engine).await?;
        served.context("serving ended with a panic")?;
        scored
    }
}

/// Secrets, who may come in, what is polled, and who scores.
fn prepare(
    config: &Config,
    mode: Mode,
    address: SocketAddr,
    engine: &Engine,
) -> anyhow::Result<(Node, Access, Option<Source>, Option<Scoring>)> {
    let data_dir = &config.storage.data_dir;
    let vault = Arc::new(Vault::open(data_dir)?);
    let access = access::access(mode, config, &vault, address)?;
    let source = Source::of(config, &vault)?;
    let scoring = Scoring::start(config.sentiment.scorer, data_dir, engine)?;
    let engine = engine.clone();
    Ok((Node { engine, vault }, access, source, scoring))
}

/// Like [`TcpListener::bind`], with room for many who come at once.
fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_QUEUE_MAX)
}

/// Lets the process open as many files as connections and the ledger may need, if it is allowed to:
/// what a process begins with is often less.
fn open_many_files() {
    let mut files = getrlimit(Resource::Nofile);
    let needed = (CONNECTIONS_MAX + FILES_KEPT) as u64;
    if files.current.is_none_or(|current| current >= needed) {
        return;
    }
    files.current = Some(files.maximum.map_or(needed, |maximum| maximum.min(needed)));
    if let Err(error) = setrlimit(Resource::Nofile, files) {
        tracing::warn!(%error, "could not raise the number of files that may be open");
    }
}

/// Opens the node's engine.
pub(crate) async fn open(config: &Config, stream: StreamConfig) -> anyhow::Result<Engine> {
    let storage = &config.storage;
    let engine = touchbook_engine::Config {
        data_dir: storage.data_dir.clone(),
        stream,
        ledger: touchbook_ledger::Options {
            cache_bytes: storage.ledger_cache_bytes,
            ..touchbook_ledger::Options::default()
        },
        snapshot_records: storage.snapshot_records,
        scrub: storage.scrub,
        clock: clock::system(),
    };
    let data_dir = engine.data_dir.clone();
    let opened = Engine::open(engine, registry::registry()).await;
    opened.map_err(|error| match &error {
        OpenError::Ledger { source, .. } if source.is_damage() => {
            anyhow::Error::msg(damage::explain(&data_dir, source))
        }
        _ => error.into(),
    })
}

/// Lets what was taken become durable, and closes the ledger.
pub(crate) async fn shut_down(engine: Engine) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Handle::current();
    let closed = tokio::task::spawn_blocking(move || engine.shutdown(&runtime)).await;
    closed.context("stopping ended with a panic")
}
