//! Headers in the forms that payloads have.

use mail_parser::{Addr, DateTime, HeaderValue};
use touchbook_events::text::{Address, Name};
use touchbook_events::{Moment, Text, Timestamp};

/// References that are kept of one message: its nearest ancestors.
const REFERENCES_MAX: usize = 100;
/// Addresses that are kept of one header.
const ADDRESSES_MAX: usize = 200;

/// Somebody in a header.
pub(super) struct Correspondent {
    pub(super) address: Address,
    pub(super) name: Option<Name>,
}

/// Everybody in a header who has an address, groups included.
pub(super) fn address_list(header: Option<&mail_parser::Address<'_>>) -> Vec<Correspondent> {
    let everybody = header.into_iter().flat_map(mail_parser::Address::iter);
    everybody
        .filter_map(correspondent)
        .take(ADDRESSES_MAX)
        .collect()
}

fn correspondent(one: &Addr<'_>) -> Option<Correspondent> {
    let address = one
        .address()
        .map(str::trim)
        .filter(|address| !address.is_empty())?;
    let name = one.name().map(str::trim).filter(|name| !name.is_empty());
    Some(Correspondent {
        address: Address::new(address).ok()?,
        name: name.map(Name::clipped),
    })
}

/// Message ids in a header, the last ones where there are too many.
pub(super) fn ids(header: &HeaderValue<'_>) -> Vec<Text<1000>> {
    let texts: Vec<&str> = match header {
        HeaderValue::Text(text) => vec![text],
        HeaderValue::TextList(texts) => texts.iter().map(|text| &**text).collect(),
        _ => Vec::new(),
    };
    let from = texts.len().saturating_sub(REFERENCES_MAX);
    texts[from..]
        .iter()
        .filter_map(|text| bracketed(text))
        .collect()
}

/// A message id in its brackets, which the parser takes off; `None` where it is blank or too long.
pub(super) fn bracketed(id: &str) -> Option<Text<1000>> {
    let id = id.trim();
    match id.is_empty() {
        true => None,
        false => Text::new(format!("<{id}>")).ok(),
    }
}

/// When it was written; `None` for what no calendar has, and for years that no event may claim.
pub(super) fn date(date: &DateTime) -> Option<String> {
    let text = date.to_rfc3339();
    let moment = Moment::parse(&text).ok()?;
    (moment.at() >= Timestamp::EARLIEST).then_some(text)
}
