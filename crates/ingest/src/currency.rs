//! Amounts whose currency stands beside them.

use crate::foreign::{Foreign, typed};
use crate::payload::Payload;
use serde::Serialize;
use serde_json::value::RawValue;
use touchbook_events::money::{Currency, Decimal};
use touchbook_events::{Member, Problem};

const CURRENCY: &str = "currency";

/// An amount in its own digits (C21).
#[derive(Serialize)]
struct Money<'a> {
    amount: &'a RawValue,
    currency: Currency,
}

/// Whether an amount may be below 0.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Sign {
    Any,
    NotNegative,
}

/// Puts the amount `name` and its `currency` into `payload` as `total`.
///
/// # Errors
/// When either is none, or the amount is there and its currency is not: none is made up.
pub(crate) fn total<'a>(
    foreign: &mut Foreign<'a>,
    name: &str,
    sign: Sign,
    payload: &mut Payload,
) -> Result<(), Problem> {
    let amount = foreign.member::<Decimal>(name)?;
    let Member::Value(amount) = amount else {
        payload.member("total", amount);
        // Without an amount it is a member like any other that has no place of its own.
        return foreign.peek::<Currency>(CURRENCY).map(|_| ());
    };
    let decimal: Decimal = typed(amount, &foreign.pointer(name))?;
    if sign == Sign::NotNegative && decimal.units < 0 {
        return Err(foreign.invalid(name, "must not be negative"));
    }
    let Some(currency) = foreign.optional::<Currency>(CURRENCY)? else {
        let detail = format!("missing; `{name}` is an amount of it");
        return Err(foreign.invalid(CURRENCY, detail));
    };
    payload.value("total", Some(Money { amount, currency }))
}
