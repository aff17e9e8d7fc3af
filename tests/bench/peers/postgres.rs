//! Postgres with a table for each channel and triggers that keep the rest: [`SCHEMA`].

mod server;
mod take;

use super::{LOADED, Peer, note, version};
use crate::client::Driven;
use crate::rows::{self, say};
use crate::table::{Row, Work};
use crate::{Options, load};
use anyhow::{Result, ensure};
use futures::future::try_join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use server::Server;
use std::path::Path;
use std::time::{Duration, Instant};
use take::{Taken, Taking};
use tokio_postgres::Client;
use touchbook_testkit::Mix;

const SCHEMA: &str = include_str!("postgres/schema.sql");
const TRIGGERS: &str = include_str!("postgres/triggers.sql");
const REBUILD: &str = include_str!("postgres/rebuild.sql");
const PAGE: &str = include_str!("postgres/page.sql");
/// What a rebuild must give again.
const DERIVED: [&str; 2] = [
    "SELECT coalesce(sum(hashtext(row::text)), 0)::bigint FROM interactions AS row",
    "SELECT coalesce(sum(hashtext(row::text)), 0)::bigint FROM customer_profiles AS row",
];

const BULK_CONNECTIONS: u64 = 4;
/// Events that are made ready for one connection, more than are sent in time.
const ONE_EVENTS_MAX: u64 = 60_000;

pub(super) async fn measure(programs: &Path, options: &Options, events: u64) -> Result<Peer> {
    let name = format!("Postgres {}", version(&programs.join("postgres"))?);
    say(&format!("{name}: a new cluster"));
    let server = Server::start(programs).await?;
    let mut figures = Vec::new();
    if options.asks(&[Row::One, Row::Many]) {
        create(&server, "singles").await?;
        figures.extend(singles(&server, &name, options).await?);
        server.drop_database("singles").await?;
    }
    if options.asks(&LOADED) {
        create(&server, "book").await?;
        figures.extend(loaded(&server, &name, options, events).await?);
    }
    let more = format!(
        "It syncs each commit; 200 events a customer, so that pages are full; {}.",
        server.settings()
    );
    Ok(Peer {
        notes: vec![note(&name, events, &more)],
        name,
        figures,
    })
}

async fn create(server: &Server, database: &str) -> Result<()> {
    server.create_database(database).await?;
    let client = server.connect(database).await?;
    client.batch_execute(SCHEMA).await?;
    client.batch_execute(TRIGGERS).await?;
    Ok(())
}

async fn singles(server: &Server, name: &str, options: &Options) -> Result<Vec<(Work, f64)>> {
    let one = ONE_EVENTS_MAX / load::EVENTS_A_CUSTOMER;
    let many = one + rows::MANY_EVENTS_MAX / load::EVENTS_A_CUSTOMER;
    let mut figures = Vec::new();
    for (row, work, customers, connections) in [
        (Row::One, Work::One, 0..one, 1),
        (Row::Many, Work::Many, one..many, rows::CONNECTIONS),
    ] {
        if !options.asks(&[row]) {
            continue;
        }
        say(&format!(
            "{name}: one event a transaction, {connections} connections"
        ));
        let mut taking = Vec::new();
        for range in load::ranges(customers, connections) {
            let mix = Mix::new(load::SEED, range, load::EVENTS_A_CUSTOMER);
            let events = (0..mix.events()).map(|index| Taken::new(&mix, index..index + 1));
            let client = server.connect("singles").await?;
            taking.push((Taking::prepare(client).await?, events.collect::<Vec<_>>()));
        }
        let begun = Instant::now();
        let sent = taking.iter().map(|(taking, events)| async move {
            let mut driven = Driven::default();
            let mut events = events.iter();
            while let (true, Some(event)) = (begun.elapsed() < rows::TIME, events.next()) {
                let sent = Instant::now();
                taking.single(event).await?;
                driven.answered(sent.elapsed());
            }
            anyhow::Ok(driven)
        });
        let driven = Driven::all(try_join_all(sent).await?, begun.elapsed());
        figures.push((work, driven.rate()));
    }
    Ok(figures)
}

/// Everything that is measured on a database of all the events.
async fn loaded(
    server: &Server,
    name: &str,
    options: &Options,
    events: u64,
) -> Result<Vec<(Work, f64)>> {
    let customers = (events / load::EVENTS_A_PAGE_CUSTOMER).max(BULK_CONNECTIONS);
    let events = (customers * load::EVENTS_A_PAGE_CUSTOMER) as f64;
    say(&format!("{name}: {events} events, 1000 a transaction"));
    let took = bulk(server, customers).await?.as_secs_f64();
    let mut figures = vec![(Work::Bulk, events / took)];

    let client = server.connect("book").await?;
    client.batch_execute("VACUUM (ANALYZE)").await?;
    client.batch_execute("CHECKPOINT").await?;
    let size = "SELECT pg_database_size(current_database())";
    let bytes: i64 = client.query_one(size, &[]).await?.get(0);
    figures.push((Work::Disk, bytes as f64 / events));
    if options.asks(&[Row::Page]) {
        say(&format!("{name}: pages, 32 connections, random customers"));
        let pages = pages(server, customers).await?;
        figures.extend([
            (Work::Page, pages.rate()),
            (Work::PageMedian, pages.percentile(50)),
            (Work::PageSlow, pages.percentile(99)),
        ]);
    }
    if options.asks(&[Row::Rebuild]) {
        say(&format!("{name}: rebuild"));
        let took = rebuild(&client).await?.as_secs_f64();
        figures.push((Work::Rebuild, events / took));
    }
    Ok(figures)
}

async fn bulk(server: &Server, customers: u64) -> Result<Duration> {
    let mut taking = Vec::new();
    for range in load::ranges(0..customers, BULK_CONNECTIONS) {
        let mix = Mix::new(load::SEED, range, load::EVENTS_A_PAGE_CUSTOMER);
        let requests = load::requests(mix.events()).map(|range| Taken::new(&mix, range));
        let client = server.connect("book").await?;
        taking.push((Taking::prepare(client).await?, requests.collect::<Vec<_>>()));
    }
    let begun = Instant::now();
    let sent = taking.iter_mut().map(|(taking, requests)| async move {
        for request in requests.iter() {
            taking.together(request).await?;
        }
        anyhow::Ok(())
    });
    try_join_all(sent).await?;
    Ok(begun.elapsed())
}

async fn pages(server: &Server, customers: u64) -> Result<Driven> {
    let mut connections = Vec::new();
    for number in 0..rows::PAGE_CONNECTIONS {
        let client = server.connect("book").await?;
        let page = client.prepare(PAGE).await?;
        connections.push((client, page, StdRng::seed_from_u64(load::SEED + number)));
    }
    let begun = Instant::now();
    let asked = connections
        .into_iter()
        .map(|(client, page, mut chance)| async move {
            let mut driven = Driven::default();
            while begun.elapsed() < rows::PAGE_TIME {
                let customer = Mix::external_id(chance.random_range(0..customers));
                let sent = Instant::now();
                let entries = client.query(&page, &[&customer]).await?;
                driven.answered(sent.elapsed());
                ensure!(
                    entries.len() as u64 == rows::ENTRIES,
                    "a page has {} entries",
                    entries.len()
                );
            }
            Ok(driven)
        });
    Ok(Driven::all(try_join_all(asked).await?, begun.elapsed()))
}

/// Makes all again that triggers kept, which must be what it was.
async fn rebuild(client: &Client) -> Result<Duration> {
    let before = derived(client).await?;
    let begun = Instant::now();
    client.batch_execute(REBUILD).await?;
    let took = begun.elapsed();
    let after = derived(client).await?;
    ensure!(
        before == after,
        "the rebuild gives {after:?}, the triggers had {before:?}"
    );
    Ok(took)
}

async fn derived(client: &Client) -> Result<Vec<i64>> {
    let mut sums = Vec::new();
    for sum in DERIVED {
        sums.push(client.query_one(sum, &[]).await?.get(0));
    }
    Ok(sums)
}
