//! Directories of a test.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory that is removed when it is dropped.
pub fn data_dir() -> TempDir {
    tempfile::Builder::new()
        .prefix("touchbook-")
        .tempdir()
        .expect("a temporary directory")
}

/// The root of the workspace, for files that lie in it. Cargo says where, when a test runs, so that
/// a copied target folder finds its own checkout.
pub fn workspace_dir() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the test");
    let package = Path::new(&package)
        .canonicalize()
        .expect("the package under test");
    let root = package
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file());
    root.expect("a workspace around the package").to_owned()
}
