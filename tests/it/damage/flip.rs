//! One bit, turned over.

use super::image::Image;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::fmt;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

pub(super) struct Flip<'a> {
    pub(super) image: &'a Image,
    pub(super) kind: &'static str,
    seed: u64,
    file: PathBuf,
    offset: u64,
    bit: u32,
}

impl<'a> Flip<'a> {
    pub(super) fn new(image: &'a Image, kind: &'static str, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let pieces = image.pieces(kind);
        let piece = &pieces[random.random_range(0..pieces.len())];
        Self {
            image,
            kind,
            seed,
            file: piece.file.clone(),
            offset: piece.offset + random.random_range(0..piece.len),
            bit: random.random_range(0..8),
        }
    }

    /// A copy of the directory with the bit turned over.
    pub(super) fn apply(&self) -> TempDir {
        let dir = self.image.copy();
        let path = dir.path().join(&self.file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[self.offset as usize] ^= 1 << self.bit;
        fs::write(&path, bytes).unwrap();
        dir
    }
}

impl fmt::Display for Flip<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} (seed {}): bit {} of byte {} of {}",
            self.image.name,
            self.kind,
            self.seed,
            self.bit,
            self.offset,
            self.file.display()
        )
    }
}
