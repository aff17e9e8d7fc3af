//! strace, with which a test watches the order of the service's system calls.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{apt, command};

/// Makes strace available on the search path or below `.cache/strace`, without root.
pub(crate) fn install(root: &Path) -> Result<()> {
    if let Some(path) = command::on_path("strace") {
        println!("strace: {}", path.display());
        return Ok(());
    }
    let folder = root.join(".cache/strace");
    let program = folder.join("bin/strace");
    if program.try_exists()? {
        println!("strace: {}", program.display());
        return Ok(());
    }
    let hint = "`apt-get install strace` as root brings it";
    let unpacked = apt::unpack(root, "strace", &folder).context(hint)?;
    // Debian links it to a library that a small machine lacks.
    let unwind = apt::unpack(root, "libunwind8", &folder).context(hint)?;
    fs::create_dir_all(folder.join("bin"))?;
    fs::copy(unpacked.join("usr/bin/strace"), &program)?;
    for library in fs::read_dir(libraries(&unwind)?)? {
        let library = library?;
        if library.path().is_file() {
            fs::copy(library.path(), folder.join("bin").join(library.file_name()))?;
        }
    }
    println!("strace: {}", program.display());
    Ok(())
}

/// The one folder of libraries in an unpacked package, whatever the machine.
fn libraries(unpacked: &Path) -> Result<std::path::PathBuf> {
    let usr = unpacked.join("usr/lib");
    let found = fs::read_dir(&usr)?
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    found
        .into_iter()
        .find(|path| path.is_dir())
        .context("the package has no libraries")
}
