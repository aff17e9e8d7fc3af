//! Rules about the text of the repository that no compiler checks.
//!
//! `rules` holds them as data, each with what to do instead. They look at every file that git
//! knows or would add, so a finding comes before the commit.

mod links;
mod rules;

use std::{fmt, fs, path::Path};

use anyhow::{Result, bail};

use crate::command;

/// A file as the rules see it.
struct File<'a> {
    /// From the top of the repository, with `/`.
    path: &'a str,
    text: &'a str,
    /// The top of the repository.
    root: &'a Path,
}

impl File<'_> {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    fn is_a(&self, extensions: &[&str]) -> bool {
        let extension = self.name().rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|extension| extensions.contains(&extension))
    }
}

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    instead: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            rule,
            instead,
        } = self;
        write!(f, "{path}:{line}: {rule}: {instead}")
    }
}

/// Checks every file and prints each finding.
pub(crate) fn run(root: &Path) -> Result<()> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let list = command::output(&mut command::at(root, "git", &list))?;
    let mut findings = Vec::new();
    for path in list.lines() {
        // What is no text has no lines; what was deleted but not yet committed is not there.
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            findings.extend(check(&File {
                path,
                text: &text,
                root,
            }));
        }
    }
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!(
            "{} places break a rule of crates/xtask/src/tidy/rules.rs",
            findings.len()
        );
    }
    println!("{} files keep the rules", list.lines().count());
    Ok(())
}

fn check(file: &File<'_>) -> Vec<Finding> {
    let rules = rules::RULES.iter().filter(|rule| (rule.concerns)(file));
    rules.flat_map(|rule| broken(file, rule)).collect()
}

fn broken(file: &File<'_>, rule: &rules::Rule) -> impl Iterator<Item = Finding> {
    let finding = |line| Finding {
        path: file.path.to_owned(),
        line,
        rule: rule.name,
        instead: rule.instead,
    };
    (rule.lines)(file).into_iter().map(finding)
}
