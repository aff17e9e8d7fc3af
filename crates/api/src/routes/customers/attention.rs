//! `view=attention`: customers who wait for us, with the reasons.

use super::ListParams;
use super::shown::Shown;
use crate::extract::query;
use crate::limits::PAGE_BYTES_MAX;
use crate::problem::Problem;
use touchbook_customers::{Status, summary};
use touchbook_engagement::Cursor;
use touchbook_events::CustomerId;

/// A page of the list, most urgent first; blocked customers wait for nothing.
pub(super) fn page(shown: &Shown, params: &ListParams) -> Result<Vec<u8>, Problem> {
    let after: Option<Cursor> = query::cursor(params.cursor.as_deref())?;
    let is_shown = |customer: CustomerId| {
        let status = shown.customers.read(customer, |state, _| {
            summary(customer, state, &shown.policies, shown.now).status
        });
        status.is_some_and(|status| status != Status::Blocked)
    };
    let rows = |limit: usize| {
        let (policies, now) = (&shown.policies, shown.now);
        shown
            .engagement
            .index(|index| index.attention(policies, now, limit, after, is_shown))
    };
    let page = rows(params.limit);
    let mut next_cursor = page.next_cursor;
    let mut text = b"{\"items\":[".to_vec();
    let mut separator: &[u8] = b"";
    for (written, row) in (1..).zip(&page.rows) {
        let before = text.len();
        text.extend_from_slice(separator);
        match shown.write(&mut text, row.customer_id, None, Some(row))? {
            true => separator = b",",
            false => text.truncate(before),
        }
        if text.len() >= PAGE_BYTES_MAX && written < page.rows.len() {
            next_cursor = rows(written).next_cursor;
            break;
        }
    }
    text.extend_from_slice(b"],\"next_cursor\":");
    let next_cursor = next_cursor.map(|cursor| cursor.to_string());
    serde_json::to_writer(&mut text, &next_cursor).map_err(|error| Problem::internal(&error))?;
    text.push(b'}');
    Ok(text)
}
