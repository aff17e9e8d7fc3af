//! Requests made of the reference mix before the clock runs: few are in memory, many in a file.

use crate::client::{Requests, get, post};
use crate::service;
use anyhow::Result;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, Write};
use std::ops::Range;
use touchbook_testkit::Mix;

/// Any number does; the same one makes every run send the same bytes.
pub(crate) const SEED: u64 = 20_261_121;
pub(crate) const EVENTS_A_CUSTOMER: u64 = 50;
/// So that a page of 50 entries is full.
pub(crate) const EVENTS_A_PAGE_CUSTOMER: u64 = 200;
pub(crate) const EVENTS_A_REQUEST: u64 = 1_000;

/// Requests that are sent once, in order.
pub(crate) struct Once {
    requests: Vec<Vec<u8>>,
    next: usize,
}

impl Requests for Once {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        self.next += 1;
        Ok(self.requests.get(self.next - 1).map(Vec::as_slice))
    }
}

/// Requests that are sent once, in order, out of a file that has no name: ten million events would
/// not leave the service its memory.
pub(crate) struct Spool {
    file: File,
    /// Lengths of those that are still to be sent.
    lengths: std::vec::IntoIter<usize>,
    request: Vec<u8>,
}

impl Spool {
    /// What is written is on disk before the clock runs, so that it is no work for the disk then.
    fn write(requests: impl Iterator<Item = Vec<u8>>) -> Result<Self> {
        let mut file = BufWriter::new(tempfile::tempfile_in(service::bench_dir()?)?);
        let mut lengths = Vec::new();
        for request in requests {
            file.write_all(&request)?;
            lengths.push(request.len());
        }
        let mut file = file.into_inner()?;
        file.sync_data()?;
        file.rewind()?;
        Ok(Self {
            file,
            lengths: lengths.into_iter(),
            request: Vec::new(),
        })
    }
}

impl Requests for Spool {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let Some(length) = self.lengths.next() else {
            return Ok(None);
        };
        self.request.resize(length, 0);
        self.file.read_exact(&mut self.request)?;
        Ok(Some(&self.request))
    }
}

/// Customers in equal ranges, one a connection, so that each customer's events stay in order.
pub(crate) fn ranges(customers: Range<u64>, connections: u64) -> Vec<Range<u64>> {
    let count = customers.end - customers.start;
    let cut = |number| customers.start + count * number / connections;
    (0..connections)
        .map(|number| cut(number)..cut(number + 1))
        .collect()
}

/// NDJSON of [`EVENTS_A_REQUEST`] events a request, and the number of events.
pub(crate) fn bulk(
    customers: Range<u64>,
    events_a_customer: u64,
    connections: u64,
) -> Result<(Vec<Spool>, u64)> {
    let (mut events, mut spools) = (0, Vec::new());
    for range in ranges(customers, connections) {
        let mix = Mix::new(SEED, range, events_a_customer);
        events += mix.events();
        let request = |range| {
            post(
                "/api/v1/events",
                "application/x-ndjson",
                &lines(&mix, range),
            )
        };
        spools.push(Spool::write(requests(mix.events()).map(request))?);
    }
    Ok((spools, events))
}

/// NDJSON of [`EVENTS_A_REQUEST`] events a request, made one by one, on one connection.
pub(crate) fn spooled(events: u64, write: impl Fn(u64, &mut Vec<u8>)) -> Result<Spool> {
    Spool::write(requests(events).map(|range| {
        let mut lines = Vec::new();
        for index in range {
            write(index, &mut lines);
            lines.push(b'\n');
        }
        post("/api/v1/events", "application/x-ndjson", &lines)
    }))
}

/// The events of each request.
pub(crate) fn requests(events: u64) -> impl Iterator<Item = Range<u64>> {
    let starts = (0..events).step_by(EVENTS_A_REQUEST as usize);
    starts.map(move |start| start..events.min(start + EVENTS_A_REQUEST))
}

fn lines(mix: &Mix, indexes: Range<u64>) -> Vec<u8> {
    joined(mix, indexes, b"\n")
}

/// One event a request.
pub(crate) fn singles(customers: Range<u64>, connections: u64) -> Vec<Once> {
    let requests = |range| {
        let mix = Mix::new(SEED, range, EVENTS_A_CUSTOMER);
        let request = |index| single(&joined(&mix, index..index + 1, b""));
        Once {
            requests: (0..mix.events()).map(request).collect(),
            next: 0,
        }
    };
    ranges(customers, connections)
        .into_iter()
        .map(requests)
        .collect()
}

/// A request that sends one event.
pub(crate) fn single(event: &[u8]) -> Vec<u8> {
    post("/api/v1/events", "application/cloudevents+json", event)
}

/// JSON arrays of `events_a_message` events, as producers publish them.
pub(crate) fn messages(customers: Range<u64>, events_a_message: u64) -> Vec<Vec<u8>> {
    let mix = Mix::new(SEED, customers, EVENTS_A_CUSTOMER);
    let starts = (0..mix.events()).step_by(events_a_message as usize);
    let message = |start: u64| {
        let mut array = vec![b'['];
        array.extend(joined(
            &mix,
            start..mix.events().min(start + events_a_message),
            b",",
        ));
        array.push(b']');
        array
    };
    starts.map(message).collect()
}

fn joined(mix: &Mix, indexes: Range<u64>, between: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(512 * (indexes.end - indexes.start) as usize);
    for index in indexes.clone() {
        if index > indexes.start {
            all.extend_from_slice(between);
        }
        mix.write(index, &mut all);
    }
    all
}

/// Requests drawn by chance, without end.
pub(crate) struct Drawn {
    requests: std::sync::Arc<Vec<Vec<u8>>>,
    chance: rand::rngs::StdRng,
}

impl Requests for Drawn {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let drawn = rand::Rng::random_range(&mut self.chance, 0..self.requests.len());
        Ok(Some(&self.requests[drawn]))
    }
}

/// Draws from `paths` on each connection.
pub(crate) fn drawn(paths: impl Iterator<Item = String>, connections: u64) -> Vec<Drawn> {
    let requests = std::sync::Arc::new(paths.map(|path| get(&path)).collect());
    let connection = |number| Drawn {
        requests: std::sync::Arc::clone(&requests),
        chance: rand::SeedableRng::seed_from_u64(SEED + number),
    };
    (0..connections).map(connection).collect()
}

/// Timeline pages of customers.
pub(crate) fn pages(customers: Range<u64>, entries: u64, connections: u64) -> Vec<Drawn> {
    let path = |customer| {
        let named = Mix::external_id(customer).replace(':', "%3A");
        format!("/api/v1/customers/external_id:{named}/timeline?limit={entries}")
    };
    drawn(customers.map(path), connections)
}
