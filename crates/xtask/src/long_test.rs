//! Tests that go on for as long as they are told, and are ignored when nobody tells.

use std::{ffi::OsString, path::Path};

use anyhow::Result;

use crate::command::{self, cargo};

/// A test, and what it runs against.
pub(crate) struct LongTest {
    pub(crate) package: &'static str,
    /// A file of the package's tests.
    pub(crate) target: &'static str,
    pub(crate) name: &'static str,
    /// Whether it measures, and so wants what ships.
    pub(crate) is_of_release: bool,
}

/// The package of the tests that drive the real binary.
const BINARY_TESTS: &str = "touchbook-tests";

/// One against the real binary.
pub(crate) const fn of_binary(name: &'static str) -> LongTest {
    LongTest {
        package: BINARY_TESTS,
        target: "it",
        name,
        is_of_release: false,
    }
}

/// Builds the service where it is needed, tells the test by variables of its environment what was
/// asked for, and runs it.
pub(crate) fn run(root: &Path, test: &LongTest, told: &[(&str, OsString)]) -> Result<()> {
    let release: &[&str] = if test.is_of_release {
        &["--release"]
    } else {
        &[]
    };
    if test.package == BINARY_TESTS {
        let mut build = cargo(root, &["build", "--locked", "--package", "touchbook"]);
        command::run(build.args(release))?;
    }
    let mut run = cargo(root, &["test", "--locked"]);
    run.args(release)
        .args(["--package", test.package, "--test", test.target])
        .args(["--", test.name, "--exact", "--ignored", "--nocapture"])
        .envs(told.iter().map(|(name, value)| (name, value)));
    command::run(&mut run)
}
