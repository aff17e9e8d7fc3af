//! `touchbook export`.

use super::service::Service;
use crate::cli::Export;
use crate::config::Config;
use crate::progress::note;
use anyhow::Context;
use reqwest::Response;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt};

pub(crate) async fn run(config: &Config, options: Export) -> anyhow::Result<()> {
    let service = Service::new(&options.to, config)?;
    let mut query = Vec::new();
    query.extend(options.columns.map(|columns| ("columns", columns)));
    query.extend(options.headers.map(|headers| ("headers", headers)));
    let request = service.get("customers/export").query(&query);
    let answer = service.send(request).await?;
    match &options.out {
        None => print(answer).await,
        Some(path) => write(answer, path).await,
    }
}

async fn print(answer: Response) -> anyhow::Result<()> {
    let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
    let mut stdout = File::from_std(std::fs::File::from(stdout));
    match copy(answer, &mut stdout).await {
        // Nobody who reads on is no error: `touchbook export | head` is fine.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        copied => copied.map(|_| ()),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// The file has its name once it is whole, so that half of one is taken for none.
async fn write(answer: Response, path: &Path) -> anyhow::Result<()> {
    let part = part(path);
    let written = async {
        let mut file = File::create(&part).await?;
        let bytes = copy(answer, &mut file).await?;
        file.sync_all().await?;
        tokio::fs::rename(&part, path).await?;
        anyhow::Ok(bytes)
    };
    match written.await {
        Ok(bytes) => {
            note(&format!("{}: {bytes} bytes", path.display()));
            Ok(())
        }
        Err(error) => {
            // What is left of it is of no use; that it was there is told anyhow.
            let _ = tokio::fs::remove_file(&part).await;
            Err(error).with_context(|| format!("could not write {}", path.display()))
        }
    }
}

fn part(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    PathBuf::from(name)
}

/// Writes the answer's body as it comes; answers how many bytes it has.
pub(super) async fn copy(
    mut answer: Response,
    to: &mut (impl AsyncWrite + Unpin),
) -> anyhow::Result<u64> {
    let mut bytes = 0;
    while let Some(piece) = answer.chunk().await.context("the answer broke off")? {
        to.write_all(&piece).await?;
        bytes += piece.len() as u64;
    }
    to.flush().await?;
    Ok(bytes)
}
