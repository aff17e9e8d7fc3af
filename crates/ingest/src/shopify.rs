//! Shopify's webhooks `orders/create` and `orders/updated`.

use crate::currency::{Sign, total};
use crate::event::Event;
use crate::foreign::{Foreign, RowNumber};
use crate::payload::Payload;
use crate::reference::{Reference, peek_email, prefixed};
use std::collections::BTreeMap;
use touchbook_events::catalogue::typed::Json;
use touchbook_events::text::{Name, OwnKey, Word};
use touchbook_events::{EventType, Moment, Problem};

const SYSTEM: &str = "shopify";

/// The topics whose bodies [`order`] reads (`X-Shopify-Topic`).
pub const TOPICS: [&str; 2] = ["orders/create", "orders/updated"];

/// What becomes of the money; it says more of an order than where its goods are.
const MONEY_BACK: [&str; 3] = ["partially_refunded", "refunded", "voided"];

/// Reads an order; `delivery_id`, 1 to 500 characters, is `X-Shopify-Webhook-Id`.
///
/// Its status is `cancelled`, else the financial status where money went back, else the fulfilment
/// status, else the financial one; both are kept under their own names too.
///
/// # Errors
/// With a pointer into `body`.
pub fn order(body: &str, delivery_id: Option<&str>) -> Result<Event, Problem> {
    let mut foreign = Foreign::parse(body)?;
    let RowNumber(number) = foreign.required("id")?;
    let order_id: OwnKey = prefixed(&foreign, "id", SYSTEM, &number)?;
    let mut payload = Payload::default();
    payload.value("order_id", Some(order_id))?;
    payload.value("customer", customer(&foreign)?.some())?;
    status(&foreign, &mut payload)?;
    total(&mut foreign, "total_price", Sign::NotNegative, &mut payload)?;
    payload.member("items", foreign.member::<Vec<Json>>("line_items")?);
    let address = foreign.member::<BTreeMap<String, Json>>("shipping_address")?;
    payload.member("shipping_address", address);
    payload.member("ordered_at", foreign.member::<Moment>("created_at")?);
    let time = foreign.peek("updated_at")?;
    payload.member("updated_at", foreign.member::<Moment>("updated_at")?);
    payload.keep(EventType::OrderUpdated, foreign)?;
    Ok(Event {
        id: delivery_id.map(str::to_owned),
        source: SYSTEM.to_owned(),
        event_type: EventType::OrderUpdated,
        subject: None,
        time,
        data: payload.finish()?,
    })
}

fn status(foreign: &Foreign<'_>, payload: &mut Payload) -> Result<(), Problem> {
    let financial: Option<Word> = foreign.peek("financial_status")?;
    let fulfilment: Option<Word> = foreign.peek("fulfillment_status")?;
    let cancelled: Option<Moment> = foreign.peek("cancelled_at")?;
    let is_back = |status: &Word| MONEY_BACK.contains(&status.as_str());
    let status = match (cancelled, financial, fulfilment) {
        (Some(_), ..) => Some("cancelled".to_owned()),
        (None, Some(financial), _) if is_back(&financial) => Some(financial.to_string()),
        (None, _, Some(fulfilment)) => Some(fulfilment.to_string()),
        (None, Some(financial), None) => Some(financial.to_string()),
        (None, None, None) => None,
    };
    payload.value("status", status)
}

/// The shop's customer; what that leaves out, the order may say.
fn customer(foreign: &Foreign<'_>) -> Result<Reference, Problem> {
    let mut customer = Reference {
        email: peek_email(foreign, "email")?,
        phone: foreign.peek("phone")?,
        ..Reference::default()
    };
    let Some(account) = foreign.peek_object("customer")? else {
        return Ok(customer);
    };
    if let Some(RowNumber(number)) = account.peek("id")? {
        customer.external_id = Some(prefixed(&account, "id", SYSTEM, &number)?);
    }
    let address = peek_email(&account, "email")?;
    customer.email = address.or(customer.email);
    let phone = account.peek("phone")?;
    customer.phone = phone.or(customer.phone);
    customer.name = name(&account)?;
    Ok(customer)
}

fn name(account: &Foreign<'_>) -> Result<Option<Name>, Problem> {
    let first: Option<String> = account.peek("first_name")?;
    let last: Option<String> = account.peek("last_name")?;
    let parts = [first, last].into_iter().flatten();
    let parts: Vec<String> = parts.filter(|part| !part.trim().is_empty()).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let name = Name::new(parts.join(" "));
    name.map(Some)
        .map_err(|error| account.invalid("last_name", error.to_string()))
}
