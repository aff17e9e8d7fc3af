//! A bit of each kind of byte in a data directory turned over: it is named, or it changes nothing,
//! and no answer is ever another than before.
//!
//! The directories are the real service's own, one that was killed and one that was stopped; with
//! each, commands and the service are started as an operator would.

mod answers;
mod flip;
mod image;
mod scrub;

use crate::service::{Service, run};
use answers::{Answers, Compared};
use flip::Flip;
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::process::Output;
use touchbook_testkit::asked;

/// Flips of each kind in each directory.
const FLIPS: u64 = 1;
const AT_ONCE: usize = 2;
/// How many of each kind `cargo xtask damage` asks for.
const FLIPS_VARIABLE: &str = "DAMAGE_FLIPS";

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_of_any_kind_is_named_or_harmless_and_never_served() {
    let failures = flip_all(0..FLIPS).await;
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; cargo xtask damage runs it"]
async fn many_flipped_bits_of_any_kind_are_named_or_harmless_and_never_served() {
    let flips = asked(FLIPS_VARIABLE, 10);
    let failures = flip_all(FLIPS..FLIPS + flips).await;
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What came of one flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    NamedPosition,
    NamedFile,
    Harmless,
}

/// Flips every kind once for each seed, prints what came of it, and answers what was wrong.
#[expect(clippy::print_stdout, reason = "the table is worth reading")]
async fn flip_all(seeds: std::ops::Range<u64>) -> Vec<String> {
    let (killed, stopped) = image::make().await;
    let all: BTreeSet<_> = killed.kinds().chain(stopped.kinds()).collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), image::KINDS);
    let mut work = Vec::new();
    for image in [&killed, &stopped] {
        for kind in image.kinds() {
            work.extend(seeds.clone().map(|seed| Flip::new(image, kind, seed)));
        }
    }
    let answers = &Answers::of(&killed).await;
    let checks = work.into_iter().map(|flip| async move {
        let outcome = check(&flip, answers).await;
        (flip, outcome)
    });
    let mut checks = futures::stream::iter(checks).buffer_unordered(AT_ONCE);
    let mut matrix = Matrix::default();
    let mut failures = Vec::new();
    while let Some((flip, outcome)) = checks.next().await {
        match outcome {
            Ok(outcome) => matrix.add(&flip, outcome),
            Err(wrong) => {
                println!("{flip}: {wrong}");
                failures.push(format!("{flip}: {wrong}"));
            }
        }
    }
    println!("{matrix}");
    failures
}

async fn check(flip: &Flip<'_>, answers: &Answers) -> Result<Outcome, String> {
    let dir = flip.apply();
    let (verified, attempt) = tokio::task::spawn_blocking(move || {
        let verified = run(&["verify", "--data-dir", dir.path().to_str().unwrap()]);
        let attempt = Service::attempt_in(dir, &["--scrub-bytes-per-second", "0"]);
        (verified, attempt)
    })
    .await
    .unwrap();
    let said = said(&verified);
    if said.contains("panicked") || verified.status.code().is_none() {
        return Err(format!("verify crashed: {said}"));
    }
    match attempt {
        Err(refusal) if verified.status.success() => {
            Err(format!("verify found nothing, serve said {refusal}"))
        }
        Err(refusal) => {
            named(&refusal)?;
            named(&said)
        }
        Ok(service) => match answers.compare(&service).await? {
            Compared::Equal if verified.status.success() => Ok(Outcome::Harmless),
            Compared::Equal | Compared::SomeRefused if !verified.status.success() => named(&said),
            _ => Err("an answer failed, and verify found nothing".to_owned()),
        },
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// What a refusal names; it also says what to do.
fn named(said: &str) -> Result<Outcome, String> {
    if !said.contains("damaged") || !said.contains("No record in it was changed.") {
        return Err(format!("it says not what is wrong and what to do: {said}"));
    }
    if said.contains("damaged at position ") {
        Ok(Outcome::NamedPosition)
    } else if said.contains("ledger/0001/") {
        Ok(Outcome::NamedFile)
    } else {
        Err(format!("it names nothing: {said}"))
    }
}

/// How often what came of which kind of byte.
#[derive(Default)]
struct Matrix(BTreeMap<(&'static str, &'static str), BTreeMap<Outcome, usize>>);

impl Matrix {
    fn add(&mut self, flip: &Flip<'_>, outcome: Outcome) {
        let row = self.0.entry((flip.image.name, flip.kind)).or_default();
        *row.entry(outcome).or_default() += 1;
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<9} {:<28} {:>9} {:>6} {:>9}",
            "directory", "byte", "position", "file", "harmless"
        )?;
        for ((image, kind), row) in &self.0 {
            let count = |outcome| row.get(&outcome).copied().unwrap_or_default();
            writeln!(
                f,
                "{image:<9} {kind:<28} {:>9} {:>6} {:>9}",
                count(Outcome::NamedPosition),
                count(Outcome::NamedFile),
                count(Outcome::Harmless)
            )?;
        }
        Ok(())
    }
}
