//! What the service is measured beside: Postgres and UmaDB.
//!
//! Postgres is the machine's own, else Debian's, unpacked below `.cache/postgres`. UmaDB's server
//! and client are compiled from crates.io by `tests/peers`, a workspace of its own. What can't be
//! had is no error: the table says why its figures are missing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    apt,
    command::{self, cargo},
};

/// Where Debian puts the programs of each version.
const DEBIAN_PROGRAMS: &str = "usr/lib/postgresql";
/// What a Debian or Ubuntu may ship, in the order in which they are tried.
const DEBIAN_PACKAGES: [&str; 5] = [
    "postgresql-15",
    "postgresql-17",
    "postgresql-16",
    "postgresql-18",
    "postgresql-14",
];
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// Folders of programs, or why there is none.
pub(crate) struct Peers {
    postgres: Result<Programs>,
    umadb: Result<Programs>,
}

/// A folder of programs, and folders of libraries that the machine lacks.
struct Programs {
    folder: PathBuf,
    libraries: Vec<PathBuf>,
}

/// Finds or fetches both.
pub(crate) fn install(root: &Path) -> Peers {
    let postgres = postgres(root).context("no Postgres");
    let umadb = umadb(root).context("no UmaDB");
    for (name, programs) in [("Postgres", &postgres), ("UmaDB", &umadb)] {
        match programs {
            Ok(programs) => println!("{name}: {}", programs.folder.display()),
            Err(error) => println!("{error:#}"),
        }
    }
    Peers { postgres, umadb }
}

impl Peers {
    /// Tells the program that measures where they are.
    pub(crate) fn tell(&self, bench: &mut Command) {
        let mut libraries = Vec::new();
        for (name, programs) in [("postgres", &self.postgres), ("umadb", &self.umadb)] {
            match programs {
                Ok(programs) => {
                    bench.arg(format!("--{name}")).arg(&programs.folder);
                    libraries.extend(programs.libraries.clone());
                }
                Err(error) => {
                    bench.arg(format!("--no-{name}")).arg(format!("{error:#}"));
                }
            }
        }
        add_libraries(bench, libraries);
    }
}

fn add_libraries(command: &mut Command, mut folders: Vec<PathBuf>) {
    if folders.is_empty() {
        return;
    }
    let before = env::var_os(LIBRARY_PATH).unwrap_or_default();
    folders.extend(env::split_paths(&before));
    if let Ok(joined) = env::join_paths(folders) {
        command.env(LIBRARY_PATH, joined);
    }
}

fn postgres(root: &Path) -> Result<Programs> {
    if let Some(folder) = installed(Path::new("/"))? {
        let libraries = Vec::new();
        return Ok(Programs { folder, libraries });
    }
    let store = root.join(".cache/postgres");
    let files = store.join("files");
    if installed(&files)?.is_none() {
        unpack(root, &store)?;
    }
    let folder = installed(&files)?.context("the package has no initdb")?;
    let libraries = apt::libraries(&files)?;
    Ok(Programs { folder, libraries })
}

/// The programs of the newest version below `files`, which stands for `/`.
fn installed(files: &Path) -> Result<Option<PathBuf>> {
    let versions = files.join(DEBIAN_PROGRAMS);
    let mut found = Vec::new();
    if versions.try_exists()? {
        for entry in fs::read_dir(versions)? {
            let entry = entry?;
            let version = entry.file_name().to_string_lossy().parse::<u32>();
            let folder = entry.path().join("bin");
            if let (Ok(version), true) = (version, has_server(&folder)?) {
                found.push((version, folder));
            }
        }
    }
    if let Some((_, folder)) = found.into_iter().max() {
        return Ok(Some(folder));
    }
    let on_path = command::on_path("initdb").filter(|_| files == Path::new("/"));
    let folder = match on_path {
        // A link leads to the folder that has the others.
        Some(program) => program.canonicalize()?.parent().map(Path::to_owned),
        None => None,
    };
    Ok(folder.filter(|folder| has_server(folder).unwrap_or(false)))
}

fn has_server(folder: &Path) -> Result<bool> {
    Ok(folder.join("initdb").try_exists()? && folder.join("postgres").try_exists()?)
}

/// The first of Debian's packages that there is.
fn unpack(root: &Path, store: &Path) -> Result<PathBuf> {
    let mut last = None;
    for package in DEBIAN_PACKAGES {
        match apt::unpack_with_needs(root, package, store) {
            Ok(files) => return Ok(files),
            Err(error) => last = Some(error),
        }
    }
    let error = last.context("a list of packages that is not empty")?;
    Err(error.context("`apt-get install postgresql` as root brings it"))
}

fn umadb(root: &Path) -> Result<Programs> {
    let target = root.join("target/peers");
    let manifest = root.join("tests/peers/Cargo.toml");
    let mut build = cargo(root, &["build", "--release", "--locked"]);
    build.arg("--manifest-path").arg(manifest);
    build.arg("--target-dir").arg(&target);
    if let Some(files) = protoc(root)? {
        build.env("PROTOC", files.join("usr/bin/protoc"));
        add_libraries(&mut build, apt::libraries(&files)?);
    }
    command::run(&mut build)?;
    Ok(Programs {
        folder: target.join("release"),
        libraries: Vec::new(),
    })
}

/// The compiler of UmaDB's protocol, unpacked where the machine has none.
fn protoc(root: &Path) -> Result<Option<PathBuf>> {
    if env::var_os("PROTOC").is_some() || command::on_path("protoc").is_some() {
        return Ok(None);
    }
    let store = root.join(".cache/protoc");
    let files = store.join("files");
    if !files.join("usr/bin/protoc").try_exists()? {
        apt::unpack_with_needs(root, "protobuf-compiler", &store)
            .context("`apt-get install protobuf-compiler` as root brings protoc")?;
    }
    Ok(Some(files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_postgres_that_is_whole_is_found() {
        let files = tempfile::tempdir().unwrap();
        for (version, programs) in [
            ("9", &["initdb", "postgres"][..]),
            ("15", &["initdb", "postgres"]),
            ("17", &["initdb"]),
        ] {
            let folder = files.path().join(DEBIAN_PROGRAMS).join(version).join("bin");
            fs::create_dir_all(&folder).unwrap();
            for program in programs {
                fs::write(folder.join(program), "").unwrap();
            }
        }

        let found = installed(files.path()).unwrap().unwrap();

        let expected = files.path().join(DEBIAN_PROGRAMS).join("15/bin");
        assert_eq!(found, expected);
    }

    #[test]
    fn why_a_peer_is_missing_is_told() {
        let peers = Peers {
            postgres: Err(anyhow::anyhow!("no such package")).context("no Postgres"),
            umadb: Ok(Programs {
                folder: "here".into(),
                libraries: vec!["there".into()],
            }),
        };
        let mut bench = Command::new("bench");

        peers.tell(&mut bench);

        let told: Vec<_> = bench
            .get_args()
            .map(|word| word.to_str().unwrap())
            .collect();
        let expected = [
            "--no-postgres",
            "no Postgres: no such package",
            "--umadb",
            "here",
        ];
        assert_eq!(told, expected);
        assert!(bench.get_envs().any(|(name, _)| name == LIBRARY_PATH));
    }
}
