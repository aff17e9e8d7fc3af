//! Dead letters as the ledger has them, and what dealt with each.

use super::ListParams;
use crate::limits::PAGE_BYTES_MAX;
use crate::problem::Problem;
use crate::wire::dead_letter::{DeadLetterItem, DeadLetterList, Resolution};
use std::collections::BTreeMap;
use touchbook_engine::Tenant;
use touchbook_events::catalogue::dead_letter::DeadLetter;
use touchbook_events::catalogue::import::DeadLetterResolved;
use touchbook_events::{CustomerId, Data, Envelope, Header, batch};

/// Dead letters name no customer, and the ledger finds such records by themselves.
pub(super) fn list(
    tenant: &Tenant,
    params: &ListParams,
    head: u64,
) -> Result<DeadLetterList, Problem> {
    let mut known = Known::read(tenant, head)?;
    let mut page: Vec<u64> = known
        .letters
        .iter()
        .rev()
        .copied()
        .filter(|position| *position < params.cursor)
        .filter(|position| match params.status {
            "open" => !known.resolutions.contains_key(position),
            "resolved" => known.resolutions.contains_key(position),
            _ => true,
        })
        .take(params.limit + 1)
        .collect();
    let wanted = page.len();
    page.truncate(params.limit);
    let (mut items, mut bytes) = (Vec::new(), 0);
    for position in page {
        let (header, letter) = found(tenant, position)?;
        bytes += letter
            .personal
            .as_ref()
            .map_or(0, |personal| personal.raw.0.len());
        items.push(item(&header, letter, known.resolutions.remove(&position)));
        if bytes >= PAGE_BYTES_MAX {
            break;
        }
    }
    let next_cursor = items.last().map(|last| last.position);
    let next_cursor = next_cursor.filter(|_| items.len() < wanted);
    Ok(DeadLetterList { items, next_cursor })
}

/// All letters of a ledger without what came in, which may be a MiB of each.
#[derive(Default)]
struct Known {
    /// Positions, ascending.
    letters: Vec<u64>,
    /// By the letter's position.
    resolutions: BTreeMap<u64, Resolution>,
}

impl Known {
    fn read(tenant: &Tenant, head: u64) -> Result<Self, Problem> {
        let mut known = Self::default();
        tenant.customer_records(CustomerId::NIL, head, &mut |record| match record.data {
            Data::DeadLetter(_) => known.letters.push(record.header.position),
            Data::DeadLetterResolved(resolved) => {
                if let Some(resolution) = resolution(&record.header, &resolved) {
                    let letter = resolved.facts.position;
                    known.resolutions.entry(letter).or_insert(resolution);
                }
            }
            _ => {}
        })?;
        Ok(known)
    }
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

/// Of a letter of the node, the tenant that it names: by itself, a batch by its first event, else
/// by the stream's subject.
pub(super) fn named_tenant(letter: &DeadLetter) -> Option<String> {
    if !letter.facts.is_of_node() {
        return None;
    }
    let raw = letter.personal.as_ref().map(|personal| &personal.raw.0);
    let text = raw.and_then(|raw| std::str::from_utf8(raw).ok());
    let event = text.and_then(first_event);
    let envelope = event.and_then(|event| Envelope::parse(event).ok());
    let said = envelope.and_then(|envelope| envelope.tenant.map(|tenant| tenant.to_string()));
    said.or_else(|| letter.facts.origin.split('.').nth(2).map(str::to_owned))
}

/// The event itself, or of a batch the first one.
fn first_event(text: &str) -> Option<&str> {
    match text.trim_start().starts_with('[') {
        true => batch::array(text).ok()?.first().copied(),
        false => Some(text),
    }
}

/// The letter at `position`.
pub(super) fn letter(tenant: &Tenant, position: u64) -> Result<DeadLetter, Problem> {
    found(tenant, position).map(|(_, letter)| letter)
}

fn found(tenant: &Tenant, position: u64) -> Result<(Header, DeadLetter), Problem> {
    let record = tenant.record(position)?.ok_or_else(Problem::not_found)?;
    match record.data {
        Data::DeadLetter(letter) => Ok((record.header, *letter)),
        _ => Err(Problem::not_found()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::catalogue::dead_letter::{DeadLetterFacts, DeadLetterPersonal, RawBytes};
    use touchbook_events::catalogue::typed::Extra;
    use touchbook_events::{Code, Text};

    fn letter(reason: &str, raw: &str) -> DeadLetter {
        DeadLetter {
            facts: DeadLetterFacts {
                reason: Code::clipped(reason),
                origin: Code::clipped("touchbook.events.acme.batch"),
            },
            personal: Some(DeadLetterPersonal {
                raw: RawBytes(raw.as_bytes().to_vec()),
                pointer: None,
                detail: Text::clipped(""),
                extra: Extra::default(),
            }),
        }
    }

    #[test]
    fn a_letter_of_the_node_names_a_tenant_by_its_first_event_or_by_its_subject() {
        let of = |tenant: &str| {
            format!(
                r#"{{"specversion":"1.0","id":"1","source":"a","type":"b",{tenant}"data":{{}}}}"#
            )
        };
        let (other, none) = (of(r#""tenantid":"other","#), of(""));
        for (raw, tenant) in [
            (other.clone(), "other"),
            (none.clone(), "acme"),
            (format!(" [{other},{none}]"), "other"),
            (format!("[{none},{other}]"), "acme"),
            ("[]".to_owned(), "acme"),
            ("[{]".to_owned(), "acme"),
        ] {
            let named = named_tenant(&letter("tenant_contradicts_subject", &raw));
            assert_eq!(named.as_deref(), Some(tenant), "{raw}");
        }
        assert_eq!(named_tenant(&letter("unreadable", &other)), None);
    }
}
