//! What readers are told, as text that can be compared.

use serde_json::Value;
use std::fmt::Debug;
use touchbook_calls::{Calls, Filter as CallFilter};
use touchbook_customers::{Customers, Status, summary};
use touchbook_engagement::{Engagement, insights, reasons};
use touchbook_events::{CustomerId, EntrySource, IdentifierKind, Policies, Timestamp};
use touchbook_identity::{ByIdentifier, Identifiers, Suggestions};
use touchbook_projection::Projector;
use touchbook_timeline::{Filter, Sources, State, Timeline};
use touchbook_views::{AgentReport, Calendar, Period};

use super::script::PEOPLE;

/// Rows of a page: few, so that there are several pages.
const ROWS: usize = 3;
const NOW: Timestamp = Timestamp::from_micros(1_710_000_000_000_000);
const YEAR_BEFORE: Timestamp = Timestamp::from_micros(1_678_000_000_000_000);

/// A projector whose readers can be played.
pub(super) trait Answers: Projector {
    /// Everything that may be asked about one customer.
    fn about(customer: CustomerId, state: &Self::State, policies: &Policies) -> Value;

    /// Everything that may be asked about all of them.
    fn lists(index: &Self::Index, policies: &Policies) -> String;

    /// What one customer adds to the report of what agents did.
    fn reported(_report: &mut AgentReport, _state: &Self::State) {}
}

impl Answers for Customers {
    fn about(customer: CustomerId, state: &Self::State, policies: &Policies) -> Value {
        serde_json::to_value(summary(customer, state, policies, NOW)).unwrap()
    }

    fn lists(index: &Self::Index, policies: &Policies) -> String {
        let recent = pages(|cursor| {
            let page = index.recent(cursor, ROWS);
            (page.rows, page.next_cursor)
        });
        let top = pages(|cursor| {
            let page = index.top(policies, cursor, ROWS).unwrap().page;
            (page.rows, page.next_cursor)
        });
        let statuses = Status::ALL.iter().map(|status| {
            pages(|cursor| {
                let page = index.by_status(*status, policies, NOW, cursor, ROWS);
                (page.rows, page.next_cursor)
            })
        });
        let statuses: Vec<_> = statuses.collect();
        let found = ["jane", "@example", "shop:1", "+2711000000", "p3"].map(|query| {
            pages(|cursor| {
                let page = index.search(query, policies, cursor, ROWS);
                (page.rows, page.next_cursor)
            })
        });
        format!(
            "{} {recent:?} {top:?} {statuses:?} {found:?}",
            index.count()
        )
    }
}

impl Answers for Timeline {
    fn about(_: CustomerId, state: &State, _: &Policies) -> Value {
        let sources = Sources::default()
            .with(EntrySource::Order)
            .with(EntrySource::Call);
        let filters = [
            Filter::default(),
            Filter {
                sources,
                ..Filter::default()
            },
            Filter {
                to: Some(Timestamp::from_micros(1_699_000_000_000_000)),
                ..Filter::default()
            },
        ];
        let entries = filters.map(|filter| {
            let entries = pages(|cursor| {
                let page = state.page(&filter, ROWS, cursor);
                (page.entries, page.next_cursor)
            });
            serde_json::to_value(entries).unwrap()
        });
        entries.into_iter().collect()
    }

    fn lists((): &(), _: &Policies) -> String {
        String::new()
    }

    fn reported(report: &mut AgentReport, state: &State) {
        report.take_messages(state);
    }
}

impl Answers for Identifiers {
    fn about(_: CustomerId, state: &Self::State, _: &Policies) -> Value {
        Value::String(format!("{state:?}"))
    }

    fn lists(index: &ByIdentifier, _: &Policies) -> String {
        let find = |kind, value: String| Self::find(index, kind, &value);
        let found = (0..PEOPLE).map(|person| {
            [
                find(IdentifierKind::ExternalId, format!("shop:{person}")),
                find(IdentifierKind::Email, format!("{person}@example.com")),
                find(IdentifierKind::Phone, format!("+2711000000{person}")),
                find(IdentifierKind::Handle, format!("instagram:p{person}")),
            ]
        });
        format!("{:?}", found.collect::<Vec<_>>())
    }
}

impl Answers for Suggestions {
    fn about(_: CustomerId, state: &Self::State, _: &Policies) -> Value {
        Value::String(format!("{state:?}"))
    }

    fn lists(index: &Self::Index, _: &Policies) -> String {
        let open: Vec<_> = Self::before(index, u64::MAX).collect();
        format!("{open:?}")
    }
}

impl Answers for Calls {
    fn about(_: CustomerId, state: &Self::State, _: &Policies) -> Value {
        let calls = pages(|cursor| {
            let page = state.page(&CallFilter::default(), ROWS, cursor);
            (page.items, page.next_cursor)
        });
        Value::String(format!("{calls:?}"))
    }

    fn lists(index: &Self::Index, _: &Policies) -> String {
        let calls = pages(|cursor| {
            let page = index.page(&CallFilter::default(), ROWS, cursor);
            (page.items, page.next_cursor)
        });
        format!("{} {calls:?}", index.count())
    }

    fn reported(report: &mut AgentReport, state: &Self::State) {
        report.take_calls(state);
    }
}

impl Answers for Engagement {
    fn about(_: CustomerId, state: &Self::State, policies: &Policies) -> Value {
        let insights = serde_json::to_value(insights(state, policies, NOW)).unwrap();
        let reasons = serde_json::to_value(reasons(state, policies, NOW)).unwrap();
        [insights, reasons].into_iter().collect()
    }

    fn lists(index: &Self::Index, policies: &Policies) -> String {
        let waiting = pages(|cursor| {
            let page = index.attention(policies, NOW, ROWS, cursor, |_| true);
            (page.rows, page.next_cursor)
        });
        format!("{waiting:?}")
    }
}

/// The report of what agents did with the customers whose states `each` is given.
pub(super) fn report<P: Answers>(
    policies: &Policies,
    all: impl FnOnce(&mut dyn FnMut(&P::State)),
) -> String {
    let calendar = Calendar::of(Period::Month, YEAR_BEFORE, NOW, policies).unwrap();
    let mut report = AgentReport::new(calendar, usize::MAX, None);
    all(&mut |state| {
        report.next_customer();
        P::reported(&mut report, state);
    });
    format!("{:?}", report.page())
}

/// One page after another to the end.
fn pages<T: Debug, C>(mut page: impl FnMut(Option<C>) -> (Vec<T>, Option<C>)) -> Vec<T> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let (rows, next) = page(cursor);
        all.extend(rows);
        if next.is_none() {
            return all;
        }
        cursor = next;
    }
}
