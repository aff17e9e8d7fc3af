//! `Dockerfile`.

use std::fs;

use super::{assert_serves, read, value_of};
use crate::root;

const INSTRUCTIONS: [&str; 13] = [
    "FROM",
    "ENV",
    "WORKDIR",
    "COPY",
    "RUN",
    "USER",
    "VOLUME",
    "EXPOSE",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
    "LABEL",
];

/// The instructions with their arguments, continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = lines.map(|line| line.split_once(' ').expect("an instruction has arguments"));
    split
        .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
        .collect()
}

/// The last stage, which is what ships.
fn shipped() -> Vec<(String, String)> {
    let all = instructions();
    let begin = all.iter().rposition(|(word, _)| word == "FROM").unwrap();
    all[begin..].to_vec()
}

fn the<'a>(stage: &'a [(String, String)], instruction: &str) -> &'a str {
    let found = stage.iter().rfind(|(word, _)| word == instruction);
    &found.unwrap_or_else(|| panic!("no {instruction}")).1
}

#[test]
fn only_known_instructions_appear() {
    for (word, rest) in instructions() {
        assert!(INSTRUCTIONS.contains(&word.as_str()), "{word} {rest}");
    }
}

#[test]
fn what_compiles_does_not_ship() {
    let stages: Vec<_> = instructions()
        .into_iter()
        .filter(|(word, _)| word == "FROM")
        .collect();
    assert_eq!(stages.len(), 2);
    assert_eq!(the(&shipped(), "FROM"), "debian:bookworm-slim");
    let copied = shipped().into_iter().filter(|(word, _)| word == "COPY");
    let copied: Vec<String> = copied.map(|(_, rest)| rest).collect();
    assert_eq!(
        copied,
        [
            "--from=build /out/touchbook /usr/bin/touchbook",
            "LICENSE /usr/share/doc/touchbook/copyright",
        ]
    );
}

#[test]
fn it_builds_the_locked_dependencies_with_the_rust_of_the_workspace() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let rust = manifest["workspace"]["package"]["rust-version"]
        .as_str()
        .unwrap();

    let all = instructions();
    let compiled = all
        .iter()
        .find(|(_, rest)| rest.contains("cargo build"))
        .unwrap();

    assert_eq!(
        the(&all[..1], "FROM"),
        format!("rust:{rust}-bookworm AS build")
    );
    assert_eq!(the(&all, "ENV"), format!("RUSTUP_TOOLCHAIN={rust}.0"));
    assert!(
        compiled.1.contains("--locked --package touchbook"),
        "{}",
        compiled.1
    );
    assert!(
        compiled.1.contains("--mount=type=cache,target=/src/target"),
        "{}",
        compiled.1
    );
}

#[test]
fn it_runs_as_a_user_without_rights_who_owns_only_the_data() {
    let stage = shipped();
    let user: u32 = the(&stage, "USER")
        .parse()
        .expect("a number, which Kubernetes can check");
    assert_ne!(user, 0);
    let at = |word: &str| stage.iter().position(|(found, _)| found == word).unwrap();
    assert!(at("USER") < at("ENTRYPOINT"));
    let prepared = the(&stage, "RUN");
    assert!(prepared.contains(&format!("--uid {user} ")), "{prepared}");
    assert!(
        prepared.contains("--mode 0700 /var/lib/touchbook"),
        "{prepared}"
    );
}

#[test]
fn it_serves_from_its_volume_and_hears_signals_itself() {
    let stage = shipped();
    // A list, not a shell's line: the service is process 1 and gets SIGTERM.
    let entrypoint: Vec<String> = serde_json::from_str(the(&stage, "ENTRYPOINT")).unwrap();
    let command: Vec<String> = serde_json::from_str(the(&stage, "CMD")).unwrap();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();

    assert_eq!(entrypoint, ["/usr/bin/touchbook"]);
    assert_serves(&command);
    assert_eq!(value_of(&command, "--data-dir"), the(&stage, "VOLUME"));
    let port = the(&stage, "EXPOSE");
    assert!(value_of(&command, "--listen").ends_with(&format!(":{port}")));
    assert!(the(&stage, "HEALTHCHECK").contains(&format!(":{port}/healthz")));
}

#[test]
fn the_build_sees_every_part_of_the_workspace_and_no_data() {
    let ignore = read("Dockerfile.dockerignore");
    let lines: Vec<&str> = ignore
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(lines[0], "*", "everything is left out that is not named");
    for needed in [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "crates",
        "schemas",
        "tests",
    ] {
        assert!(lines.contains(&format!("!{needed}").as_str()), "{needed}");
    }
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("data") || line.contains(".git"))
    );
}
