//! How far a source was read, in a small file. It saves time alone: without it everything is read
//! again, and known.

use crate::place::Place;
use crate::source::{SourceUrl, Table};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
struct Contents {
    url: String,
    table: String,
    /// What holds the rows up to there, as the sink names it.
    #[serde(default)]
    held_by: Option<String>,
    #[serde(flatten)]
    place: Place,
}

/// The file of one source.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    url: String,
    table: String,
}

impl Checkpoint {
    pub(crate) fn new(path: PathBuf, url: &SourceUrl, table: &Table) -> Self {
        Self {
            path,
            url: url.as_str().to_owned(),
            table: table.as_str().to_owned(),
        }
    }

    /// Where the last poll came to, of this source and into what holds its rows still; none where
    /// that can't be known.
    pub(crate) fn load(&self, confirms: impl Fn(&str) -> bool) -> Option<Place> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, "how far the quote source was read can't be read");
                return None;
            }
        };
        let contents = serde_json::from_slice::<Contents>(&text).ok();
        let contents = contents.filter(|contents| contents.place.is_sound());
        if contents.is_none() {
            tracing::warn!("how far the quote source was read is damaged; it is read anew");
        }
        contents
            .filter(|known| known.url == self.url && known.table == self.table)
            .filter(|known| known.held_by.as_deref().is_some_and(confirms))
            .map(|known| known.place)
    }

    /// All of it or nothing: beside the old one, synced, and then in its place.
    pub(crate) async fn save(&self, place: Place, held_by: Option<String>) -> io::Result<()> {
        let contents = Contents {
            url: self.url.clone(),
            table: self.table.clone(),
            held_by,
            place,
        };
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || write(&path, &contents));
        written.await.map_err(io::Error::other)?
    }
}

fn write(path: &Path, contents: &Contents) -> io::Result<()> {
    let text = serde_json::to_vec(contents)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("json.new");
    let mut file = File::create(&beside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(path: &Path, table: &str) -> Checkpoint {
        let url = "https://project.example.org".parse().unwrap();
        Checkpoint::new(path.to_owned(), &url, &table.parse().unwrap())
    }

    #[tokio::test]
    async fn a_place_is_found_again_of_the_same_source_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("quote_source").join("acme.json");
        let place = Place::new("2024-01-15T09:00:00Z", "7").unwrap();
        let load = |table| checkpoint(&path, table).load(|mark| mark == "ledger");
        assert_eq!(load("a"), None);
        let of_a = checkpoint(&path, "a");
        let of_ledger = Some("ledger".to_owned());
        of_a.save(place.clone(), of_ledger).await.unwrap();
        assert_eq!(load("a"), Some(place.clone()));
        assert_eq!(load("b"), None);
        for other in [Some("another".to_owned()), None] {
            of_a.save(place.clone(), other).await.unwrap();
            assert_eq!(load("a"), None, "what was stored is not there");
        }
        for damaged in ["{", r#"{"url":"","table":"a","updated_at":"soon","id":""}"#] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(load("a"), None, "{damaged}");
        }
    }
}
