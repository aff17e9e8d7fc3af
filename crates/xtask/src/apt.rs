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
    let folder = into.join(package);
    let files = folder.join("files");
    unpack_into(root, package, &folder, &files)?;
    Ok(files)
}

/// The same with every package that it needs and this machine lacks, all in one folder that stands
/// for `/`.
pub(crate) fn unpack_with_needs(root: &Path, package: &str, into: &Path) -> Result<PathBuf> {
    let files = into.join("files");
    for needed in needs(root, package)? {
        unpack_into(root, &needed, &into.join(&needed), &files)?;
    }
    Ok(files)
}

/// Where the libraries of an unpacked folder lie: programs find them by `LD_LIBRARY_PATH`.
pub(crate) fn libraries(files: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for below in ["lib", "usr/lib"].map(|below| files.join(below)) {
        if !below.try_exists()? {
            continue;
        }
        for entry in fs::read_dir(below)? {
            let entry = entry?;
            // `x86_64-linux-gnu` and its like.
            if entry.file_name().to_string_lossy().contains("-linux-") {
                folders.push(entry.path());
            }
        }
    }
    Ok(folders)
}

/// What installing `package` would install, itself included.
fn needs(root: &Path, package: &str) -> Result<Vec<String>> {
    let simulate = |options: &[String]| {
        let arguments = ["--simulate", "--no-install-recommends", "install", package];
        command::output(apt_get(options).arg("-qq").args(arguments))
    };
    let plan = simulate(&[]).or_else(|_| simulate(&private_lists(root)?));
    let plan = plan.with_context(|| format!("looking for Debian's package {package}"))?;
    let mut needs: Vec<String> = planned(&plan).map(str::to_owned).collect();
    if needs.is_empty() {
        // It is installed, and yet not where it was looked for.
        needs.push(package.to_owned());
    }
    Ok(needs)
}

fn planned(plan: &str) -> impl Iterator<Item = &str> {
    let installed = plan.lines().filter_map(|line| line.strip_prefix("Inst "));
    installed.filter_map(|line| line.split(' ').next())
}

fn unpack_into(root: &Path, package: &str, folder: &Path, files: &Path) -> Result<()> {
    if command::on_path("apt-get").is_none() || command::on_path("dpkg-deb").is_none() {
        bail!("this machine has no apt-get and dpkg-deb");
    }
    fs::create_dir_all(folder)?;
    let downloaded = download(&[], package, folder)
        .or_else(|_| download(&private_lists(root)?, package, folder))
        .with_context(|| format!("downloading Debian's package {package}"))?;
    command::run(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(downloaded)
            .arg(files),
    )
}

/// Fetches lists of packages that are ours; answers what makes apt use them.
fn private_lists(root: &Path) -> Result<Vec<String>> {
    let state = root.join(".cache/apt");
    fs::create_dir_all(state.join("lists/partial"))?;
    fs::create_dir_all(state.join("archives/partial"))?;
    let options = vec![
        format!("Dir::State={}", state.display()),
        format!("Dir::Cache={}", state.display()),
        // The lists are ours, but what the machine has installed stays what it is.
        "Dir::State::status=/var/lib/dpkg/status".to_owned(),
        // As root, apt would change to a user that may not write here.
        "APT::Sandbox::User=root".to_owned(),
    ];
    command::output(apt_get(&options).args(["--quiet", "update"]))?;
    Ok(options)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_installed_is_read_from_the_plan() {
        let plan = "Inst libpq5 (15.18 Debian:12.14 [amd64])\n\
                    Inst postgresql-15 [15.17] (15.18 Debian:12.14 [amd64])\n\
                    Conf libpq5 (15.18 Debian:12.14 [amd64])\n";
        assert_eq!(
            planned(plan).collect::<Vec<_>>(),
            ["libpq5", "postgresql-15"]
        );
    }
}
