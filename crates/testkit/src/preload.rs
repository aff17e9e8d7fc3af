//! Libraries that a process is started with, so that a test sees or decides what its calls do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// What they share.
const SHARED: (&str, &str) = ("folder.h", include_str!("folder.h"));

/// Compiles a library into `folder`, with the compiler that Rust itself links with.
pub(crate) fn compile(folder: &Path, name: &str, source: &str) -> io::Result<PathBuf> {
    let file = folder.join(name).with_extension("c");
    let library = folder.join(name).with_extension("so");
    fs::write(folder.join(SHARED.0), SHARED.1)?;
    fs::write(&file, source)?;
    let output = Command::new("cc")
        .args([
            "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-pthread", "-o",
        ])
        .args([&library, &file])
        .output()?;
    if output.status.success() {
        return Ok(library);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "cc could not compile {name}: {said}"
    )))
}

/// A variable of a process's environment.
pub(crate) fn variable(name: &str, path: &Path) -> (String, String) {
    (name.to_owned(), path.display().to_string())
}
