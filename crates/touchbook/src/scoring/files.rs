//! Where places are kept: `scoring/<tenant number>/<scorer>.json`, replaced whole.
//!
//! Nobody waits until they are on the disk. One that is lost, can't be read or is of another ledger
//! is begun again: what was scored then is found in the ledger.

use super::place::Place;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use touchbook_engine::Tenant;
use touchbook_events::TenantNumber;

/// A place, and the ledger up to there.
#[derive(Serialize, Deserialize)]
struct Kept {
    place: Place,
    ledger: String,
}

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

    /// The beginning, where none is kept that this ledger confirms.
    pub(super) fn load(&self, tenant: &Tenant) -> Place {
        let path = self.path(tenant.number());
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Place::default(),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "could not read how far the scorer is");
                return Place::default();
            }
        };
        let kept = serde_json::from_slice::<Kept>(&bytes).ok();
        match kept.filter(|kept| tenant.confirms(&kept.ledger)) {
            Some(kept) => kept.place.within(tenant.head()),
            None => {
                tracing::warn!(path = %path.display(), "the scorer begins again");
                Place::default()
            }
        }
    }

    pub(super) fn save(&self, tenant: &Tenant, place: &Place) -> io::Result<()> {
        let ledger = tenant.mark(place.position).map_err(io::Error::other)?;
        let kept = Kept {
            place: *place,
            ledger,
        };
        let path = self.path(tenant.number());
        let beside = path.with_extension("new");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&beside, serde_json::to_vec(&kept)?)?;
        fs::rename(&beside, &path)
    }

    pub(super) fn path(&self, tenant: TenantNumber) -> PathBuf {
        let folder = self.folder.join(tenant.to_string());
        folder.join(format!("{}.json", self.scorer))
    }
}
