//! Writing again what is generated and committed.
//!
//! The tests that compare generated documents with the committed ones also write them, when
//! `TOUCHBOOK_UPDATE` is `1`; so there is one generator, and it is always tested.

use std::path::Path;

use anyhow::Result;

use crate::command;

const SWITCH: &str = "TOUCHBOOK_UPDATE";
/// The crates whose tests own files under `schemas/`.
const GENERATORS: [&str; 2] = ["touchbook-events", "touchbook-api"];

pub(crate) fn run(root: &Path) -> Result<()> {
    for package in GENERATORS {
        let arguments = ["test", "--locked", "--quiet", "--package", package];
        command::run(command::cargo(root, &arguments).env(SWITCH, "1"))?;
    }
    let changed = command::output(&mut command::at(
        root,
        "git",
        &["status", "--short", "schemas"],
    ))?;
    println!("{}", summary(&changed));
    Ok(())
}

fn summary(changed: &str) -> String {
    if changed.is_empty() {
        return "schemas/ is as committed".to_owned();
    }
    format!("look at these and commit them:\n{}", changed.trim_end())
}
