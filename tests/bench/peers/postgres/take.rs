//! Events as the rows of the channels' tables: a statement for each kind, of which the server
//! makes a plan once.

use anyhow::{Context, Result};
use std::ops::Range;
use std::sync::LazyLock;
use tokio_postgres::{Client, Statement};
use touchbook_testkit::Mix;

/// Statements, each after the kind of events that it takes.
const TAKE: &str = include_str!("take.sql");
const KIND: &str = "-- on ";

/// The kinds and their statements.
static KINDS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let parts = TAKE.split(KIND).skip(1);
    parts.filter_map(|part| part.split_once('\n')).collect()
});

/// Events of one request as JSON arrays, each with the index of the statement that takes it.
pub(super) struct Taken(Vec<(usize, String)>);

impl Taken {
    /// Events of one kind go together, in the order of the statements: what begins a call stands
    /// before what ends it.
    pub(super) fn new(mix: &Mix, indexes: Range<u64>) -> Self {
        let mut arrays = vec![String::new(); KINDS.len()];
        let mut event = Vec::new();
        for index in indexes {
            event.clear();
            mix.write(index, &mut event);
            let json = str::from_utf8(&event).expect("JSON is UTF-8");
            let kind = kind(json).expect("every event of the mix is taken");
            let array = &mut arrays[kind];
            array.push(if array.is_empty() { '[' } else { ',' });
            array.push_str(json);
        }
        let taken = arrays.into_iter().enumerate();
        let taken = taken.filter(|(_, array)| !array.is_empty());
        Self(taken.map(|(kind, array)| (kind, array + "]")).collect())
    }
}

/// A kind is an event type, or what is before its dot.
fn kind(event: &str) -> Option<usize> {
    let (_, from) = event.split_once(r#""type":""#)?;
    let (event_type, _) = from.split_once('"')?;
    let channel = event_type.split('.').next();
    KINDS
        .iter()
        .position(|(kind, _)| *kind == event_type || Some(*kind) == channel)
}

/// A connection and its statements.
pub(super) struct Taking {
    client: Client,
    statements: Vec<Statement>,
}

impl Taking {
    pub(super) async fn prepare(client: Client) -> Result<Self> {
        let mut statements = Vec::new();
        for (kind, statement) in KINDS.iter() {
            let prepared = client.prepare(statement).await;
            statements.push(prepared.with_context(|| format!("preparing what takes {kind}"))?);
        }
        Ok(Self { client, statements })
    }

    /// One event; its statement is a transaction.
    pub(super) async fn single(&self, event: &Taken) -> Result<()> {
        for (kind, array) in &event.0 {
            self.client
                .execute(&self.statements[*kind], &[array])
                .await?;
        }
        Ok(())
    }

    /// All of them in one transaction.
    pub(super) async fn together(&mut self, events: &Taken) -> Result<()> {
        let transaction = self.client.transaction().await?;
        for (kind, array) in &events.0 {
            transaction
                .execute(&self.statements[*kind], &[array])
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}
