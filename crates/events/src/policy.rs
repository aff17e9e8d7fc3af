//! Policies as a plain value: what decides and what is read, never what is folded (design law 11).

use crate::customer_ref::Identifier;
use crate::money::Currency;
use crate::text::{Code, Text};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// A tenant's policies as they stand at one position; the defaults are those of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Policies {
    /// How zone-less times are read and local days are cut (C12).
    pub zone: Tz,
    /// ISO 3166 code that phone numbers without `+` belong to.
    pub default_region: Option<Code<2>>,
    /// The one currency in which customers are ranked (C9).
    pub base_currency: Option<Currency>,
    /// Order statuses that count as realised (C9).
    pub counted_order_statuses: BTreeSet<Code<50>>,
    /// Identifiers that never resolve to a customer.
    pub blocked_identifiers: BTreeSet<Identifier>,
    /// Our own e-mail addresses and phone numbers, which are never a customer.
    pub own_addresses: BTreeSet<Text<320>>,
}

/// OpenCart's stock statuses that count as realised (C9).
const COUNTED_ORDER_STATUSES: [&str; 5] = [
    "Processing",
    "Processed",
    "Shipped",
    "Complete",
    "Canceled Reversal",
];

impl Default for Policies {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            default_region: None,
            base_currency: None,
            counted_order_statuses: COUNTED_ORDER_STATUSES
                .iter()
                .filter_map(|status| Code::new(*status).ok())
                .collect(),
            blocked_identifiers: BTreeSet::new(),
            own_addresses: BTreeSet::new(),
        }
    }
}
