//! Trying the service.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::{interval, timeout},
};

use crate::{command, nats};

const NATS_READY_WITHIN: Duration = Duration::from_secs(20);
const NATS_LOOKED_AT_EVERY: Duration = Duration::from_millis(20);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Send everything through a local nats-server instead of the embedded stream
    #[arg(long)]
    nats: bool,
    /// More for `touchbook demo`, for instance `-- --orders FILE`
    #[arg(last = true)]
    more: Vec<String>,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    println!("building the service (a few minutes the first time)");
    command::run(&mut touchbook(root, "build"))?;
    let mut demo = touchbook(root, "run");
    demo.args(["--quiet", "--", "demo"]);
    if options.nats {
        return beside_nats(root, demo, &options.more);
    }
    // Becoming the service leaves nobody between it and the terminal's signals.
    Err(demo.args(&options.more).exec()).context("starting the service")
}

fn touchbook(root: &Path, verb: &str) -> std::process::Command {
    command::cargo(
        root,
        &[verb, "--release", "--locked", "--package", "touchbook"],
    )
}

#[tokio::main(flavor = "current_thread")]
async fn beside_nats(root: &Path, demo: std::process::Command, more: &[String]) -> Result<()> {
    let program = nats::find(root)?;
    let folder = root.join(".cache/demo-nats");
    let mut server = start_nats(&program, &folder)?;
    let url = timeout(NATS_READY_WITHIN, nats_url(&mut server, &folder))
        .await
        .context("nats-server did not get ready; .cache/demo-nats/log may say why")??;
    let mut demo = Command::from(demo);
    demo.args(["--stream", &url]).args(more);
    // Its own group: the terminal signals us, and we pass on each signal exactly once.
    let mut demo = demo.process_group(0).stdin(Stdio::null()).spawn()?;
    let status = attend(&mut demo).await?;
    send(&server, Signal::TERM)?;
    server.wait().await?;
    ensure!(status.success(), "the service ended with {status}");
    Ok(())
}

/// Every demo starts with an empty stream, as it starts with an empty ledger.
fn start_nats(program: &Path, folder: &Path) -> Result<Child> {
    if folder.try_exists()? {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let mut command = Command::new(program);
    command.args(["--addr", "127.0.0.1", "--port", "-1", "--jetstream"]);
    command
        .arg("--store_dir")
        .arg(folder)
        .arg("--log")
        .arg(folder.join("log"));
    command.arg("--ports_file_dir").arg(folder);
    command
        .process_group(0)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command.spawn().context("starting nats-server")
}

/// The server writes where it listens once it does.
async fn nats_url(server: &mut Child, folder: &Path) -> Result<String> {
    let mut look = interval(NATS_LOOKED_AT_EVERY);
    loop {
        look.tick().await;
        if let Some(status) = server.try_wait()? {
            bail!("nats-server ended with {status}; see .cache/demo-nats/log");
        }
        let Some(file) = ports_file(folder)? else {
            continue;
        };
        // A file that is half written is read again.
        let Ok(ports) = serde_json::from_slice::<serde_json::Value>(&fs::read(file)?) else {
            continue;
        };
        let url = ports.pointer("/nats/0").and_then(serde_json::Value::as_str);
        return Ok(url
            .context("nats-server does not say where it listens")?
            .to_owned());
    }
}

fn ports_file(folder: &Path) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "ports")
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Waits for the service, passing on what we are told.
async fn attend(demo: &mut Child) -> Result<ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            status = demo.wait() => return Ok(status?),
            _ = interrupt.recv() => send(demo, Signal::INT)?,
            _ = terminate.recv() => send(demo, Signal::TERM)?,
        }
    }
}

fn send(child: &Child, signal: Signal) -> Result<()> {
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    // One that has ended needs no signal.
    if let Some(pid) = pid {
        kill_process(pid, signal)?;
    }
    Ok(())
}
