//! Every check, in the order in which failing is cheapest.

use std::{
    env,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    command::{self, cargo},
    nats, orders, strace, tidy,
};

struct Step {
    name: &'static str,
    run: fn(&Path) -> Result<()>,
}

const STEPS: [Step; 7] = [
    Step {
        name: "what the tests need",
        run: install,
    },
    Step {
        name: "format",
        run: format,
    },
    Step {
        name: "tidy",
        run: tidy::run,
    },
    Step {
        name: "clippy",
        run: clippy,
    },
    Step {
        name: "documentation",
        run: documentation,
    },
    Step {
        name: "tests",
        run: tests,
    },
    Step {
        name: "documentation tests",
        run: doctests,
    },
];

/// Runs every step, stopping at the first that fails, and ends with what ran.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut ran = Vec::with_capacity(STEPS.len());
    for step in &STEPS {
        println!("\n== {}", step.name);
        let began = Instant::now();
        let outcome = (step.run)(root);
        ran.push((step.name, began.elapsed()));
        if let Err(error) = outcome {
            println!("{}", summary(&ran, false));
            return Err(error.context(format!("{} failed", step.name)));
        }
    }
    println!("{}", summary(&ran, true));
    Ok(())
}

/// One line a step: its time, or that it did not run; all passed but, unless `passed`, the last.
fn summary(ran: &[(&str, Duration)], passed: bool) -> String {
    let mut lines = String::new();
    for (number, step) in STEPS.iter().enumerate() {
        let outcome = match ran.get(number) {
            None => "not run".to_owned(),
            Some((_, took)) if passed || number + 1 < ran.len() => {
                format!("passed in {:.1} s", took.as_secs_f64())
            }
            Some((_, took)) => format!("FAILED after {:.1} s", took.as_secs_f64()),
        };
        lines += &format!("\n{:<22} {outcome}", step.name);
    }
    lines
}

fn install(root: &Path) -> Result<()> {
    build_tools()?;
    nats::install(root)?;
    orders::install(root)?;
    strace::install(root)?;
    Ok(())
}

/// A C compiler linked this program; the allocator's build also needs make.
fn build_tools() -> Result<()> {
    if command::on_path("make").is_none() {
        bail!("make is missing: `apt-get install make` as root brings it");
    }
    Ok(())
}

fn format(root: &Path) -> Result<()> {
    command::run(&mut cargo(root, &["fmt", "--all", "--check"]))
        .context("`cargo fmt --all` puts the format right")
}

fn clippy(root: &Path) -> Result<()> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    command::run(&mut cargo(root, &arguments))
}

fn documentation(root: &Path) -> Result<()> {
    let arguments = [
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--locked",
    ];
    command::run(cargo(root, &arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The tests start the service as a process, and cargo builds it for no test of another package.
fn service(root: &Path) -> Result<()> {
    command::run(&mut cargo(
        root,
        &["build", "--workspace", "--bins", "--locked"],
    ))
}

fn tests(root: &Path) -> Result<()> {
    service(root)?;
    if command::output(&mut cargo(root, &["nextest", "--version"])).is_err() {
        println!("cargo-nextest is missing (`cargo install cargo-nextest --locked` brings it):");
        println!("running the same tests with `cargo test`");
        let arguments = [
            "test",
            "--workspace",
            "--locked",
            "--lib",
            "--bins",
            "--tests",
        ];
        return command::run(&mut cargo(root, &arguments));
    }
    let mut nextest = cargo(root, &["nextest", "run", "--workspace", "--locked"]);
    if env::var_os("CI").is_some_and(|ci| ci == "true") {
        nextest.args(["--profile", "ci"]);
    }
    command::run(&mut nextest)
}

fn doctests(root: &Path) -> Result<()> {
    command::run(&mut cargo(
        root,
        &["test", "--workspace", "--locked", "--doc"],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_passed_failed_and_not_run() {
        let ran = [
            ("what the tests need", Duration::from_millis(1_500)),
            ("format", Duration::ZERO),
        ];

        let text = summary(&ran, false);

        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), STEPS.len());
        assert_eq!(lines[0], "what the tests need    passed in 1.5 s");
        assert_eq!(lines[1], "format                 FAILED after 0.0 s");
        assert_eq!(lines[2], "tidy                   not run");
    }
}
