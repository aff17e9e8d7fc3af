//! A customer file while it arrives: into a file, in memory that does not grow with it.

use super::Imports;
use super::files::Part;
use crate::extract::body::{refuse_encoded, too_large, unsupported, wait_max};
use crate::limits::{
    DROPPED_BYTES_MAX, IMPORT_BYTES_MAX, IMPORT_PIECE_BYTES_MIN, UPLOAD_FREE_BYTES_MIN, UPLOADS_MAX,
};
use crate::problem::Problem;
use crate::state::Api;
use axum::body::{BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures::StreamExt;
use rustix::fs::statvfs;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use touchbook_ingest::csv::Reader;

/// What a customer file may be called in `Content-Type`.
const MEDIA_TYPES: [&str; 2] = ["text/csv", "application/csv"];
/// What is written at once.
const WRITTEN_BYTES: usize = 1024 * 1024;

/// A file that is there as a whole, until it is dropped.
pub(crate) struct Received {
    part: Part,
    /// Of its bytes, without a key.
    pub(super) hash: [u8; 32],
}

impl Received {
    /// Gives the file the name of its import.
    pub(super) fn keep_as(self, path: &Path) -> Result<(), Problem> {
        let kept = self.part.keep_as(path);
        kept.map_err(|error| Problem::internal(&error))
    }
}

/// Takes in the body of a request, and looks at its header.
///
/// # Errors
/// For what is no customer file, too large, or does not come; while another one of the tenant
/// arrives; and where the disk would be too full.
pub(crate) async fn receive(
    api: &Api,
    tenant: &str,
    request: Request,
) -> Result<Received, Problem> {
    refuse_encoded(request.headers())?;
    if !is_csv(request.headers()) {
        return Err(unsupported(MEDIA_TYPES.to_vec()));
    }
    let _turn = Turn::of(api, tenant)?;
    let uploads = Arc::clone(&api.imports().uploads);
    let _place = uploads.try_acquire_owned().map_err(|_| {
        Problem::too_many(format!("{UPLOADS_MAX} customer files are arriving already"))
    })?;
    let body = request.into_body();
    let announced = body.size_hint().lower();
    let mut pieces = body.into_data_stream();
    let received = match announced > IMPORT_BYTES_MAX {
        true => Err(too_large(IMPORT_BYTES_MAX)),
        false => match check_room(api, announced).await {
            Ok(()) => write(api, &mut pieces).await,
            Err(problem) => Err(problem),
        },
    };
    match received {
        Ok(received) => checked(received).await,
        Err(problem) => {
            drop_rest(api, pieces).await;
            Err(problem)
        }
    }
}

/// A tenant's turn to send a file, of which one arrives at a time.
struct Turn<'a> {
    api: &'a Api,
    tenant: &'a str,
}

impl<'a> Turn<'a> {
    fn of(api: &'a Api, tenant: &'a str) -> Result<Self, Problem> {
        match api.imports().receiving().insert(tenant.to_owned()) {
            true => Ok(Self { api, tenant }),
            false => Err(Problem::too_many(
                "a customer file of this tenant is arriving already",
            )),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.api.imports().receiving().remove(self.tenant);
    }
}

/// Whether the disk has room for so many more bytes.
async fn check_room(api: &Api, bytes: u64) -> Result<(), Problem> {
    let api = api.clone();
    let free = tokio::task::spawn_blocking(move || statvfs(api.engine().data_dir()));
    let free = free.await.map_err(|error| Problem::internal(&error))?;
    let free = free.map_err(|error| Problem::internal(&error))?;
    leaves_room(free.f_bavail.saturating_mul(free.f_frsize), bytes)
}

fn leaves_room(free: u64, bytes: u64) -> Result<(), Problem> {
    if free.saturating_sub(bytes) >= UPLOAD_FREE_BYTES_MIN {
        return Ok(());
    }
    let detail = format!("{UPLOAD_FREE_BYTES_MIN} bytes of the disk are left free for the ledger");
    let status = StatusCode::INSUFFICIENT_STORAGE;
    Err(Problem::new(status, "disk_full", detail))
}

fn is_csv(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or_default().trim();
    MEDIA_TYPES
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
}

/// What was written so far.
struct Writing {
    file: File,
    hasher: blake3::Hasher,
    waiting: Vec<u8>,
}

impl Writing {
    /// Writes what waits, on a thread that may wait for the disk.
    async fn flush(mut self, is_last: bool) -> Result<Self, Problem> {
        let written = tokio::task::spawn_blocking(move || {
            self.hasher.update(&self.waiting);
            self.file.write_all(&self.waiting)?;
            self.waiting.clear();
            if is_last {
                self.file.sync_all()?;
            }
            Ok(self)
        });
        let written: std::io::Result<Self> =
            written.await.map_err(|error| Problem::internal(&error))?;
        written.map_err(|error| Problem::internal(&error))
    }
}

async fn write(api: &Api, pieces: &mut BodyDataStream) -> Result<Received, Problem> {
    let imports: &Imports = api.imports();
    let part = imports.files.part();
    let mut part = part.map_err(|error| Problem::internal(&error))?;
    let file = part.file().try_clone();
    let file = file.map_err(|error| Problem::internal(&error))?;
    let mut writing = Writing {
        file,
        hasher: blake3::Hasher::new(),
        waiting: Vec::new(),
    };
    let mut pace = Pace::new(api);
    let mut bytes = 0;
    while let Some(piece) = pace.next(pieces).await? {
        bytes += piece.len() as u64;
        if bytes > IMPORT_BYTES_MAX {
            return Err(too_large(IMPORT_BYTES_MAX));
        }
        writing.waiting.extend_from_slice(&piece);
        if writing.waiting.len() >= WRITTEN_BYTES {
            check_room(api, 0).await?;
            writing = writing.flush(false).await?;
        }
    }
    let writing = writing.flush(true).await?;
    let hash = *writing.hasher.finalize().as_bytes();
    Ok(Received { part, hash })
}

/// A file may take as long as it likes, so long as some of it keeps coming.
struct Pace<'a> {
    api: &'a Api,
    until: Instant,
    bytes: usize,
}

impl<'a> Pace<'a> {
    fn new(api: &'a Api) -> Self {
        Self {
            api,
            until: Instant::now() + wait_max(api),
            bytes: 0,
        }
    }

    async fn next(&mut self, pieces: &mut BodyDataStream) -> Result<Option<Bytes>, Problem> {
        let Ok(piece) = timeout_at(self.until, pieces.next()).await else {
            let detail = format!(
                "of the file less than {IMPORT_PIECE_BYTES_MIN} bytes arrived in {} s",
                wait_max(self.api).as_secs()
            );
            let status = StatusCode::REQUEST_TIMEOUT;
            return Err(Problem::new(status, "body_timed_out", detail));
        };
        let piece = piece.transpose().map_err(|_| {
            Problem::unreadable("unreadable_body", "the body broke off before its end")
        })?;
        self.bytes += piece.as_ref().map_or(0, Bytes::len);
        if self.bytes >= IMPORT_PIECE_BYTES_MIN {
            self.until = Instant::now() + wait_max(self.api);
            self.bytes = 0;
        }
        Ok(piece)
    }
}

/// Reads on for a while, so that its sender reads why instead of finding the connection broken.
async fn drop_rest(api: &Api, mut pieces: BodyDataStream) {
    let mut pace = Pace::new(api);
    let mut dropped = 0;
    while let Ok(Some(piece)) = pace.next(&mut pieces).await {
        dropped += piece.len();
        if dropped > DROPPED_BYTES_MAX {
            break;
        }
    }
}

/// A file without a header that could be read is refused at once.
async fn checked(received: Received) -> Result<Received, Problem> {
    let opened = tokio::task::spawn_blocking(move || {
        let file = File::open(received.part.path()).map_err(|error| Problem::internal(&error))?;
        match Reader::open(BufReader::new(file)) {
            Ok(_) => Ok(received),
            Err(error) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Err(Problem::new(status, "unusable_file", error.to_string()))
            }
        }
    });
    opened.await.map_err(|error| Problem::internal(&error))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_leaves_room_on_the_disk() {
        assert!(leaves_room(UPLOAD_FREE_BYTES_MIN + 5, 5).is_ok());
        let refused = leaves_room(UPLOAD_FREE_BYTES_MIN + 5, 6).unwrap_err();
        assert_eq!(refused.code(), "disk_full");
        assert!(leaves_room(0, 0).is_err());
    }
}
