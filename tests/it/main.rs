//! Integration tests against the real binary.

// The attribute tells clippy that helpers in here, too, are test code.
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod check;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod failing_disk;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod house;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod load;
#[cfg(test)]
mod mission;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
mod quote_source;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod scoring;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod service;
#[cfg(test)]
mod siege;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod types;

use std::path::PathBuf;

/// The top of the repository.
fn root() -> PathBuf {
    let here = env!("CARGO_MANIFEST_DIR");
    PathBuf::from(here)
        .parent()
        .expect("tests lie below the top")
        .to_path_buf()
}
