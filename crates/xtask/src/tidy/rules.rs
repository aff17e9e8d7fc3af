//! The rules, as data: the files each concerns, the lines that break it, what to do instead.

use super::{File, links};

pub(super) struct Rule {
    pub(super) name: &'static str,
    /// What to do instead, and why.
    pub(super) instead: &'static str,
    pub(super) concerns: fn(&File<'_>) -> bool,
    /// The numbers, from 1, of the lines that break the rule.
    pub(super) lines: fn(&File<'_>) -> Vec<usize>,
}

const FILE_LINES_MAX: usize = 500;
const LINE_COLUMNS_MAX: usize = 100;

pub(super) const RULES: [Rule; 12] = [
    Rule {
        name: "file too long",
        instead: "split it by what changes together; 500 lines are what one can hold in mind",
        concerns: |file| file.is_a(&["rs", "ts", "svelte"]),
        lines: |file| {
            if file.text.lines().count() > FILE_LINES_MAX {
                vec![501]
            } else {
                vec![]
            }
        },
    },
    Rule {
        name: "line too long",
        instead: "break it at 100 columns, so that two files fit beside each other",
        concerns: |file| file.is_a(&["rs"]),
        // Text in quotes stays in one piece, so that it can be searched for.
        lines: |file| {
            let too_long = |line: &str| line.chars().count() > LINE_COLUMNS_MAX;
            matching(file, |line| too_long(line) && !line.contains('"'))
        },
    },
    Rule {
        name: "trailing white space",
        instead: "remove it; it is invisible and makes differences noisy",
        concerns: |file| file.is_a(&TEXT),
        lines: |file| matching(file, |line| line.ends_with([' ', '\t', '\r'])),
    },
    Rule {
        name: "no newline at the end",
        instead: "end the file with one newline, as every tool expects",
        concerns: |file| file.is_a(&TEXT) && !file.text.is_empty(),
        lines: |file| {
            let ends_well = file.text.ends_with('\n') && !file.text.ends_with("\n\n");
            if ends_well {
                vec![]
            } else {
                vec![file.text.lines().count()]
            }
        },
    },
    Rule {
        name: "left-over note",
        instead: "do it now or open an issue; a note in the code is read by nobody who plans",
        concerns: |file| file.is_a(&TEXT) && is_not_a_rule(file),
        lines: |file| words(file, &["FIXME", "XXX", "TODO", "todo!", "HACK"]),
    },
    Rule {
        name: "left-over conflict",
        instead: "decide which of the versions is right; a merge left both",
        concerns: |_| true,
        lines: |file| {
            let marks = ["<<<<<<< ", "||||||| ", ">>>>>>> "];
            matching(file, |line| marks.iter().any(|mark| line.starts_with(mark)))
        },
    },
    Rule {
        name: "crate without a page",
        instead: "begin with `//!`: what the crate is, what it owns, what it never does",
        concerns: |file| is_crate_root(file.path),
        lines: |file| {
            if file.text.starts_with("//!") {
                vec![]
            } else {
                vec![1]
            }
        },
    },
    Rule {
        name: "mod.rs",
        instead: "name it `<module>.rs` beside the folder, so that open files tell apart",
        concerns: |file| file.name() == "mod.rs",
        lines: |_| vec![1],
    },
    Rule {
        name: "registry host",
        instead: "leave it out: everyone's tools know their registries, and some use a mirror",
        concerns: |file| file.name() != "Cargo.lock" && is_not_a_rule(file),
        lines: |file| containing(file, &REGISTRY_HOSTS),
    },
    Rule {
        name: "path of one machine",
        instead: "use a path relative to the repository; nobody else has this folder",
        concerns: |file| file.is_a(&TEXT) && is_not_a_rule(file),
        lines: |file| containing(file, &["/root/", "/home/", "/Users/", "/work/", "/tmp/"]),
    },
    Rule {
        name: "sleep in a test",
        instead: "wait for the condition itself; a sleep is too long or, on a slow day, too short",
        concerns: |file| file.is_a(&["rs", "ts"]) && is_not_a_rule(file),
        lines: sleeps_in_tests,
    },
    Rule {
        name: "dead link",
        instead: "point it at a file that is there",
        concerns: |file| file.is_a(&["md"]),
        lines: links::dead,
    },
];

/// Files that people write. Snapshots and locks are left to their tools.
const TEXT: [&str; 12] = [
    "rs", "toml", "md", "ts", "svelte", "css", "html", "yaml", "yml", "conf", "sh", "service",
];

const REGISTRY_HOSTS: [&str; 7] = [
    "index.crates.io",
    "static.crates.io",
    "pypi.org",
    "pythonhosted.org",
    "registry.npmjs.org",
    "npmmirror.com",
    "deb.debian.org",
];

/// The rules themselves have to name what they forbid.
fn is_not_a_rule(file: &File<'_>) -> bool {
    !file.path.starts_with("crates/xtask/src/tidy")
}

fn is_crate_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["crates", _, "src", file] => ["lib.rs", "main.rs"].contains(&file),
        ["tests", "src" | "it", file] => ["lib.rs", "main.rs"].contains(&file),
        _ => false,
    }
}

fn matching(file: &File<'_>, breaks: impl Fn(&str) -> bool) -> Vec<usize> {
    // `split` rather than `lines`, which would drop a carriage return.
    let lines = (1..).zip(file.text.split('\n'));
    lines
        .filter(|(_, line)| breaks(line))
        .map(|(number, _)| number)
        .collect()
}

fn containing(file: &File<'_>, parts: &[&str]) -> Vec<usize> {
    matching(file, |line| parts.iter().any(|part| line.contains(part)))
}

/// Like `containing`, but of whole words.
fn words(file: &File<'_>, words: &[&str]) -> Vec<usize> {
    matching(file, |line| words.iter().any(|word| has_word(line, word)))
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let stands_alone = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        stands_alone(before) && stands_alone(after)
    })
}

/// Tests are what lies in a test folder and the test module at the end of a file.
fn sleeps_in_tests(file: &File<'_>) -> Vec<usize> {
    let all = file.path.starts_with("tests/") || file.path.contains("/tests");
    let module = file.text.find("#[cfg(test)]\nmod tests {");
    let Some(begin) = (if all { Some(0) } else { module }) else {
        return Vec::new();
    };
    let before = file.text[..begin].lines().count();
    let sleeps = ["thread::sleep", "time::sleep", " sleep(", "waitForTimeout"];
    containing(file, &sleeps)
        .into_iter()
        .filter(|line| *line > before)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = super::super::check(&File { path, text, root });
        found
            .iter()
            .map(|finding| format!("{}:{}", finding.rule, finding.line))
            .collect()
    }

    #[test]
    fn a_tidy_file_breaks_no_rule() {
        assert!(findings("crates/events/src/lib.rs", "//! What it is.\n\nfn f() {}\n").is_empty());
    }

    #[test]
    fn lengths_are_counted_in_lines_and_characters() {
        let fits = format!("// {}\n", "é".repeat(97));
        assert!(findings("a/b.rs", &fits).is_empty());
        assert_eq!(findings("a/b.rs", &format!("é{fits}")), ["line too long:1"]);
        assert!(findings("a/b.rs", &"\n".repeat(500).replacen('\n', "x\n", 500)).is_empty());
        assert_eq!(
            findings("a/b.ts", &"x\n".repeat(501)),
            ["file too long:501"]
        );
    }

    #[test]
    fn what_a_merge_left_is_found_in_every_file() {
        let text = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\n";
        let found = ["left-over conflict:2", "left-over conflict:6"];
        assert_eq!(findings("a.md", text), found);
        assert_eq!(findings("a.lock", text), found);
    }

    #[test]
    fn white_space_at_the_end_of_lines_and_files_is_found() {
        assert_eq!(
            findings("a.toml", "a = 1 \nb = 2\n"),
            ["trailing white space:1"]
        );
        assert_eq!(findings("a.toml", "a = 1\r\n"), ["trailing white space:1"]);
        assert_eq!(findings("a.toml", "a = 1"), ["no newline at the end:1"]);
        assert_eq!(findings("a.toml", "a = 1\n\n"), ["no newline at the end:2"]);
    }

    #[test]
    fn notes_are_found_as_whole_words() {
        assert_eq!(findings("a.rs", "// FIXME later\n"), ["left-over note:1"]);
        assert_eq!(
            findings("a.rs", "fn f() {\n    todo!()\n}\n"),
            ["left-over note:2"]
        );
        assert!(findings("a.rs", "const MAXXX_TODOS: u8 = 1;\n").is_empty());
    }

    #[test]
    fn every_crate_opens_with_its_page() {
        for path in [
            "crates/ledger/src/lib.rs",
            "crates/xtask/src/main.rs",
            "tests/it/main.rs",
        ] {
            assert_eq!(findings(path, "fn main() {}\n"), ["crate without a page:1"]);
        }
        assert!(findings("crates/ledger/src/block.rs", "fn f() {}\n").is_empty());
    }

    #[test]
    fn module_files_have_names() {
        assert_eq!(
            findings("crates/ledger/src/block/mod.rs", "//! Blocks.\n"),
            ["mod.rs:1"]
        );
    }

    #[test]
    fn places_that_only_one_machine_knows_are_found() {
        assert_eq!(
            findings("a.md", "see /home/me/notes\n"),
            ["path of one machine:1"]
        );
        assert_eq!(
            findings("package-lock.json", "\"https://registry.npmjs.org/x\"\n"),
            ["registry host:1"]
        );
        assert!(findings("Cargo.lock", "index.crates.io\n").is_empty());
    }

    #[test]
    fn only_tests_must_not_sleep() {
        let sleep = "std::thread::sleep(PAUSE);\n";
        assert_eq!(findings("tests/it/a.rs", sleep), ["sleep in a test:1"]);
        assert!(findings("crates/engine/src/a.rs", sleep).is_empty());
        let below = format!("{sleep}#[cfg(test)]\nmod tests {{ {sleep} }}\n");
        assert_eq!(
            findings("crates/engine/src/a.rs", &below),
            ["sleep in a test:3"]
        );
    }
}
