//! A nats-server on disk and its version.

use std::{
    fmt, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::command;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) [u16; 3]);

impl Version {
    /// Reads `nats-server: v2.15.0`, with or without what stands around the number.
    fn parse(text: &str) -> Option<Self> {
        let number = text.trim().rsplit(' ').next()?.trim_start_matches('v');
        let number = number.split(['-', '+']).next()?;
        let mut parts = number.split('.').map(|part| part.parse().ok());
        Some(Self([parts.next()??, parts.next()??, parts.next()??]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

pub(super) struct Server {
    pub(super) path: PathBuf,
    pub(super) version: Version,
    /// Where it came from, for people.
    pub(super) origin: &'static str,
}

/// Where a server of this version lies in the repository.
pub(super) fn home(root: &Path, version: Version) -> PathBuf {
    root.join(format!(".nats/{version}/nats-server"))
}

impl Server {
    /// Asks the program at `path` for its version.
    pub(super) fn at(path: PathBuf, origin: &'static str) -> Result<Self> {
        let said = command::output(Command::new(&path).arg("--version"))?;
        let version = Version::parse(&said)
            .with_context(|| format!("{} does not tell its version: {said}", path.display()))?;
        Ok(Self {
            path,
            version,
            origin,
        })
    }

    /// Moves a fetched server to its home.
    pub(super) fn keep(self, root: &Path) -> Result<Self> {
        let path = self.room(root)?;
        fs::rename(&self.path, &path)?;
        Ok(Self { path, ..self })
    }

    /// Links a server that lies elsewhere to its home, so that tests find this one.
    pub(super) fn link(&self, root: &Path) -> Result<Self> {
        let path = self.room(root)?;
        if fs::symlink_metadata(&path).is_ok() {
            fs::remove_file(&path)?;
        }
        symlink(&self.path, &path)?;
        Ok(Self { path, ..*self })
    }

    fn room(&self, root: &Path) -> Result<PathBuf> {
        let path = home(root, self.version);
        fs::create_dir_all(path.parent().context("a home lies in a folder")?)?;
        Ok(path)
    }
}

/// Wheels lose the permission to run.
pub(super) fn make_executable(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_ordered_by_number() {
        let old = Version::parse("nats-server: v2.9.10\n").unwrap();
        let new = Version::parse("nats-server: v2.15.0-RC.1").unwrap();

        assert_eq!(old.to_string(), "2.9.10");
        assert_eq!(new, Version([2, 15, 0]));
        assert!(old < new);
        assert_eq!(Version::parse("nats-server: dev"), None);
    }

    #[test]
    fn a_linked_server_is_found_at_its_home() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = root.path().join("elsewhere");
        fs::write(&elsewhere, "#!/bin/sh\necho nats-server: v2.14.3\n").unwrap();
        make_executable(&elsewhere).unwrap();

        let server = Server::at(elsewhere, "PATH").unwrap();
        server.link(root.path()).unwrap();
        server.link(root.path()).unwrap();

        let home = home(root.path(), Version([2, 14, 3]));
        assert_eq!(Server::at(home, "PATH").unwrap().version, server.version);
    }
}
