//! What agents did, by period: calls, messages, minutes, customers, outcomes (S0-055).
//!
//! Nothing of it is kept: a report is the sum of what each customer's calls and timeline come to
//! when it is asked for, so merges, retractions and revisions are in it as they are in those. Only
//! the rows of the page that is asked for are held.

mod calendar;
mod cursor;
mod row;

pub use calendar::{Calendar, PERIODS_MAX, Period, TooManyPeriods};
pub use cursor::Cursor;
pub use row::AgentRow;

use crate::page::PAGE_MAX;
use chrono::NaiveDate;
use row::Work;
use serde::Serialize;
use std::collections::BTreeMap;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::{EntrySource, Timestamp};
use touchbook_timeline::Details;

/// A page of the report in the making: customers are handed over one after another, in whatever
/// order.
pub struct AgentReport {
    calendar: Calendar,
    limit: usize,
    after: Option<Cursor>,
    /// By the first day of the period and by agent: the first `limit` after the cursor, and one
    /// more to know whether there is another page.
    rows: BTreeMap<NaiveDate, BTreeMap<Box<str>, Work>>,
    row_count: usize,
    customer_count: u64,
}

/// Rows by period, then by agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<'a> {
    pub period: Period,
    pub from: Timestamp,
    pub to: Timestamp,
    pub items: Vec<AgentRow<'a>>,
    pub next_cursor: Option<Cursor>,
}

impl AgentReport {
    pub fn new(calendar: Calendar, limit: usize, after: Option<Cursor>) -> Self {
        Self {
            calendar,
            limit: limit.clamp(1, PAGE_MAX),
            after,
            rows: BTreeMap::new(),
            row_count: 0,
            customer_count: 0,
        }
    }

    /// What comes next is another customer's.
    pub fn next_customer(&mut self) {
        self.customer_count += 1;
    }

    /// Takes what agents talked with the customer.
    pub fn take_calls(&mut self, state: &touchbook_calls::State) {
        let filter = touchbook_calls::Filter {
            from: Some(self.calendar.from),
            to: Some(self.calendar.to),
            ..Default::default()
        };
        for call in state.filtered(&filter) {
            let at = call.occurred_at();
            if let Some(work) = call.agent_id().and_then(|agent| self.work(at, agent)) {
                work.called(&call);
            }
        }
    }

    /// Takes what agents wrote to the customer.
    pub fn take_messages(&mut self, state: &touchbook_timeline::State) {
        let sources = [EntrySource::Email, EntrySource::Sms, EntrySource::Chat];
        let filter = touchbook_timeline::Filter {
            sources: sources.into_iter().collect(),
            from: Some(self.calendar.from),
            to: Some(self.calendar.to),
        };
        for entry in state.entries(&filter) {
            if let Some(agent) = sender(entry.details())
                && let Some(work) = self.work(entry.occurred_at(), agent)
            {
                work.sent(entry.source());
            }
        }
    }

    /// The row of an agent at an instant, where the page has or may have it.
    fn work(&mut self, at: Timestamp, agent: &str) -> Option<&mut Work> {
        let day = self.calendar.begins_on(at)?;
        if self
            .after
            .as_ref()
            .is_some_and(|after| !after.is_before(day, agent))
        {
            return None;
        }
        let is_known = self
            .rows
            .get(&day)
            .is_some_and(|agents| agents.contains_key(agent));
        if !is_known && !self.make_room(day, agent) {
            return None;
        }
        let agents = self.rows.entry(day).or_default();
        let work = match is_known {
            true => agents.get_mut(agent)?,
            false => agents.entry(agent.into()).or_default(),
        };
        work.had_to_do_with(self.customer_count);
        Some(work)
    }

    /// Whether one more row is among the first; what then is not among them any more never comes
    /// back, since rows only ever move away from the first place.
    fn make_room(&mut self, day: NaiveDate, agent: &str) -> bool {
        if self.row_count <= self.limit {
            self.row_count += 1;
            return true;
        }
        let Some(mut last) = self.rows.last_entry() else {
            return false;
        };
        let last_agent = last.get().last_key_value().map(|(agent, _)| &**agent);
        if (*last.key(), last_agent) < (day, Some(agent)) {
            return false;
        }
        last.get_mut().pop_last();
        if last.get().is_empty() {
            last.remove();
        }
        true
    }

    pub fn page(&self) -> Page<'_> {
        let rows = self.rows.iter();
        let rows = rows.flat_map(|(day, agents)| agents.iter().map(move |row| (*day, row)));
        let rows = rows.take(self.limit);
        let items: Vec<_> = rows
            .map(|(day, (agent, work))| work.row(agent, day))
            .collect();
        let last = items.last().filter(|_| self.row_count > self.limit);
        Page {
            period: self.calendar.period,
            from: self.calendar.from,
            to: self.calendar.to,
            next_cursor: last.map(|last| Cursor::of(last.begins_on, last.agent_id)),
            items,
        }
    }
}

/// The agent who sent a message; what customers sent was not that agent's doing.
fn sender<'a>(details: &Details<'a>) -> Option<&'a str> {
    let (direction, agent) = match details {
        Details::Email(email) => (email.direction, email.agent_id.copied()),
        Details::Sms(message) | Details::Chat(message) => {
            (message.direction, message.agent_id.copied())
        }
        _ => return None,
    };
    agent.filter(|_| direction == Some(Direction::Outbound))
}
