//! Lists of customers: recent, top, found, by status, by agents' last interactions.

use super::ListParams;
use super::shown::Shown;
use crate::extract::query::{self, invalid};
use crate::limits::PAGE_BYTES_MAX;
use crate::problem::Problem;
use crate::wire::customer::MatchedBy;
use touchbook_customers::{Cursor, Page, TopPage};
use touchbook_events::CustomerId;
use touchbook_events::money::Currency;

/// A page of the list that is asked for.
pub(super) fn page(shown: &Shown, params: &ListParams) -> Result<Vec<u8>, Problem> {
    page_of(shown, params, |text, customer, matched| {
        shown.write(text, customer, matched, None)
    })
}

/// The same, each customer as `write` has it, which answers `false` where there is no such one.
pub(super) fn page_of(
    shown: &Shown,
    params: &ListParams,
    mut write: impl FnMut(&mut Vec<u8>, CustomerId, Option<MatchedBy>) -> Result<bool, Problem>,
) -> Result<Vec<u8>, Problem> {
    let customers = &shown.customers;
    let found = rows(shown, params, params.limit)?;
    let (mut next_cursor, count) = (found.next_cursor, found.rows.len());
    let mut text = b"{\"items\":[".to_vec();
    let mut separator: &[u8] = b"";
    for (written, (customer, matched)) in (1..).zip(found.rows) {
        let before = text.len();
        text.extend_from_slice(separator);
        // One that was merged since the list was read is another's now.
        if customers.canonical(customer) == customer && write(&mut text, customer, matched)? {
            separator = b",";
        } else {
            text.truncate(before);
        }
        if text.len() >= PAGE_BYTES_MAX && written < count {
            next_cursor = rows(shown, params, written)?.next_cursor;
            break;
        }
    }
    text.extend_from_slice(b"],\"next_cursor\":");
    let next_cursor = next_cursor.map(|cursor| cursor.to_string());
    serde_json::to_writer(&mut text, &next_cursor).map_err(|error| Problem::internal(&error))?;
    if let Some(currency) = found.currency {
        text.extend_from_slice(b",\"currency\":");
        serde_json::to_writer(&mut text, &currency).map_err(|error| Problem::internal(&error))?;
    }
    text.push(b'}');
    Ok(text)
}

/// A page of any list.
struct Rows {
    rows: Vec<(CustomerId, Option<MatchedBy>)>,
    next_cursor: Option<Cursor>,
    /// In which customers are ranked.
    currency: Option<Currency>,
}

fn rows(shown: &Shown, params: &ListParams, limit: usize) -> Result<Rows, Problem> {
    let (customers, policies) = (&shown.customers, &shown.policies);
    let after: Option<Cursor> = query::cursor(params.cursor.as_deref())?;
    if params.view != Some("top") && after.is_some_and(|cursor| cursor.is_of_top()) {
        return Err(invalid("cursor", "it is of the view `top`"));
    }
    if let Some(status) = params.status {
        let page =
            customers.index(|index| index.by_status(status, policies, shown.now, after, limit));
        return Ok(taken(page, |listed| (listed.customer, None)));
    }
    if params.is_by_agent() {
        let from = params.last_agent_interaction_from;
        let from = from.map(|given| given.moment.in_zone(policies.zone));
        let to = params.last_agent_interaction_to;
        let to = to.map(|given| given.last_instant(policies.zone));
        let page = customers.index(|index| index.by_agent_interaction(from, to, after, limit));
        return Ok(taken(page, |listed| (listed.customer, None)));
    }
    customers.index(|index| match (&params.q, params.view) {
        (Some(query), _) => Ok(taken(
            index.search(query, policies, after, limit),
            |found| (found.customer, Some(found.matched.into())),
        )),
        (None, Some("top")) => {
            let top = index.top(policies, after, limit);
            let TopPage { currency, page } =
                top.map_err(|error| invalid("cursor", error.to_string()))?;
            Ok(Rows {
                currency: Some(currency),
                ..taken(page, |top| (top.customer, None))
            })
        }
        (None, _) => Ok(taken(index.recent(after, limit), |listed| {
            (listed.customer, None)
        })),
    })
}

fn taken<T>(page: Page<T>, row: impl Fn(T) -> (CustomerId, Option<MatchedBy>)) -> Rows {
    Rows {
        rows: page.rows.into_iter().map(row).collect(),
        next_cursor: page.next_cursor,
        currency: None,
    }
}
