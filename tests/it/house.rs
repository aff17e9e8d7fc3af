//! The walls between the crates: who may use whom, and what the pure ones never touch.
//!
//! `crates/README.md` has the map in words; this is the same map, kept true.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::root;

/// The folder of each crate, its kind, and the folders of the crates it may use.
const HOUSE: [(&str, Kind, &[&str]); 22] = [
    ("events", Pure, &[]),
    ("projection", Pure, &["events"]),
    ("identity", Pure, &["events", "projection"]),
    ("policies", Pure, &["events", "projection"]),
    ("accounts", Pure, &["events", "projection"]),
    ("dead-letters", Pure, &["events", "projection"]),
    ("customers", Pure, &["events", "projection"]),
    ("timeline", Pure, &["events", "projection"]),
    ("engagement", Pure, &["events", "projection"]),
    (
        "views",
        Pure,
        &["events", "projection", "customers", "timeline", "calls"],
    ),
    ("calls", Pure, &["events", "projection"]),
    ("ingest", Pure, &["events"]),
    ("sentiment", Pure, &["events"]),
    ("ledger", Shell, &["events"]),
    ("stream", Shell, &["events"]),
    (
        "engine",
        Shell,
        &["events", "projection", "ledger", "stream"],
    ),
    (
        "api",
        Shell,
        &[
            "events",
            "projection",
            "identity",
            "policies",
            "accounts",
            "dead-letters",
            "customers",
            "timeline",
            "calls",
            "engagement",
            "ingest",
            "views",
            "engine",
        ],
    ),
    ("outbound", Shell, &["events"]),
    ("touchbook", Binary, &ALL),
    ("testkit", Tool, &["events", "ledger"]),
    ("xtask", Tool, &[]),
    ("tests", Tool, &[]),
];

const ALL: [&str; 18] = [
    "events",
    "projection",
    "identity",
    "policies",
    "accounts",
    "dead-letters",
    "customers",
    "timeline",
    "engagement",
    "ingest",
    "views",
    "calls",
    "sentiment",
    "ledger",
    "stream",
    "engine",
    "api",
    "outbound",
];

/// Each folds on its own, so that any of them can be rebuilt, or fail, alone.
const PROJECTORS: [&str; 8] = [
    "identity",
    "policies",
    "accounts",
    "dead-letters",
    "customers",
    "timeline",
    "engagement",
    "calls",
];

/// Libraries that only these crates may name.
const KEEPERS: [(&str, &[&str]); 4] = [
    ("sled", &["ledger"]),
    // Tests publish as producers do, and the bench compares pages with the least that axum does.
    ("async-nats", &["stream", "testkit", "tests"]),
    ("axum", &["api", "tests"]),
    // The demo sends its made-up events as anybody would.
    ("reqwest", &["outbound", "touchbook"]),
];

/// Libraries that reach for the outside world: no pure crate may have them in its tree.
const WORLDLY: [&str; 9] = [
    "tokio",
    "async-nats",
    "sled",
    "axum",
    "hyper",
    "reqwest",
    "rand",
    "rustix",
    "mio",
];

/// The same in the standard library and chrono, as words in the source.
const WORLDLY_CALLS: [&str; 11] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "rand::",
    "getrandom",
];

/// What may lie at the top of the repository, besides files whose names begin with a dot.
const TOP: [&str; 11] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "crates",
    "deploy",
    "fuzz",
    "rust-toolchain.toml",
    "schemas",
    "tests",
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Computes, and does nothing else.
    Pure,
    /// Talks to the world.
    Shell,
    Binary,
    /// Never ships.
    Tool,
}
use Kind::{Binary, Pure, Shell, Tool};

#[test]
fn every_crate_has_a_room_in_the_table_and_a_name_that_tells_it() {
    let metadata = metadata();
    let found: BTreeSet<_> = members(&metadata).map(folder).collect();
    let table: BTreeSet<_> = HOUSE
        .iter()
        .map(|(folder, ..)| (*folder).to_owned())
        .collect();
    assert_eq!(
        found, table,
        "a crate that is not in the table, or no longer there"
    );

    for package in members(&metadata) {
        let folder = folder(package);
        let name = package.name.to_string();
        assert!(
            name == folder || name == format!("touchbook-{folder}"),
            "{folder} holds {name}"
        );
    }
}

#[test]
fn crates_use_only_what_the_table_allows() {
    let metadata = metadata();
    let folders: BTreeMap<_, _> = members(&metadata)
        .map(|package| (package.name.to_string(), folder(package)))
        .collect();
    let mut broken = Vec::new();
    for package in members(&metadata) {
        for dependency in &package.dependencies {
            let Some(used) = folders.get(&dependency.name) else {
                continue;
            };
            if !may_use(&folder(package), used, dependency.kind) {
                broken.push(format!(
                    "{} uses {used} ({:?})",
                    folder(package),
                    dependency.kind
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn may_use(user: &str, used: &str, kind: DependencyKind) -> bool {
    let (_, kind_of_user, allowed) = room(user);
    let in_tests = kind == DependencyKind::Development;
    // The tests of a pure crate may fold or decide with another one.
    let both_pure = *kind_of_user == Pure && room(used).1 == Pure;
    allowed.contains(&used) || in_tests && (used == "testkit" || *kind_of_user == Tool || both_pure)
}

#[test]
fn projectors_never_use_each_other() {
    for projector in PROJECTORS {
        let (_, _, allowed) = room(projector);
        assert!(
            !allowed.iter().any(|used| PROJECTORS.contains(used)),
            "{projector}"
        );
    }
}

#[test]
fn the_ledger_alone_knows_sled_the_stream_nats_and_the_api_axum() {
    let metadata = metadata();
    for (library, keepers) in KEEPERS {
        let users = members(&metadata).filter(|package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .any(|dependency| dependency.name == library)
        });
        let strangers: Vec<_> = users
            .map(folder)
            .filter(|user| !keepers.contains(&user.as_str()))
            .collect();
        assert!(strangers.is_empty(), "{library} is named by {strangers:?}");
    }
}

#[test]
fn pure_crates_have_no_worldly_library_below_them() {
    let metadata = metadata();
    let names: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect();
    for package in members(&metadata).filter(|package| room(&folder(package)).1 == Pure) {
        let below = normal_tree(&metadata, &package.id);
        let worldly: Vec<_> = below
            .iter()
            .map(|id| names[id])
            .filter(|name| WORLDLY.contains(name))
            .collect();
        assert!(worldly.is_empty(), "{} rests on {worldly:?}", package.name);
    }
    let ledger = members(&metadata)
        .find(|package| folder(package) == "ledger")
        .unwrap();
    let below = normal_tree(&metadata, &ledger.id);
    assert!(
        below.iter().any(|id| names[id] == "crc32fast"),
        "the walk misses sled's own needs"
    );
}

/// Everything a package is linked with: neither tests' nor build scripts' dependencies, nor what
/// procedural macros use while compiling.
fn normal_tree<'a>(metadata: &'a Metadata, top: &'a PackageId) -> BTreeSet<&'a PackageId> {
    let nodes = &metadata.resolve.as_ref().expect("asked for").nodes;
    let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (&node.id, node)).collect();
    let mut seen = BTreeSet::from([top]);
    let mut open = vec![top];
    while let Some(package) = open.pop() {
        for dependency in &nodes[package].deps {
            let mut kinds = dependency.dep_kinds.iter();
            let linked = kinds.any(|info| info.kind == DependencyKind::Normal);
            let macros = metadata[&dependency.pkg]
                .targets
                .iter()
                .any(|t| t.is_proc_macro());
            if linked && !macros && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen
}

#[test]
fn pure_crates_never_call_for_files_network_clock_or_chance() {
    let mut broken = Vec::new();
    for (folder, ..) in HOUSE.iter().filter(|(_, kind, _)| *kind == Pure) {
        for path in git_files(&format!("crates/{folder}/src")) {
            let source = fs::read_to_string(root().join(&path)).unwrap();
            let code = code_that_ships(&path, &source);
            broken.extend(
                code.filter(|(_, line)| is_worldly(line))
                    .map(|(number, line)| format!("{path}:{number}: {}", line.trim())),
            );
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn is_worldly(line: &str) -> bool {
    !line.trim_start().starts_with("//") && WORLDLY_CALLS.iter().any(|call| line.contains(call))
}

/// The numbered lines of a source file before its tests.
fn code_that_ships<'a>(path: &str, source: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let all_tests = ["/tests.rs", "/tests/", "/laws.rs", "/laws/"]
        .iter()
        .any(|part| path.contains(part));
    let ships = source
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .filter(|_| !all_tests);
    (1..).zip(ships.unwrap_or_default().lines())
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    for (folder, ..) in HOUSE {
        let folder = if folder == "tests" {
            "tests".into()
        } else {
            format!("crates/{folder}")
        };
        let manifest = fs::read_to_string(root().join(&folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let inherits = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        assert_eq!(
            inherits.and_then(toml::Value::as_bool),
            Some(true),
            "{folder}"
        );
    }
}

#[test]
fn the_top_of_the_repository_stays_small() {
    let files = git_files(".");
    let top: BTreeSet<_> = files
        .iter()
        .filter_map(|path| path.split('/').next())
        .collect();
    let strangers: Vec<_> = top
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP.contains(name))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

fn room(name: &str) -> &'static (&'static str, Kind, &'static [&'static str]) {
    let room = HOUSE.iter().find(|(folder, ..)| *folder == name);
    room.unwrap_or_else(|| panic!("crate {name} has no room in the table"))
}

fn metadata() -> Metadata {
    let manifest = root().join("Cargo.toml");
    let mut command = MetadataCommand::new();
    command
        .manifest_path(manifest)
        .other_options(["--locked".to_owned()]);
    command.exec().unwrap()
}

fn members(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata.workspace_packages().into_iter()
}

fn folder(package: &Package) -> String {
    let folder = package
        .manifest_path
        .parent()
        .and_then(|folder| folder.file_name());
    folder.expect("a manifest lies in a folder").to_owned()
}

/// The files that git knows or would add.
fn git_files(below: &str) -> Vec<String> {
    let arguments = [
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        below,
    ];
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let files = String::from_utf8(output.stdout).unwrap();
    files
        .lines()
        .filter(|path| Path::new(&root()).join(path).is_file())
        .map(Into::into)
        .collect()
}
