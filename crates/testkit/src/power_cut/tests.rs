//! The recorder on real processes, and the disk on what it recorded.

use super::{Disk, Forgotten, Grain, Operation, Recorder, Recording, Survival};
use crate::data_dir;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Records a script of the shell's in an empty folder.
fn record(script: &str) -> (TempDir, Recording) {
    let (root, own) = (data_dir(), data_dir());
    let recorder = Recorder::new(root.path(), own.path()).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", script]).current_dir(root.path());
    let status = shell.envs(recorder.environment()).status().unwrap();
    assert!(status.success(), "{script}");
    let recording = recorder.recording().unwrap();
    (root, recording)
}

fn forgets_nothing(_: &Forgotten<'_>) -> bool {
    false
}

/// What is left when nothing survives that was not synced.
fn synced(recording: &Recording) -> TempDir {
    let left = data_dir();
    let operations = recording.operations.len();
    let disk = Disk::after(recording, operations, None, forgets_nothing).unwrap();
    let mut survival = Survival::of_everything();
    (survival.grain, survival.odds) = (Grain::Page, 0.0);
    disk.survivors(&mut survival, left.path()).unwrap();
    left
}

fn text(folder: &TempDir, path: &str) -> Option<String> {
    fs::read_to_string(folder.path().join(path)).ok()
}

#[test]
fn what_was_recorded_makes_the_folder_again() {
    let script = "mkdir a a/b; echo one > a/x; echo two >> a/x; echo three > a/b/y; \
        mv a/x a/z; rm a/b/y; rmdir a/b; echo four > c; truncate -s 2 c; ln a/z d; : > e; : > e";
    let (root, recording) = record(script);
    let copy = data_dir();
    let operations = recording.operations.len();
    let disk = Disk::after(&recording, operations, None, forgets_nothing).unwrap();
    disk.survivors(&mut Survival::of_everything(), copy.path())
        .unwrap();
    for path in ["a/z", "c", "d", "e"] {
        assert_eq!(text(&copy, path), text(&root, path), "{path}");
        assert!(text(&copy, path).is_some(), "{path}");
    }
    for path in ["a/x", "a/b"] {
        assert!(!copy.path().join(path).try_exists().unwrap(), "{path}");
    }
}

#[test]
fn bytes_are_durable_with_their_file_and_names_with_their_folder() {
    let (_root, recording) = record(
        "mkdir a; echo one > a/x; echo two > a/y; sync -d a/x; sync a .; echo more >> a/x; \
         echo three > a/z; sync a/z",
    );
    let left = synced(&recording);
    assert_eq!(text(&left, "a/x").as_deref(), Some("one\n"));
    assert_eq!(text(&left, "a/y").as_deref(), Some(""), "it has a name");
    assert_eq!(text(&left, "a/z"), None, "it has bytes and no name");
}

#[test]
fn a_file_is_for_those_who_could_read_it_before() {
    let (_root, recording) = record("umask 077; echo one > x; umask 022; echo two > y");
    let copy = data_dir();
    let operations = recording.operations.len();
    let disk = Disk::after(&recording, operations, None, forgets_nothing).unwrap();
    disk.survivors(&mut Survival::of_everything(), copy.path())
        .unwrap();
    for (path, mode) in [("x", 0o600), ("y", 0o644)] {
        let metadata = fs::metadata(copy.path().join(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
    }
}

#[test]
fn a_rename_without_a_sync_of_the_folder_may_be_undone() {
    let (_root, recording) = record("echo old > x; echo new > y; sync x y; sync .; mv y x");
    let left = synced(&recording);
    assert_eq!(text(&left, "x").as_deref(), Some("old\n"));
    assert_eq!(text(&left, "y").as_deref(), Some("new\n"));
}

#[test]
fn a_sync_covers_only_what_was_written_before_it_began() {
    let (_root, mut recording) = record("echo one > x; sync .; sync x; echo two >> x");
    let begin = |operation: &Operation| matches!(operation, Operation::SyncBegin { path, .. } if path == Path::new("x"));
    let begun = recording.operations.iter().position(begin).unwrap();
    let last = recording.operations.pop().unwrap();
    assert!(matches!(last, Operation::Write { .. }));
    recording.operations.insert(begun + 1, last);
    let left = synced(&recording);
    assert_eq!(text(&left, "x").as_deref(), Some("one\n"));
}

#[test]
fn a_sync_that_is_forgotten_covers_nothing() {
    let (_root, recording) = record("echo one > x; sync .; sync -d x");
    let operations = recording.operations.len();
    let left = data_dir();
    let disk = Disk::after(&recording, operations, None, |sync| sync.of_data).unwrap();
    let mut survival = Survival::of_everything();
    (survival.grain, survival.odds) = (Grain::Sector, 0.0);
    disk.survivors(&mut survival, left.path()).unwrap();
    assert_eq!(text(&left, "x").as_deref(), Some(""));
}

#[test]
fn a_halted_process_ends_before_its_next_operation() {
    let (root, own) = (data_dir(), data_dir());
    let recorder = Recorder::new(root.path(), own.path()).unwrap();
    recorder.halt().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo one > x"]).current_dir(root.path());
    let status = shell.envs(recorder.environment()).status().unwrap();
    assert!(!status.success());
    assert_eq!(text(&root, "x"), None);
    recorder.resume().unwrap();
    recorder.note("on we go").unwrap();
    let operations = recorder.recording().unwrap().operations;
    let text = "on we go".to_owned();
    assert_eq!(operations, [Operation::Note { text }]);
}

#[test]
fn a_folder_that_was_there_before_is_durable() {
    let (root, own, left) = (data_dir(), data_dir(), data_dir());
    fs::create_dir(root.path().join("a")).unwrap();
    fs::write(root.path().join("a/x"), "old\n").unwrap();
    let base = data_dir();
    fs::create_dir(base.path().join("a")).unwrap();
    fs::write(base.path().join("a/x"), "old\n").unwrap();
    let recorder = Recorder::new(root.path(), own.path()).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo new >> a/x; sync -d a/x; rm a/x"]);
    shell.current_dir(root.path());
    assert!(
        shell
            .envs(recorder.environment())
            .status()
            .unwrap()
            .success()
    );
    let recording = recorder.recording().unwrap();
    let operations = recording.operations.len();
    let disk = Disk::after(&recording, operations, Some(base.path()), forgets_nothing).unwrap();
    let mut survival = Survival::of_everything();
    (survival.grain, survival.odds) = (Grain::Page, 0.0);
    disk.survivors(&mut survival, left.path()).unwrap();
    assert_eq!(text(&left, "a/x").as_deref(), Some("old\nnew\n"));
}
