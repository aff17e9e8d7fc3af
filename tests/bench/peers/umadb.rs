//! UmaDB, an event store: its server, driven through its own client by a program of `tests/peers`.
//!
//! It keeps events and no projections; what it could rebuild at best is how fast it is read.

use super::{LOADED, Peer, note, version};
use crate::rows::{CONNECTIONS, TIME, say};
use crate::service::{allocated, data_dir};
use crate::table::{Row, Work};
use crate::{Options, load};
use anyhow::{Context, Result, ensure};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use touchbook_testkit::{eventually_blocking, free_port};

const BULK_CLIENTS: u64 = 4;
/// Behind every customer of one client.
const MANY_FROM: u64 = 1_000_000;

pub(super) async fn measure(programs: &Path, options: &Options, events: u64) -> Result<Peer> {
    let name = format!("UmaDB {}", version(&programs.join("umadb"))?);
    let mut figures = Vec::new();
    if options.asks(&[Row::One, Row::Many]) {
        let server = Server::start(programs)?;
        for (row, work, clients, from) in [
            (Row::One, Work::One, 1, 0),
            (Row::Many, Work::Many, CONNECTIONS, MANY_FROM),
        ] {
            if options.asks(&[row]) {
                say(&format!("{name}: one event a request, {clients} clients"));
                figures.push((
                    work,
                    server.drive("singles", &[clients, TIME.as_secs(), from])?,
                ));
            }
        }
    }
    if options.asks(&LOADED) {
        let events = events / load::EVENTS_A_CUSTOMER * load::EVENTS_A_CUSTOMER;
        let server = Server::start(programs)?;
        say(&format!("{name}: {events} events, 1000 a request"));
        figures.push((Work::Bulk, server.drive("bulk", &[BULK_CLIENTS, events])?));
        say(&format!("{name}: reading them"));
        figures.push((Work::Rebuild, server.drive("read", &[events])?));
        let each = allocated(server.dir.path())? as f64 / events as f64;
        figures.push((Work::Disk, each));
    }
    let more = "It has no projections: beside our rebuild is how fast it is read.";
    Ok(Peer {
        notes: vec![note(&name, events, more)],
        name,
        figures,
    })
}

/// Its server with its defaults, and the folder of its data.
struct Server<'a> {
    programs: &'a Path,
    child: Child,
    port: u16,
    dir: TempDir,
}

impl<'a> Server<'a> {
    fn start(programs: &'a Path) -> Result<Self> {
        let (dir, port) = (data_dir()?, free_port());
        let mut command = Command::new(programs.join("umadb"));
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--db-path").arg(dir.path());
        command.stdout(Stdio::null());
        let child = command.spawn()?;
        let server = Self {
            programs,
            child,
            port,
            dir,
        };
        let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        eventually_blocking("UmaDB listens", listens);
        Ok(server)
    }

    /// What the driving program says of its work: events a second.
    fn drive(&self, work: &str, numbers: &[u64]) -> Result<f64> {
        let mut command = Command::new(self.programs.join("umadb-drive"));
        command.args([&format!("http://127.0.0.1:{}", self.port), work]);
        let output = command
            .args(numbers.iter().map(u64::to_string))
            .output()
            .context("starting umadb-drive")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "umadb-drive {work}: {said}");
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
