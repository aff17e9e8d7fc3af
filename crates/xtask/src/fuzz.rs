//! Feeding what a fuzzer makes up to everything that reads bytes.
//!
//! `fuzz/` is a workspace of its own, built with instrumentation below `target/fuzz`. What a run
//! finds worth keeping stays there; `--keep` puts a sample of it into `fuzz/corpus`, which the
//! ordinary tests read again.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::command;

/// Files of `fuzz/targets`, without `.rs`.
const TARGETS: [&str; 7] = [
    "batch", "block", "envelope", "frame", "log", "record", "snapshot",
];
/// One input may take so long before it counts as hanging.
const INPUT_SECONDS: u32 = 10;
/// Most that is allocated at once: some hundred times the longest input.
const ALLOCATION_MIB: u32 = 64;
/// Most that a run may occupy, the sanitizer's own memory included.
const RESIDENT_MIB: u32 = 2_048;
/// Longest input: enough for every shape, and short enough for many a second.
const INPUT_BYTES_MAX: u32 = 16 * 1024;
/// Longest input that is kept for the tests, and all of one target's: seven fit into the 200 KiB
/// that a test allows.
const KEPT_BYTES_MAX: u32 = 2 * 1024;
const KEPT_BYTES_TOTAL: u64 = 28 * 1024;

#[derive(Args)]
pub(crate) struct Options {
    /// One target; all of them, one after another, where none is named
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Afterwards put a sample of the inputs that reach everything into fuzz/corpus
    #[arg(long)]
    keep: bool,
}

/// Runs the targets, each until its time is over or it finds something, which is an error.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    install(root)?;
    let named = options.target.as_deref();
    for target in TARGETS
        .into_iter()
        .filter(|target| named.is_none_or(|named| named == *target))
    {
        println!("\n== {target}, {} s", options.seconds);
        let fuzz = Fuzz::new(root, target)?;
        fuzz.run(options.seconds)?;
        if options.keep {
            fuzz.keep()?;
        }
    }
    Ok(())
}

fn install(root: &Path) -> Result<()> {
    if command::on_path("cargo-fuzz").is_some() {
        return Ok(());
    }
    println!("cargo-fuzz is missing: installing it");
    command::run(&mut command::cargo(
        root,
        &["install", "cargo-fuzz", "--locked"],
    ))
}

struct Fuzz<'a> {
    root: &'a Path,
    target: &'a str,
    /// What this and earlier runs here found worth keeping.
    found: PathBuf,
    /// What the repository has.
    corpus: PathBuf,
}

impl<'a> Fuzz<'a> {
    fn new(root: &'a Path, target: &'a str) -> Result<Self> {
        let found = root.join("target/fuzz/found").join(target);
        let corpus = root.join("fuzz/corpus").join(target);
        for folder in [&found, &corpus] {
            fs::create_dir_all(folder)?;
        }
        Ok(Self {
            root,
            target,
            found,
            corpus,
        })
    }

    /// libFuzzer over these folders; the first is where it writes.
    fn fuzz(&self, folders: &[&Path], arguments: &[String]) -> Command {
        let mut fuzz = command::cargo(self.root, &["fuzz", "run", "--target-dir", "target/fuzz"]);
        // Sanitizers are not yet stable, but this compiler has them.
        fuzz.env("RUSTC_BOOTSTRAP", "1").arg(self.target);
        fuzz.args(folders).arg("--").args(arguments);
        fuzz.args([
            format!("-timeout={INPUT_SECONDS}"),
            format!("-malloc_limit_mb={ALLOCATION_MIB}"),
            format!("-rss_limit_mb={RESIDENT_MIB}"),
        ]);
        fuzz
    }

    fn run(&self, seconds: u32) -> Result<()> {
        let examples = self.root.join("crates/events/examples");
        let mut folders: Vec<&Path> = vec![&self.found, &self.corpus];
        if self.target == "envelope" {
            folders.push(&examples);
        }
        let limits = [
            format!("-max_total_time={seconds}"),
            format!("-max_len={INPUT_BYTES_MAX}"),
            "-print_final_stats=1".to_owned(),
        ];
        command::run(&mut self.fuzz(&folders, &limits))
            .with_context(|| format!("{} found something; its input is named above", self.target))
    }

    /// Of a small set of inputs that reaches what all of them reach, a sample takes the corpus'
    /// place.
    fn keep(&self) -> Result<()> {
        let smallest = self.root.join("target/fuzz/smallest").join(self.target);
        if smallest.try_exists()? {
            fs::remove_dir_all(&smallest)?;
        }
        fs::create_dir_all(&smallest)?;
        let merge = [
            "-set_cover_merge=1".to_owned(),
            // What is reached counts, not how often.
            "-use_counters=0".to_owned(),
            format!("-max_len={KEPT_BYTES_MAX}"),
        ];
        let folders: [&Path; 3] = [&smallest, &self.corpus, &self.found];
        command::run(&mut self.fuzz(&folders, &merge))?;
        let kept = sample(&smallest)?;
        ensure!(
            !kept.is_empty(),
            "nothing is left of the corpus of {}",
            self.target
        );
        fs::remove_dir_all(&self.corpus)?;
        fs::create_dir_all(&self.corpus)?;
        for name in kept {
            fs::copy(smallest.join(&name), self.corpus.join(&name))?;
        }
        Ok(())
    }
}

/// As many files as may be kept. Their names are digests of them, so that those which come first
/// are of any size and kind, and mostly those of the last time.
fn sample(folder: &Path) -> Result<Vec<OsString>> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        files.push((file.file_name(), file.metadata()?.len()));
    }
    files.sort();
    let mut left = KEPT_BYTES_TOTAL;
    files.retain(|(_, bytes)| match left.checked_sub(*bytes) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_file_and_every_file_is_a_target() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/targets");
        let mut files: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, TARGETS.map(|target| format!("{target}.rs")));
    }

    #[test]
    fn a_sample_is_never_larger_than_it_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a", "b", "c", "d"];
        let room = KEPT_BYTES_TOTAL as usize;
        for (name, bytes) in names.iter().zip([room - 8, 9, 8, 1]) {
            fs::write(folder.path().join(name), vec![0; bytes]).unwrap();
        }
        assert_eq!(sample(folder.path()).unwrap(), ["a", "c"]);
    }
}
