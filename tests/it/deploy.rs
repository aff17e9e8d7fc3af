//! What lies in `deploy/` is right, as far as that shows without running it.

mod alerts;
mod compose;
mod image;
mod unit;

use std::fs;

use crate::root;

/// A file below `deploy/`.
fn read(path: &str) -> String {
    let path = root().join("deploy").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(path: &str) -> serde_yaml_ng::Value {
    serde_yaml_ng::from_str(&read(path)).unwrap()
}

/// The text of every Rust file below `folder`.
fn sources(folder: &str) -> String {
    let folder = root().join(folder);
    let mut open = vec![folder];
    let mut text = String::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

/// Asserts that these words after the program are a command line `touchbook serve` takes.
#[track_caller]
fn assert_serves(arguments: &[&str]) {
    let (command, flags) = arguments.split_first().expect("a subcommand");
    assert_eq!(*command, "serve");
    let real = flags_of_the_binary(&sources("crates/touchbook/src"));
    for flag in flags.iter().filter_map(|word| word.strip_prefix("--")) {
        assert!(
            real.iter().any(|real| real == flag),
            "--{flag} is none of {real:?}"
        );
    }
}

/// The value that follows a flag.
fn value_of<'a>(arguments: &[&'a str], flag: &str) -> &'a str {
    let at = arguments.iter().position(|word| *word == flag);
    at.and_then(|at| arguments.get(at + 1))
        .copied()
        .unwrap_or_else(|| panic!("no {flag}"))
}

/// The long flags that clap derives: fields under `#[arg(…long…)]`, with hyphens.
fn flags_of_the_binary(source: &str) -> Vec<String> {
    let mut flags = Vec::new();
    for part in source.split("#[arg(").skip(1) {
        let Some((attribute, rest)) = part.split_once(")]") else {
            continue;
        };
        if !attribute
            .split([',', ' ', '='])
            .any(|word| word.trim() == "long")
        {
            continue;
        }
        let field = rest.split(':').next().unwrap_or_default();
        flags.extend(
            field
                .split_whitespace()
                .next_back()
                .map(|name| name.replace('_', "-")),
        );
    }
    flags
}

#[test]
fn flags_are_read_from_the_source_of_the_command_line() {
    let source = "#[arg(long, env = \"A\")]\n    pub(crate) data_dir: PathBuf,\n\
                  #[arg(short)] quiet: bool, #[arg(long)]\n    listen: SocketAddr,";
    assert_eq!(flags_of_the_binary(source), ["data-dir", "listen"]);
}
