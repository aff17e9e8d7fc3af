//! Searches and lists of many customers.

use super::{say, send_all};
use crate::client::drive;
use crate::service::Service;
use crate::table::{Figure, Row};
use crate::{Options, load, reach};
use anyhow::{Result, ensure};
use std::io::Write;
use std::time::Duration;
use touchbook_testkit::Mix;

const TIME: Duration = Duration::from_secs(4);
const CONNECTIONS: u64 = 8;
const LOADING_CONNECTIONS: u64 = 4;
const EVENTS_A_CUSTOMER: u64 = 5;
const SEARCHES: u64 = 2_000;
const VIEWS: [&str; 3] = ["top", "recent", "attention"];
const FIRST_NAMES: [&str; 12] = [
    "Thandi", "José", "Anna", "Noah", "Zoë", "Liam", "Aïcha", "Søren", "Mei", "Olga", "Ivan",
    "Ruth",
];
const LAST_NAMES: [&str; 11] = [
    "Dlamini", "Müller", "Garcia", "Smith", "Nguyen", "Kowalski", "Rossi", "Silva", "Khan",
    "Brown", "Novák",
];
const TRADES: [&str; 7] = [
    "Foods",
    "Logistics",
    "Audio",
    "Textiles",
    "Energy",
    "Media",
    "Tools",
];

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let service = Service::start(&[])?;
    let customers = options.events / EVENTS_A_CUSTOMER;
    say(&format!("customers: {customers} with names and addresses"));
    let known = load::spooled(customers, |index, line| {
        write_customer(index, line).expect("memory takes every write");
    })?;
    send_all(&service, vec![known]).await?;
    let mut figures = lists(&service, customers).await?;

    let events = customers * EVENTS_A_CUSTOMER;
    say(&format!("customers: {events} events of theirs"));
    let (mix, _) = load::bulk(0..customers, EVENTS_A_CUSTOMER, LOADING_CONNECTIONS)?;
    send_all(&service, mix).await?;
    figures.extend(lists(&service, customers + events).await?);
    figures.extend(searches(&service, customers).await?);
    Ok(figures)
}

fn write_customer(index: u64, line: &mut Vec<u8>) -> std::io::Result<()> {
    let Person {
        name,
        company,
        email,
        phone,
    } = Person::new(index);
    let id = Mix::external_id(index);
    write!(
        line,
        r#"{{"specversion":"1.0","id":"known-{index}","source":"/crm","type":"customer.updated","#
    )?;
    write!(
        line,
        r#""data":{{"customer":{{"external_id":"{id}","email":"{email}","phone":"{phone}","#
    )?;
    write!(line, r#""name":"{name}","company":"{company}"}}}}}}"#)
}

struct Person {
    name: String,
    company: String,
    email: String,
    phone: String,
}

impl Person {
    fn new(index: u64) -> Self {
        let of = |words: &[&'static str]| words[index as usize % words.len()];
        let (first, last) = (of(&FIRST_NAMES), of(&LAST_NAMES));
        Self {
            name: format!("{first} {last} {index}"),
            company: format!("{last} {} {}", of(&TRADES), index / 40),
            email: format!("person{index}@example-{}.com", index % 97),
            phone: format!("+2782{index:07}"),
        }
    }

    /// What somebody types who looks for them.
    fn searches(&self, index: u64) -> String {
        match index % 6 {
            0 => self.name.to_lowercase(),
            // Few letters, and very many who have them.
            1 => self.name.chars().skip(2).take(5).collect(),
            2 => self.company.to_uppercase(),
            3 => self.email.clone(),
            4 => self.email.chars().take(8).collect(),
            _ => format!("+27 82 {}", &self.phone[5..]),
        }
    }
}

async fn lists(service: &Service, events: u64) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for view in VIEWS {
        say(&format!("customers: view={view}"));
        let path = format!("/api/v1/customers?view={view}&limit=20");
        let page = service.connect().await?.json(&path).await?;
        let rows = page["items"].as_array().map_or(0, Vec::len);
        let paths = std::iter::once(path);
        let driven = drive(service.address, load::drawn(paths, CONNECTIONS), TIME).await?;
        let what = format!(
            "view={view}, {rows} rows of {events} records, 8 connections ({:.0}/s), p99",
            driven.rate()
        );
        let figure = Figure::new(Row::Customers, what, driven.percentile(99), "ms");
        figures.push(figure.reach(reach::VIEW_SLOW));
    }
    Ok(figures)
}

async fn searches(service: &Service, customers: u64) -> Result<Vec<Figure>> {
    say("customers: searches");
    let path = |number: u64| {
        let index = number * 7_919 % customers;
        let query = Person::new(index).searches(number);
        format!("/api/v1/customers?limit=20&q={}", encoded(&query))
    };
    let found = service.connect().await?.json(&path(0)).await?;
    let rows = found["items"].as_array().map_or(0, Vec::len);
    ensure!(rows > 0, "nobody is found by a whole name");
    let paths = (0..SEARCHES).map(path);
    let driven = drive(service.address, load::drawn(paths, CONNECTIONS), TIME).await?;
    let what = |percent| {
        let rate = driven.rate();
        format!("search of {customers} customers, 8 connections ({rate:.0}/s), p{percent}")
    };
    let figure = |percent| {
        let took = driven.percentile(percent);
        Figure::new(Row::Customers, what(percent), took, "ms")
    };
    Ok(vec![figure(50), figure(99).reach(reach::SEARCH_SLOW)])
}

/// A value of a query string.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
