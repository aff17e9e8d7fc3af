//! Drives UmaDB's server through its own client with the reference mix, and prints one number:
//! events a second.
//!
//! An event's data are the bytes that the service is sent; it is tagged with its customer, by whom
//! a reader would ask for it.

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use futures::future::try_join_all;
use std::ops::Range;
use std::time::{Duration, Instant};
use touchbook_testkit::Mix;
use umadb_client::{AsyncUmaDbClient, UmaDbClient};
use umadb_dcb::{DcbEvent, DcbEventStoreAsync};
use uuid::Uuid;

/// The same as the bench has for the service.
const SEED: u64 = 20_261_121;
const EVENTS_A_CUSTOMER: u64 = 50;
const EVENTS_A_REQUEST: u64 = 1_000;

#[derive(Parser)]
struct Cli {
    /// Where the server listens, as a URL
    url: String,
    #[command(subcommand)]
    work: Work,
}

#[derive(Subcommand)]
enum Work {
    /// One event a request, until the time is up
    Singles {
        clients: u64,
        seconds: u64,
        /// The first of the customers, of whom the server must not know any
        from: u64,
    },
    /// 1000 events a request
    Bulk { clients: u64, events: u64 },
    /// Everything in order, by one client
    Read { events: u64 },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let rate = match cli.work {
        Work::Singles {
            clients,
            seconds,
            from,
        } => singles(&cli.url, clients, seconds, from).await?,
        Work::Bulk { clients, events } => bulk(&cli.url, clients, events).await?,
        Work::Read { events } => read(&cli.url, events).await?,
    };
    println!("{rate}");
    Ok(())
}

async fn connect(url: &str) -> Result<AsyncUmaDbClient> {
    let client = UmaDbClient::new(url.to_owned()).connect_async().await;
    client.context("no connection to UmaDB")
}

/// Events that no client of so many sends in this time.
const SINGLES_A_SECOND_MAX: u64 = 100_000;

async fn singles(url: &str, clients: u64, seconds: u64, from: u64) -> Result<f64> {
    let time = Duration::from_secs(seconds);
    let each = (SINGLES_A_SECOND_MAX * seconds / clients).div_ceil(EVENTS_A_CUSTOMER);
    let mut all = Vec::new();
    for number in 0..clients {
        let first = from + number * each;
        let mix = Mix::new(SEED, first..first + each, EVENTS_A_CUSTOMER);
        all.push((connect(url).await?, mix));
    }
    let begun = Instant::now();
    let sent = all.iter().map(|(client, mix)| async move {
        let mut sent = 0;
        while begun.elapsed() < time {
            client.append(vec![event(mix, sent)?], None, None).await?;
            sent += 1;
        }
        anyhow::Ok(sent)
    });
    let sent: u64 = try_join_all(sent).await?.iter().sum();
    Ok(sent as f64 / begun.elapsed().as_secs_f64())
}

async fn bulk(url: &str, clients: u64, events: u64) -> Result<f64> {
    let customers = events / EVENTS_A_CUSTOMER;
    let mut all = Vec::new();
    for number in 0..clients {
        let cut = |number| customers * number / clients;
        let mix = Mix::new(SEED, cut(number)..cut(number + 1), EVENTS_A_CUSTOMER);
        // Made before the clock runs, as for the service.
        all.push((connect(url).await?, requests(&mix)?));
    }
    let begun = Instant::now();
    let sent = all.into_iter().map(|(client, requests)| async move {
        for request in requests {
            client.append(request, None, None).await?;
        }
        anyhow::Ok(())
    });
    try_join_all(sent).await?;
    Ok((customers * EVENTS_A_CUSTOMER) as f64 / begun.elapsed().as_secs_f64())
}

async fn read(url: &str, events: u64) -> Result<f64> {
    let client = connect(url).await?;
    let begun = Instant::now();
    let mut response = client.read(None, None, false, None).await?;
    let mut read = 0;
    loop {
        let batch = response.next_batch().await?;
        if batch.is_empty() {
            break;
        }
        read += batch.len() as u64;
    }
    ensure!(read == events, "{read} of {events} events were read");
    Ok(read as f64 / begun.elapsed().as_secs_f64())
}

fn requests(mix: &Mix) -> Result<Vec<Vec<DcbEvent>>> {
    let starts = (0..mix.events()).step_by(EVENTS_A_REQUEST as usize);
    let end = |start: u64| mix.events().min(start + EVENTS_A_REQUEST);
    starts
        .map(|start| request(mix, start..end(start)))
        .collect()
}

fn request(mix: &Mix, indexes: Range<u64>) -> Result<Vec<DcbEvent>> {
    indexes.map(|index| event(mix, index)).collect()
}

fn event(mix: &Mix, index: u64) -> Result<DcbEvent> {
    let mut data = Vec::new();
    mix.write(index, &mut data);
    let json: Named<'_> = serde_json::from_slice(&data)?;
    let tag = format!("customer:{}", json.id.split('-').next().unwrap_or_default());
    // By it the server notices what it is sent again.
    let uuid = Uuid::new_v5(&Uuid::NAMESPACE_URL, json.id.as_bytes());
    let event_type = json.event_type.to_owned();
    Ok(DcbEvent::default()
        .event_type(event_type)
        .tags([tag])
        .uuid(uuid)
        .data(data))
}

#[derive(serde::Deserialize)]
struct Named<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
}
