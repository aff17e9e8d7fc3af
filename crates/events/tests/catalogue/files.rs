//! Files of the repository that tests compare with, and write when asked to.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(
    clippy::disallowed_methods,
    reason = "says whether this run writes; no configuration"
)]
pub(crate) fn may_write() -> bool {
    std::env::var("TOUCHBOOK_UPDATE").is_ok_and(|value| value == "1")
}

/// Compares a generated file with the repository's copy.
pub(crate) fn same(path: &str, content: &str) {
    let file = root().join(path);
    let known = fs::read_to_string(&file).unwrap_or_default();
    if known == content {
        return;
    }
    assert!(
        may_write(),
        "{path} is not what the code says; write it with TOUCHBOOK_UPDATE=1"
    );
    write(&file, content);
}

/// Compares with a file that is added once and never changed (design law 6).
pub(crate) fn for_ever(path: &str, content: &str) {
    let file = root().join(path);
    match fs::read_to_string(&file) {
        Ok(known) => assert_eq!(known, content, "{path} was written once and never changes"),
        Err(_) => {
            assert!(
                may_write(),
                "{path} is missing; add it with TOUCHBOOK_UPDATE=1"
            );
            write(&file, content);
        }
    }
}

pub(crate) fn names_in(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn exists(path: &str) -> bool {
    root().join(path).is_file()
}

pub(crate) fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn write(file: &Path, content: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}
