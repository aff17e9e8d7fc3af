//! The CDNOW order history: real orders for tests and demos.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::pypi::{self, Wheel};

/// The CDNOW master file, published by Fader and Hardie, comes with this package's examples.
const WHEEL: Wheel = Wheel {
    requirement: "lifetimes==0.11.3",
    sha256: "261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8",
    python: "3.11",
};

/// Puts the file into `.cache/`, unless it is there.
pub(crate) fn install(root: &Path) -> Result<()> {
    let target = root.join(".cache/cdnow/CDNOW_master.txt");
    if !target.try_exists()? {
        fetch(root, &target).context(
            "fetching the CDNOW orders; put CDNOW_master.txt of the Python package lifetimes \
             0.11.3 into .cache/cdnow/ by hand if this machine cannot",
        )?;
    }
    println!(
        "orders: {}",
        target.strip_prefix(root).unwrap_or(&target).display()
    );
    Ok(())
}

fn fetch(root: &Path, target: &Path) -> Result<()> {
    let folder = target.parent().context("the target lies in a folder")?;
    fs::create_dir_all(folder)?;
    let work = tempfile::tempdir_in(folder)?;
    let files = pypi::unpack(root, &WHEEL, work.path())?;
    fs::rename(files.join("lifetimes/datasets/CDNOW_master.txt"), target)?;
    Ok(())
}
