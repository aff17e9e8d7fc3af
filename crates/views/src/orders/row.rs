//! One order as answers show it.

use super::statistics::amounts;
use super::{Placed, Returned};
use crate::head::Head;
use crate::history::StatusChange;
use serde::Serialize;
use touchbook_customers::Amount;
use touchbook_events::catalogue::typed::Json;
use touchbook_events::{Money, Policies, Timestamp};
use touchbook_timeline::Entry;

/// An order as it stands, with its history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    /// The shop's own name for it.
    pub order_id: Option<&'a str>,
    pub status: Option<&'a str>,
    /// What each revision said, by time; the last one is current (S1-045).
    pub status_history: Vec<&'a StatusChange>,
    /// How many older statuses are left out.
    pub status_history_omitted: u64,
    /// As sent.
    pub total: Option<Money>,
    /// As sent.
    pub items: Option<&'a [Json]>,
    pub payment_method: Option<&'a str>,
    pub shipping_method: Option<&'a str>,
    pub shipping_address: Option<&'a Json>,
    pub ordered_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// Oldest first, each once however often it was sent.
    pub refunds: Vec<Refund<'a>>,
    /// Sums of them.
    pub refunded: Vec<Amount>,
    /// Whether its status is in the policy `counted_order_statuses` (C9).
    pub is_counted: bool,
    /// What it adds to the customer's `ltv`; nothing where it is not counted.
    pub ltv: Vec<Amount>,
}

/// Money that went back for an order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Refund<'a> {
    pub refund_id: Option<&'a str>,
    /// As sent.
    pub amount: Money,
    pub reason: Option<&'a str>,
    pub time: Timestamp,
    /// Of the record that said so last.
    pub position: u64,
}

impl<'a> Order<'a> {
    pub(super) fn of(entry: &Entry<'a>, order: &'a Placed, policies: &Policies) -> Self {
        let (status_history, status_history_omitted) = order.history.last();
        let mut refunds: Vec<_> = order.refunds().map(Refund::of).collect();
        refunds.sort_unstable_by_key(|refund| (refund.time, refund.position));
        Self {
            head: Head::of(entry),
            order_id: order.order_id.as_deref(),
            status: order.status.get().map(|status| status.as_str()),
            status_history,
            status_history_omitted,
            total: order.total.copied(),
            items: order.items.get().map(Vec::as_slice),
            payment_method: order.payment_method.get().map(|method| method.as_str()),
            shipping_method: order.shipping_method.get().map(|method| method.as_str()),
            shipping_address: order.shipping_address.get(),
            ordered_at: order.ordered_at.copied(),
            updated_at: order.updated_at.copied(),
            refunds,
            refunded: amounts(order.refunded_sums()),
            is_counted: order.is_counted(policies),
            ltv: amounts(order.worth(policies)),
        }
    }
}

impl<'a> Refund<'a> {
    fn of(returned: &'a Returned) -> Self {
        Self {
            refund_id: returned.refund_id.as_deref(),
            amount: returned.amount,
            reason: returned.reason.as_ref().map(|reason| reason.as_str()),
            time: returned.stamp.time,
            position: returned.stamp.position,
        }
    }
}
