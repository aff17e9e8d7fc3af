//! `prometheus/alerts.yaml`.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use super::{sources, yaml};

const PREFIX: &str = "touchbook_";

fn rules() -> Vec<Value> {
    let file = yaml("prometheus/alerts.yaml");
    let groups = file["groups"].as_sequence().unwrap();
    groups
        .iter()
        .flat_map(|group| group["rules"].as_sequence().unwrap().clone())
        .collect()
}

fn text<'a>(rule: &'a Value, key: &str) -> &'a str {
    rule[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {rule:?}"))
}

/// The names of our own metrics in an expression.
fn metrics(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with(PREFIX))
}

#[test]
fn every_alert_says_how_urgent_it_is_what_happened_and_what_to_do() {
    let mut names = BTreeSet::new();
    for rule in rules() {
        let name = text(&rule, "alert").to_owned();
        assert!(
            ["page", "ticket"].contains(&text(&rule["labels"], "severity")),
            "{name}"
        );
        assert!(text(&rule["annotations"], "summary").len() > 20, "{name}");
        assert!(
            text(&rule["annotations"], "description").len() > 80,
            "{name}"
        );
        assert!(names.insert(name.clone()), "{name} stands twice");
    }
}

#[test]
fn what_loses_or_delays_data_is_watched() {
    let expressions: Vec<String> = rules()
        .iter()
        .map(|rule| text(rule, "expr").to_owned())
        .collect();
    let watched: BTreeSet<&str> = expressions.iter().flat_map(|e| metrics(e)).collect();
    for metric in [
        "touchbook_ledger_commit_errors_total",
        "touchbook_ledger_damaged_positions",
        "touchbook_ledger_disk_bytes",
        "touchbook_ledger_disk_ratio",
        "touchbook_projection_lag_records",
        "touchbook_projection_stalled",
        "touchbook_quote_source_polls_total",
        "touchbook_quote_source_success_timestamp_seconds",
        "touchbook_sentiment_lag_records",
        "touchbook_sentiment_skipped_records_total",
        "touchbook_snapshot_errors_total",
        "touchbook_stream_connected",
        "touchbook_stream_lag_messages",
        "touchbook_stream_stopped",
    ] {
        assert!(watched.contains(metric), "nothing watches {metric}");
    }
    assert!(
        expressions.iter().any(|e| e.starts_with("up{")),
        "nothing watches the process"
    );
}

#[test]
fn every_metric_that_an_alert_names_is_exported() {
    let exported = ["crates/engine/src", "crates/outbound/src"].map(sources);
    let exported = exported.concat();
    for rule in rules() {
        for metric in metrics(text(&rule, "expr")) {
            assert!(
                exported.contains(&format!("\"{metric}\"")),
                "nothing exports {metric}"
            );
        }
    }
}
