//! Orders, one by one and as sums per currency and status; which of them count is a matter of
//! policy.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use touchbook_events::catalogue::order::{Refunded, Updated};
use touchbook_events::money::Currency;
use touchbook_events::{Code, Digest, Header, Money};
use touchbook_projection::{ByDigest, Latest, Refunds, Stamp};

/// A shop's own word for an order's status.
pub(crate) type OrderStatus = Code<50>;

/// Every order as it stands, so that syncing one again replaces and never adds (C9).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Orders {
    orders: ByDigest<Order>,
    placed: u64,
    totals: Arc<Totals>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Order {
    /// False while only a refund of it is known.
    placed: bool,
    status: Latest<OrderStatus>,
    total: Latest<Money>,
    refunds: Refunds,
}

/// Sums per currency and status, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals(Vec<Bucket>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    currency: Currency,
    status: Option<OrderStatus>,
    sums: Sums,
}

/// Money in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    pub(crate) orders: u64,
    pub(crate) spent: i128,
    pub(crate) refunded: i128,
}

impl Orders {
    pub(crate) fn updated(&mut self, subject: Digest, stamp: Stamp, updated: &Updated) {
        let facts = &updated.facts;
        let (order, _) = self.orders.get_or_default(subject);
        let totals = Arc::make_mut(&mut self.totals);
        totals.change(order, false);
        if !std::mem::replace(&mut order.placed, true) {
            self.placed += 1;
        }
        order.status.set_member(stamp, &facts.status, Clone::clone);
        order.total.set_member(stamp, &facts.total, |total| *total);
        totals.change(order, true);
    }

    pub(crate) fn refunded(&mut self, header: &Header, refunded: &Refunded) {
        let (order, _) = self.orders.get_or_default(header.subject);
        let totals = Arc::make_mut(&mut self.totals);
        totals.change(order, false);
        order.refunds.take(header, refunded.facts.amount);
        totals.change(order, true);
    }

    /// Orders that were placed, of any status.
    pub(crate) fn placed(&self) -> u64 {
        self.placed
    }

    pub(crate) fn totals(&self) -> &Arc<Totals> {
        &self.totals
    }
}

impl Totals {
    /// Adds what `order` comes to, or takes it away.
    fn change(&mut self, order: &Order, add: bool) {
        let status = order.status.get();
        if let Some(total) = order.total.get() {
            let spent = Sums {
                orders: 1,
                spent: total.amount.millionths(),
                refunded: 0,
            };
            self.change_bucket(total.currency, status, spent, add);
        }
        for (currency, refunded) in order.refunds.amounts() {
            self.change_bucket(
                currency,
                status,
                Sums {
                    refunded,
                    ..Sums::default()
                },
                add,
            );
        }
    }

    fn change_bucket(
        &mut self,
        currency: Currency,
        status: Option<&OrderStatus>,
        by: Sums,
        add: bool,
    ) {
        let key = (currency, status);
        let found = self
            .0
            .binary_search_by(|b| (b.currency, b.status.as_ref()).cmp(&key));
        let at = found.unwrap_or_else(|at| {
            let bucket = Bucket {
                currency,
                status: status.cloned(),
                sums: Sums::default(),
            };
            self.0.insert(at, bucket);
            at
        });
        let sums = &mut self.0[at].sums;
        *sums = if add { sums.plus(by) } else { sums.minus(by) };
        // Equal states must have equal bytes, so an empty bucket leaves no trace.
        if *sums == Sums::default() {
            self.0.remove(at);
        }
    }

    /// Sums per currency over the statuses that count. A refund counts where its order does: of an
    /// order that does not count, nothing is in the sum that it could lower.
    pub(crate) fn counted(&self, statuses: &BTreeSet<OrderStatus>) -> BTreeMap<Currency, Sums> {
        let mut counted = BTreeMap::<Currency, Sums>::new();
        for bucket in &self.0 {
            if bucket
                .status
                .as_ref()
                .is_some_and(|status| statuses.contains(status))
            {
                let sums = counted.entry(bucket.currency).or_default();
                *sums = sums.plus(bucket.sums);
            }
        }
        counted
    }
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            orders: self.orders + other.orders,
            spent: self.spent + other.spent,
            refunded: self.refunded + other.refunded,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            orders: self.orders - other.orders,
            spent: self.spent - other.spent,
            refunded: self.refunded - other.refunded,
        }
    }

    /// Lifetime value (C9).
    pub(crate) fn value(self) -> i128 {
        self.spent - self.refunded
    }
}
