//! `touchbook import`.

use super::export::copy;
use super::service::Service;
use crate::cli::Import;
use crate::config::Config;
use crate::progress::{Progress, note, say};
use crate::signals::Signals;
use anyhow::{Context, bail};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tokio::fs::File;
use tokio::time::{Instant, sleep};

/// How often the service is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long it may be away meanwhile; a start of it goes on with the import.
const AWAY_MAX: Duration = Duration::from_secs(60);
/// Rows whose errors are shown.
const SHOWN_MAX: usize = 20;

pub(crate) async fn run(config: &Config, options: Import) -> anyhow::Result<()> {
    let service = Service::new(&options.to, config)?;
    let mut signals = Signals::new()?;
    let begun = tokio::select! {
        begun = send(&service, &options) => begun?,
        _ = signals.next() => bail!("it was cancelled before the file had arrived"),
    };
    let ended = follow(&service, &begun, &mut signals).await?;
    if let Some(path) = &options.errors {
        save_errors(&service, &ended, path).await?;
    }
    for line in report(&ended, options.errors.as_deref()) {
        say(&line);
    }
    verdict(&ended)
}

/// Hands the file over; answers the import.
async fn send(service: &Service, options: &Import) -> anyhow::Result<Value> {
    let path = &options.file;
    let read = || format!("could not read {}", path.display());
    let file = File::open(path).await.with_context(read)?;
    let bytes = file.metadata().await.with_context(read)?.len();
    let mut query = vec![
        ("dry_run", options.dry_run.to_string()),
        ("atomic", options.atomic.to_string()),
        ("excludes_history", options.excludes_history.to_string()),
    ];
    let name = path.file_name().and_then(|name| name.to_str());
    query.extend(name.map(|name| ("file_name", name.to_owned())));
    note(&format!(
        "sending {} ({bytes} bytes) to {}",
        path.display(),
        service.url()
    ));
    let request = service.post("customers/import").query(&query);
    let request = request.header("Content-Type", "text/csv").body(file);
    service.json(request).await
}

/// Shows how far it is until it has ended; told to stop, it asks the service to.
async fn follow(service: &Service, begun: &Value, signals: &mut Signals) -> anyhow::Result<Value> {
    let id = begun["id"].as_str();
    let id = id.context("the answer is no import")?;
    let mut progress = Progress::new("importing rows");
    let mut heard = Instant::now();
    loop {
        match service.json(service.get(&format!("imports/{id}"))).await {
            Ok(import) if import["state"] != "running" => {
                progress.finish(number(&import["done"]));
                return Ok(import);
            }
            Ok(import) if import["reason"].is_string() => {
                progress.abandon();
                let reason = import["reason"].as_str().unwrap_or_default();
                bail!("{reason}; the service goes on with import {id} once it can");
            }
            Ok(import) => {
                heard = Instant::now();
                // Until the file was looked through nobody knows how many rows it has.
                if let Some(rows) = import["rows"].as_u64() {
                    progress.set(number(&import["done"]), rows);
                }
            }
            Err(error) if heard.elapsed() > AWAY_MAX => {
                progress.abandon();
                let what = format!("the service is away; a start of it goes on with import {id}");
                return Err(error).context(what);
            }
            Err(_) => {}
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            _ = signals.next() => {
                note("cancelling; what was imported stays");
                service.send(service.post(&format!("imports/{id}/cancel"))).await?;
            }
        }
    }
}

async fn save_errors(service: &Service, import: &Value, path: &Path) -> anyhow::Result<()> {
    if import["errors_url"].is_null() {
        return Ok(());
    }
    let id = import["id"].as_str().unwrap_or_default();
    let answer = service.send(service.get(&format!("imports/{id}/errors.csv")));
    let mut file = File::create(path)
        .await
        .with_context(|| format!("could not write {}", path.display()))?;
    copy(answer.await?, &mut file).await.map(|_| ())
}

/// What it came to, in lines.
fn report(import: &Value, errors_file: Option<&Path>) -> Vec<String> {
    let counts = &import["counts"];
    let count = |name: &str| number(&counts[name]);
    let mut lines: Vec<String> = errors(import).take(SHOWN_MAX).collect();
    let more = errors(import).count().saturating_sub(SHOWN_MAX);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    if !import["errors_url"].is_null() {
        lines.push(match errors_file {
            Some(path) => format!("rows that failed, to be corrected: {}", path.display()),
            None => "--errors FILE saves the rows that failed, to be corrected".to_owned(),
        });
    }
    let would = match import["options"]["dry_run"].as_bool() {
        Some(true) => "dry run, nothing was written: ",
        _ => "",
    };
    lines.push(format!(
        "{would}{} created, {} updated, {} unchanged, {} failed, of {} rows",
        count("created"),
        count("updated"),
        count("unchanged"),
        count("failed"),
        number(&import["rows"]),
    ));
    lines
}

fn errors(import: &Value) -> impl Iterator<Item = String> + '_ {
    import["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| {
            let place = format!("row {}, line {}", error["row"], error["line"]);
            let rule = error["rule"].as_str().unwrap_or_default();
            match error["column"].as_str() {
                Some(column) => format!("{place}, {column} {}: {rule}", error["value"]),
                None => format!("{place}: {rule}"),
            }
        })
}

/// Whether the command succeeded: all rows are in the ledger, or would be.
fn verdict(import: &Value) -> anyhow::Result<()> {
    let state = import["state"].as_str().unwrap_or_default();
    let reason = import["reason"].as_str();
    match (state, number(&import["counts"]["failed"])) {
        ("succeeded", 0) => Ok(()),
        ("succeeded", 1) => bail!("1 row failed"),
        ("succeeded", failed) => bail!("{failed} rows failed"),
        (state, _) => bail!(
            "the import is {state}: {}",
            reason.unwrap_or("it ended early")
        ),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// S0-024.
    #[test]
    fn what_is_wrong_is_said_by_row_column_value_and_rule() {
        let import = json!({
            "state": "succeeded", "rows": 3, "options": {"dry_run": true},
            "counts": {"created": 1, "updated": 0, "unchanged": 1, "failed": 1},
            "errors_url": "/api/v1/imports/1/errors.csv",
            "errors": [
                {"row": 2, "line": 3, "column": "Total_Agent_Calls", "value": "-1",
                 "rule": "a whole number"},
                {"row": 3, "line": 5, "column": null, "value": "", "rule": "it names nobody"},
            ],
        });
        assert_eq!(
            report(&import, None),
            [
                "row 2, line 3, Total_Agent_Calls \"-1\": a whole number",
                "row 3, line 5: it names nobody",
                "--errors FILE saves the rows that failed, to be corrected",
                "dry run, nothing was written: 1 created, 0 updated, 1 unchanged, 1 failed, of \
                 3 rows",
            ]
        );
        assert_eq!(verdict(&import).unwrap_err().to_string(), "1 row failed");
    }

    #[test]
    fn only_what_went_in_as_a_whole_succeeded() {
        let ended = |state: &str, failed: u64| {
            verdict(&json!({"state": state, "counts": {"failed": failed}, "reason": "no"})).is_ok()
        };
        assert!(ended("succeeded", 0));
        assert!(!ended("succeeded", 2) && !ended("refused", 2) && !ended("cancelled", 0));
    }
}
