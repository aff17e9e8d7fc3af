//! Everything of one customer at once, by source (S1-042).

use crate::orders::Order;
use crate::page::Page;
use crate::quotes::Quote;
use crate::threads::Thread;
use serde::Serialize;
use std::collections::BTreeMap;
use touchbook_events::EntrySource;
use touchbook_timeline::Entry;

/// A customer with all sources: the profile as whoever answers shows it, the entries of each
/// source, and what is put together of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerDetails<'a, P> {
    pub profile: P,
    #[serde(flatten)]
    pub entries: EntriesBySource<'a>,
    pub email_threads: Page<Thread<'a>>,
    pub quote_sessions: Page<Quote<'a>>,
    pub order_history: Page<Order<'a>>,
}

/// Entries of a timeline by their source, each in the order in which they were handed over.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EntriesBySource<'a> {
    pub calls: Vec<Entry<'a>>,
    pub emails: Vec<Entry<'a>>,
    pub sms: Vec<Entry<'a>>,
    /// Chat messages, quote sessions and conversations.
    pub chats: Vec<Entry<'a>>,
    pub socials: Vec<Entry<'a>>,
    pub orders: Vec<Entry<'a>>,
    pub manual: Vec<Entry<'a>>,
    pub workflow: Vec<Entry<'a>>,
    /// How many there are of each source that has any, whatever is shown of them.
    pub entry_counts: BTreeMap<EntrySource, u64>,
}

impl<'a> EntriesBySource<'a> {
    /// Keeps the first `each_max` of every source: of a timeline, newest first, the newest.
    pub fn group(entries: impl IntoIterator<Item = Entry<'a>>, each_max: usize) -> Self {
        let mut grouped = Self::default();
        for entry in entries {
            let source = entry.source();
            *grouped.entry_counts.entry(source).or_default() += 1;
            let of_source = grouped.of_source(source);
            if of_source.len() < each_max {
                of_source.push(entry);
            }
        }
        grouped
    }

    fn of_source(&mut self, source: EntrySource) -> &mut Vec<Entry<'a>> {
        match source {
            EntrySource::Call => &mut self.calls,
            EntrySource::Email => &mut self.emails,
            EntrySource::Sms => &mut self.sms,
            EntrySource::Chat => &mut self.chats,
            EntrySource::Social => &mut self.socials,
            EntrySource::Order => &mut self.orders,
            EntrySource::Manual => &mut self.manual,
            EntrySource::Workflow => &mut self.workflow,
        }
    }
}
