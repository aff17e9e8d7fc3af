//! Damage below the store: what it would hide or make worse is named before it may touch it.

use super::support::{Dir, T, all, append, verify};
use crate::error::Flaw;
use crate::layout::{Extent, layout, newest};
use crate::ledger::read;
use crate::replay;
use crate::survey::Rescue;
use crate::{Error, Survey, survey};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use touchbook_events::TenantNumber;

const OTHER: TenantNumber = TenantNumber(8);

/// Blocks, frames in the tail and chunks, as a process leaves them that is killed.
fn killed() -> Dir {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, OTHER, 1, 400_000).unwrap();
    for _ in 0..4 {
        append(&mut ledger, T, 700, 200).unwrap();
    }
    for _ in 0..9 {
        append(&mut ledger, T, 3, 300).unwrap();
        append(&mut ledger, OTHER, 2, 300).unwrap();
    }
    ledger.reader().note_durable().unwrap();
    dir.copy()
}

fn stopped() -> Dir {
    let dir = killed();
    dir.open().0.close().unwrap();
    dir
}

impl Dir {
    pub(crate) fn flip(&self, file: &str, offset: u64) {
        let path = self.volume().join(file);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset).unwrap();
        file.write_all_at(&[byte[0] ^ 0x10], offset).unwrap();
    }

    fn survey(&self) -> Survey {
        survey(self.path()).unwrap()
    }

    fn snapshot(&self) -> String {
        let names = fs::read_dir(self.volume()).unwrap();
        let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.find(|name| name.starts_with("snap.")).unwrap()
    }
}

fn of(layout: &[Extent], what: &str) -> Vec<Extent> {
    let found: Vec<_> = layout
        .iter()
        .filter(|piece| piece.what == what)
        .copied()
        .collect();
    assert!(!found.is_empty(), "no {what}");
    found
}

#[test]
fn a_whole_ledger_is_found_whole_without_the_store() {
    for dir in [killed(), stopped()] {
        let survey = dir.survey();
        assert!(survey.is_whole(), "{survey:?}");
        let (ledger, _) = dir.open();
        let found: Vec<_> = survey
            .tenants
            .iter()
            .map(|one| (one.tenant, one.whole_to))
            .collect();
        let tenants = [T, OTHER].map(|tenant| (tenant, ledger.reader().head(tenant).position));
        assert_eq!(found, tenants);
        for tenant in survey.tenants {
            let first = ledger.reader().record(tenant.tenant, 1).unwrap().unwrap();
            assert_eq!(tenant.first.unwrap(), *first);
        }
    }
}

#[test]
fn damage_in_a_log_that_is_to_be_replayed_is_named_before_the_store_overwrites_it() {
    let whole = killed();
    let layout = layout(whole.path()).unwrap();
    for what in [
        "message header",
        "frame header",
        "frame body",
        "block body",
        "mark",
        "chunk",
        "page",
    ] {
        for piece in of(&layout, what).iter().rev().take(3) {
            let dir = whole.copy();
            dir.flip("db", piece.offset + piece.len / 2);
            let before = fs::read(dir.volume().join("db")).unwrap();
            let refusal = dir.refusal();
            assert!(
                matches!(refusal, Error::DamagedStore { .. }),
                "{what}: {refusal}"
            );
            assert!(refusal.is_damage());
            let after = fs::read(dir.volume().join("db")).unwrap();
            assert!(before == after, "{what}: the store was let near it");
            assert!(!dir.survey().is_whole(), "{what}");
        }
    }
}

#[test]
fn the_first_bad_position_is_named_though_the_store_gives_up() {
    for whole in [killed(), stopped()] {
        let layout = layout(whole.path()).unwrap();
        for (place, first) in [(0, 1), (1, 656), (2, 1_311)] {
            let dir = whole.copy();
            let piece = of(&layout, "block body")[place];
            dir.flip("db", piece.offset + piece.len / 2);
            assert!(dir.refusal().is_damage());
            let survey = dir.survey();
            assert!(!survey.files.is_empty(), "{survey:?}");
            let damaged: Vec<_> = survey
                .tenants
                .iter()
                .filter_map(|one| one.damage.clone())
                .collect();
            assert_eq!(damaged.len(), 1, "{survey:?}");
            assert_eq!(
                (damaged[0].tenant, damaged[0].position),
                (T, first),
                "{survey:?}"
            );
        }
    }
}

#[test]
fn a_lost_end_of_the_log_is_told_from_one_that_a_crash_tore() {
    let whole = killed();
    let layout = layout(whole.path()).unwrap();
    let last = *of(&layout, "frame body").last().unwrap();
    let dir = whole.copy();
    let file = OpenOptions::new()
        .write(true)
        .open(dir.volume().join("db"))
        .unwrap();
    file.set_len(last.offset).unwrap();
    assert!(
        matches!(dir.refusal(), Error::DamagedStore { .. }),
        "{}",
        dir.refusal()
    );
    let survey = dir.survey();
    assert_eq!(survey.missing_records, 2, "{survey:?}");
    // Without the note it could be what a crash left.
    fs::remove_file(dir.volume().join("witness")).unwrap();
    let (ledger, _) = dir.open();
    assert_eq!(verify(&ledger.reader(), OTHER).unwrap(), 17);
}

#[test]
fn damage_of_the_stores_own_files_is_named_and_mended_by_deleting_them() {
    let whole = stopped();
    let (ledger, _) = whole.open();
    let records = all(&ledger.reader(), T);
    drop(ledger);
    for (name, offset) in [("conf".to_owned(), 16), (whole.snapshot(), 30)] {
        let dir = whole.copy();
        dir.flip(&name, offset);
        let refusal = dir.refusal().to_string();
        assert!(refusal.contains(&name), "{refusal}");
        fs::remove_file(dir.volume().join(&name)).unwrap();
        let (ledger, _) = dir.open();
        assert!(all(&ledger.reader(), T) == records, "without {name}");
    }
}

#[test]
fn a_lost_log_is_named_and_nothing_is_put_in_its_place() {
    let dir = stopped();
    fs::remove_file(dir.volume().join("db")).unwrap();
    let names = || {
        let entries = fs::read_dir(dir.volume()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let refusal = dir.refusal();
    assert!(refusal.is_damage());
    assert!(refusal.to_string().contains("db is missing"), "{refusal}");
    assert_eq!(names(), before);
    assert!(!dir.survey().is_whole());
}

#[test]
fn what_another_version_wrote_is_not_taken_for_damage() {
    let dir = stopped();
    dir.tamper(|store| {
        let (key, value) = store.tail.last().unwrap().unwrap();
        let mut value = value.to_vec();
        value[0] = 1;
        store.tail.insert(key, value).unwrap();
    });
    let before = fs::read(dir.volume().join("db")).unwrap();
    let refusal = dir.refusal();
    assert!(
        matches!(refusal, Error::OtherVersion { version: 1 }),
        "{refusal}"
    );
    assert!(!refusal.is_damage());
    assert!(before == fs::read(dir.volume().join("db")).unwrap());
}

#[test]
fn what_rots_while_it_is_served_is_not_destroyed_by_a_clean_stop() {
    let dir = killed();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 700, 200).unwrap();
    let rotten = layout(dir.path()).unwrap();
    let rotten = rotten
        .iter()
        .rfind(|one| one.what == "page")
        .unwrap()
        .offset;
    append(&mut ledger, T, 700, 200).unwrap();
    let head = ledger.reader().head(T).position;
    dir.flip("db", rotten + 20);
    let refusal = ledger.close().unwrap_err();
    assert!(matches!(refusal, Error::DamagedStore { .. }), "{refusal:?}");
    let survey = dir.survey();
    let seen = survey
        .tenants
        .iter()
        .find(|tenant| tenant.tenant == T)
        .unwrap();
    assert_eq!(
        seen.seen_to, head,
        "what is behind the damage is still there"
    );
    assert!(matches!(dir.refusal(), Error::DamagedStore { .. }));
}

/// As when it has failed to write, and reads no more what it would have to write for.
#[test]
fn every_block_is_found_without_the_store() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 1, 400_000).unwrap();
    for _ in 0..40 {
        append(&mut ledger, T, 30, 6_000).unwrap();
    }
    let newest = newest(dir.path()).unwrap();
    let head = ledger.reader().head(T).position;
    assert_eq!((newest.seals, newest.last), (true, head));
    let rescue = Rescue::read(&dir.volume()).unwrap();
    let blocks = read(&ledger.shared.tenant(T).unwrap()).blocks.clone();
    assert!(blocks.len() > 20, "{} are no few leaves", blocks.len());
    for block in &blocks {
        let run = rescue.load(T, block.first).unwrap();
        let stored = replay::load(&ledger.shared.store, T, block.first).unwrap();
        assert!(run.records().eq(stored.records()), "{}", block.first);
    }
    assert_eq!(rescue.load(T, head + 1).unwrap_err().what, Flaw::Missing);
}
