//! How much of the disk a volume takes.

use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a block is, in which files count what they take.
const BLOCK_BYTES: u64 = 512;

/// What the files below `folder` take: the log, and all else that is beside it.
pub(crate) fn disk_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        match taken(&entry?) {
            Ok(taken) => bytes += taken,
            // The store replaces files while we look.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

fn taken(entry: &DirEntry) -> io::Result<u64> {
    let metadata = entry.metadata()?;
    match metadata.is_dir() {
        true => disk_bytes(&entry.path()),
        false => Ok(metadata.blocks() * BLOCK_BYTES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_count_with_what_they_take() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("blobs")).unwrap();
        assert_eq!(disk_bytes(dir.path()).unwrap(), 0);
        let sizes = [("db", 50_000), ("blobs/1", 70_000)];
        for (name, bytes) in sizes {
            fs::write(dir.path().join(name), vec![1; bytes]).unwrap();
            fs::File::open(dir.path().join(name))
                .unwrap()
                .sync_all()
                .unwrap();
        }
        let sparse = fs::File::create(dir.path().join("sparse")).unwrap();
        sparse.set_len(1 << 30).unwrap();
        let taken = disk_bytes(dir.path()).unwrap();
        assert!((120_000..200_000).contains(&taken), "{taken}");
    }
}
