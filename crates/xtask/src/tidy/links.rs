//! Links of Markdown pages to files of the repository.

use std::path::Path;

use super::File;

/// The lines with a relative link to something that is not there.
pub(super) fn dead(file: &File<'_>) -> Vec<usize> {
    let page = file.root.join(file.path);
    let folder = page.parent().unwrap_or(file.root);
    let lines = (1..).zip(file.text.lines());
    let dead =
        lines.filter(|(_, line)| targets(line).any(|target| !leads_somewhere(folder, target)));
    dead.map(|(number, _)| number).collect()
}

/// What stands in the round brackets of `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
}

fn leads_somewhere(folder: &Path, target: &str) -> bool {
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    let path = target.split('#').next().unwrap_or_default();
    elsewhere || path.is_empty() || folder.join(path).try_exists().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_missing_files_are_dead() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("there.md"), "").unwrap();
        let text = "[a](there.md#part) [b](#part) [c](https://example.com)\n\
                    and [d](there.md) or [e](gone.md)\n";

        let file = File {
            path: "page.md",
            text,
            root: root.path(),
        };

        assert_eq!(dead(&file), [2]);
    }
}
