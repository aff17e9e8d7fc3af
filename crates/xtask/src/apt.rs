//! Files out of Debian packages, without root.
//!
//! A package is downloaded and unpacked into a folder of ours; nothing is installed. Where the
//! machine's package lists are missing, private ones are fetched into `.cache/apt`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::command;

/// Downloads `package` and unpacks it below `into`; returns the folder that stands for `/`.
pub(crate) fn unpack(root: &Path, package: &str, into: &Path) -> Result<PathBuf> {
    if command::on_path("apt-get").is_none() || command::on_path("dpkg-deb").is_none() {
        bail!("this machine has no apt-get and dpkg-deb");
    }
    let folder = into.join(package);
    fs::create_dir_all(&folder)?;
    let downloaded = download(&[], package, &folder)
        .or_else(|_| with_private_lists(root, package, &folder))
        .with_context(|| format!("downloading Debian's package {package}"))?;
    let files = folder.join("files");
    command::run(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(downloaded)
            .arg(&files),
    )?;
    Ok(files)
}

fn with_private_lists(root: &Path, package: &str, folder: &Path) -> Result<PathBuf> {
    let state = root.join(".cache/apt");
    fs::create_dir_all(state.join("lists/partial"))?;
    fs::create_dir_all(state.join("archives/partial"))?;
    let options = [
        format!("Dir::State={}", state.display()),
        format!("Dir::Cache={}", state.display()),
        // The lists are ours, but what the machine has installed stays what it is.
        "Dir::State::status=/var/lib/dpkg/status".to_owned(),
        // As root, apt would change to a user that may not write here.
        "APT::Sandbox::User=root".to_owned(),
    ];
    command::output(apt_get(&options).args(["--quiet", "update"]))?;
    download(&options, package, folder)
}

fn download(options: &[String], package: &str, folder: &Path) -> Result<PathBuf> {
    let mut download = apt_get(options);
    command::output(
        download
            .args(["--quiet", "download", package])
            .current_dir(folder),
    )?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            return Ok(path);
        }
    }
    bail!("apt-get left no package behind");
}

fn apt_get(options: &[String]) -> Command {
    let mut command = Command::new("apt-get");
    for option in options {
        command.args(["-o", option]);
    }
    command
}
