//! One customer with very many events.

use super::{say, send_all};
use crate::client::{drive, post};
use crate::service::Service;
use crate::table::{Figure, Row};
use crate::{Options, load, reach};
use anyhow::{Result, ensure};
use std::io::Write;
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_secs(4);
const CONNECTIONS: u64 = 8;
/// Of the events that other rows have.
const SHARE: u64 = 10;
const CUSTOMER: &str = "external_id:large";

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let service = Service::start(&[])?;
    let events = options.events / SHARE;
    say(&format!("large: one customer with {events} events"));
    let messages = load::spooled(events, |index, line| {
        write_message(index, line).expect("memory takes every write");
    })?;
    send_all(&service, vec![messages]).await?;

    let path = format!("/api/v1/customers/{CUSTOMER}/timeline?limit=50");
    let page = service.connect().await?.json(&path).await?;
    let rows = page["items"].as_array().map_or(0, Vec::len);
    ensure!(rows == 50, "the first page has {rows} entries");
    let pages = load::drawn(std::iter::once(path), CONNECTIONS);
    let driven = drive(service.address, pages, TIME).await?;
    let what = format!("first page of a customer with {events} events, 8 connections, p99");
    let page = Figure::new(Row::Large, what, driven.percentile(99), "ms").reach(reach::VIEW_SLOW);

    say("large: folded again");
    let refresh = post(
        &format!("/api/v1/customers/{CUSTOMER}/refresh"),
        "application/json",
        b"",
    );
    let mut connection = service.connect().await?;
    let begun = Instant::now();
    let refreshed = connection.body(&refresh).await?;
    let took = begun.elapsed().as_secs_f64();
    let refreshed: serde_json::Value = serde_json::from_slice(refreshed)?;
    ensure!(refreshed["drift"] == 0, "it drifted: {refreshed}");
    let what = format!("a customer with {events} events folded again, summary and timeline");
    let refold = Figure::new(Row::Large, what, took, "s").reach(reach::REFOLD);
    Ok(vec![page, refold])
}

/// A message every few minutes, of both sides.
fn write_message(index: u64, line: &mut Vec<u8>) -> std::io::Result<()> {
    let kind = if index.is_multiple_of(2) {
        "received"
    } else {
        "sent"
    };
    let (day, second) = (index / 1_000, index % 1_000 * 86);
    let (year, month, day) = (2023 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    write!(
        line,
        r#"{{"specversion":"1.0","id":"large-{index}","source":"/sms","type":"sms.{kind}","#
    )?;
    write!(
        line,
        r#""time":"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z","#
    )?;
    write!(
        line,
        r#""data":{{"customer":{{"external_id":"large"}},"body":"message {index}"}}}}"#
    )
}
