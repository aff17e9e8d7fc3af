//! Dead letters as the ledger has them, and what dealt with each.

use super::ListParams;
use crate::problem::Problem;
use crate::wire::dead_letter::{DeadLetterItem, DeadLetterList, Resolution};
use std::collections::BTreeMap;
use touchbook_engine::Tenant;
use touchbook_events::catalogue::dead_letter::DeadLetter;
use touchbook_events::catalogue::import::DeadLetterResolved;
use touchbook_events::{CustomerId, Data, Envelope, Header, Record};

/// Dead letters name no customer, and the ledger finds such records by themselves.
pub(super) fn list(
    tenant: &Tenant,
    params: &ListParams,
    head: u64,
) -> Result<DeadLetterList, Problem> {
    let mut letters = BTreeMap::new();
    let mut resolutions = BTreeMap::new();
    tenant.customer_records(CustomerId::NIL, head, &mut |record| {
        let Record { header, data, .. } = record;
        match data {
            Data::DeadLetter(letter) => {
                letters.insert(header.position, (header, letter));
            }
            Data::DeadLetterResolved(resolved) => {
                if let Some(resolution) = resolution(&header, &resolved) {
                    resolutions
                        .entry(resolved.facts.position)
                        .or_insert(resolution);
                }
            }
            _ => {}
        }
    })?;
    let mut items: Vec<DeadLetterItem> = letters
        .into_iter()
        .rev()
        .filter(|(position, _)| *position < params.cursor)
        .filter(|(position, _)| match params.status {
            "open" => !resolutions.contains_key(position),
            "resolved" => resolutions.contains_key(position),
            _ => true,
        })
        .take(params.limit + 1)
        .map(|(position, (header, letter))| {
            item(&header, *letter, resolutions.get(&position).cloned())
        })
        .collect();
    let more = items.len() > params.limit;
    items.truncate(params.limit);
    let next_cursor = items.last().filter(|_| more).map(|last| last.position);
    Ok(DeadLetterList { items, next_cursor })
}

/// What the record says of a letter that came before it; one that comes after it, it can't mean.
fn resolution(header: &Header, resolved: &DeadLetterResolved) -> Option<Resolution> {
    if !header.is_effective() || header.position <= resolved.facts.position {
        return None;
    }
    let personal = resolved.personal.as_ref();
    let reason = personal.and_then(|personal| personal.reason.as_ref());
    Some(Resolution {
        position: header.position,
        resubmitted_position: resolved.facts.resubmitted_position,
        reason: reason.map(ToString::to_string),
    })
}

/// What dealt with the letter at `position` first.
pub(super) fn resolution_of(tenant: &Tenant, position: u64) -> Result<Option<Resolution>, Problem> {
    let mut first = None;
    tenant.customer_records(CustomerId::NIL, tenant.head(), &mut |record| {
        if let Data::DeadLetterResolved(resolved) = &record.data
            && resolved.facts.position == position
            && first.is_none()
        {
            first = resolution(&record.header, resolved);
        }
    })?;
    Ok(first)
}

fn item(header: &Header, letter: DeadLetter, resolution: Option<Resolution>) -> DeadLetterItem {
    let tenant = named_tenant(&letter);
    let (raw, pointer, detail) = match letter.personal {
        Some(personal) => (Some(personal.raw), personal.pointer, Some(personal.detail)),
        None => (None, None, None),
    };
    DeadLetterItem {
        position: header.position,
        recorded_at: header.recorded_at,
        reason: letter.facts.reason.to_string(),
        pointer: pointer.map(|pointer| pointer.to_string()),
        detail: detail.map(|detail| detail.to_string()),
        origin: letter.facts.origin.to_string(),
        tenant,
        raw,
        resolution,
    }
}

/// Of a letter of the node, the tenant that it names: by itself, else by the stream's subject.
pub(super) fn named_tenant(letter: &DeadLetter) -> Option<String> {
    if !letter.facts.is_of_node() {
        return None;
    }
    let raw = letter.personal.as_ref().map(|personal| &personal.raw.0);
    let text = raw.and_then(|raw| std::str::from_utf8(raw).ok());
    let envelope = text.and_then(|text| Envelope::parse(text).ok());
    let said = envelope.and_then(|envelope| envelope.tenant.map(|tenant| tenant.to_string()));
    said.or_else(|| letter.facts.origin.split('.').nth(2).map(str::to_owned))
}

/// The letter at `position`.
pub(super) fn letter(tenant: &Tenant, position: u64) -> Result<DeadLetter, Problem> {
    match tenant.record(position)?.map(|record| record.data) {
        Some(Data::DeadLetter(letter)) => Ok(*letter),
        Some(_) | None => Err(Problem::not_found()),
    }
}
