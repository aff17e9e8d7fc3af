//! Where places are kept: `scoring/<tenant number>/<scorer>.json`, replaced whole.
//!
//! Nobody waits until they are on the disk. One that is lost or can't be read is begun again: what
//! was scored then is found in the ledger.

use super::place::Place;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use touchbook_events::TenantNumber;

const FOLDER: &str = "scoring";

pub(super) struct Files {
    folder: PathBuf,
    scorer: &'static str,
}

impl Files {
    pub(super) fn new(data_dir: &Path, scorer: &'static str) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
            scorer,
        }
    }

    /// The beginning, where none is kept.
    pub(super) fn load(&self, tenant: TenantNumber) -> Place {
        let path = self.path(tenant);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Place::default(),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "could not read how far the scorer is");
                return Place::default();
            }
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %path.display(), "the scorer begins again");
            Place::default()
        })
    }

    pub(super) fn save(&self, tenant: TenantNumber, place: &Place) -> io::Result<()> {
        let path = self.path(tenant);
        let beside = path.with_extension("new");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&beside, serde_json::to_vec(place)?)?;
        fs::rename(&beside, &path)
    }

    fn path(&self, tenant: TenantNumber) -> PathBuf {
        let folder = self.folder.join(tenant.to_string());
        folder.join(format!("{}.json", self.scorer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::place::Activated;
    use touchbook_events::Timestamp;

    #[test]
    fn a_place_comes_back_and_a_damaged_one_begins_again() {
        let dir = tempfile::tempdir().unwrap();
        let (files, tenant) = (Files::new(dir.path(), "vader"), TenantNumber(3));
        assert_eq!(files.load(tenant), Place::default());
        let mut place = Place {
            position: 7,
            ..Place::default()
        };
        place.activate(Activated {
            position: 6,
            since: Some(Timestamp::from_micros(1_700_000_000_123_456)),
        });
        files.save(tenant, &place).unwrap();
        assert_eq!(files.load(tenant), place);
        assert_eq!(files.load(TenantNumber(4)), Place::default());
        for damaged in ["", "{", r#"{"position":-1}"#] {
            fs::write(files.path(tenant), damaged).unwrap();
            assert_eq!(files.load(tenant), Place::default(), "{damaged}");
        }
    }
}
