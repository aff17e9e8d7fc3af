//! How many rows a second one core reads, types and makes into events (`--release`).

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;
use touchbook_events::Policies;
use touchbook_ingest::csv::{Error, EventNames, Reader};

const ROWS: usize = 1_000_000;
const HEADER: &str = "External_ID,Name,Company,Email,Phone,Status,Total_Agent_Calls,\
                      Total_Agent_Emails,Total_Agent_SMS,Agent_Call_Duration_Total,\
                      Last_Agent_Call_Date,Last_Agent_Interaction_Type,\
                      Last_Agent_Interaction_Date,Favourite_Colour\n";

fn main() -> Result<(), Error> {
    let mut file = HEADER.as_bytes().to_vec();
    for row in 0..ROWS {
        writeln!(
            file,
            "opencart:{row},Nora Jacobs {row},\"Jacobs, Mbeki & Sons\",nora{row}@example.com,\
             +27{row:09},vip,12,4,0,90.50,2024-01-10,call,2024-01-15T10:30:00Z,green"
        )?;
    }
    let megabytes = file.len() as f64 / 1e6;
    let policies = Policies::default();
    let began = Instant::now();
    let read = read(&file, |_| {})?;
    report("cut into rows", read, megabytes, began);
    let began = Instant::now();
    let typed = self::read(&file, |raw| {
        let _ = black_box(raw.read(&policies));
    })?;
    report("typed", typed, megabytes, began);
    let names = EventNames {
        prefix: "import-1",
        excludes_history: false,
    };
    let began = Instant::now();
    let changed = self::read(&file, |raw| {
        let _ = black_box(raw.read(&policies).map(|row| row.events(None, &names)));
    })?;
    report("made into events", changed, megabytes, began);
    Ok(())
}

fn read(
    file: &[u8],
    mut each: impl FnMut(touchbook_ingest::csv::RawRow<'_>),
) -> Result<usize, Error> {
    let mut reader = Reader::open(file)?;
    let mut rows = 0;
    while let Some(raw) = reader.next_row()? {
        each(black_box(raw));
        rows += 1;
    }
    Ok(rows)
}

fn report(what: &str, rows: usize, megabytes: f64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{rows} rows {what}: {:.0} rows/s, {:.0} MB/s",
        rows as f64 / seconds,
        megabytes / seconds
    );
}
