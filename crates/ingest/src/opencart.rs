//! Orders of an OpenCart shop.

use crate::currency::{Sign, total};
use crate::event::Event;
use crate::foreign::{Foreign, RowNumber};
use crate::payload::Payload;
use crate::reference::{Reference, prefixed};
use std::collections::BTreeMap;
use touchbook_events::catalogue::typed::Json;
use touchbook_events::text::{OwnKey, Word};
use touchbook_events::{Code, EventType, Member, Moment, Problem};

const SYSTEM: &str = "opencart";

/// The `customer_id` of orders that were placed without an account; it names nobody.
const GUEST: &str = "0";

/// An order as it stands (S1-049, S1-050, S1-051, S1-052, S1-053, S1-054, S1-055, S1-056, S1-057,
/// S1-058, S1-059, S1-060, S1-061, S1-062, S1-104).
///
/// # Errors
/// With a pointer into the foreign body.
pub(crate) fn order(mut foreign: Foreign<'_>) -> Result<Vec<Event>, Problem> {
    let RowNumber(number) = foreign.required("order_id")?;
    let order_id: OwnKey = prefixed(&foreign, "order_id", SYSTEM, &number)?;
    let mut payload = Payload::default();
    payload.value("order_id", Some(order_id))?;
    payload.value("customer", customer(&mut foreign)?.some())?;
    payload.member("status", foreign.member::<Word>("order_status")?);
    total(&mut foreign, "order_total", Sign::NotNegative, &mut payload)?;
    payload.member(
        "payment_method",
        foreign.member::<Code<100>>("payment_method")?,
    );
    payload.member(
        "shipping_method",
        foreign.member::<Code<100>>("shipping_method")?,
    );
    payload.member("items", foreign.member::<Vec<Json>>("items")?);
    let address = foreign.member::<BTreeMap<String, Json>>("shipping_address")?;
    payload.member("shipping_address", address);
    payload.member("ordered_at", foreign.member::<Moment>("order_date")?);
    let time = foreign.peek("updated_at")?;
    payload.member("updated_at", foreign.member::<Moment>("updated_at")?);
    payload.keep(EventType::OrderUpdated, foreign)?;
    Ok(vec![Event {
        id: None,
        source: SYSTEM.to_owned(),
        event_type: EventType::OrderUpdated,
        subject: None,
        time,
        data: payload.finish()?,
    }])
}

fn customer(foreign: &mut Foreign<'_>) -> Result<Reference, Problem> {
    let mut customer = Reference::take(foreign)?;
    let Member::Value(raw) = foreign.member::<RowNumber>("customer_id")? else {
        return Ok(customer);
    };
    let digits = raw.get().trim_matches('"');
    match digits == GUEST {
        true => foreign.put_back("customer_id", raw),
        false => customer.external_id = Some(prefixed(foreign, "customer_id", SYSTEM, digits)?),
    }
    Ok(customer)
}
