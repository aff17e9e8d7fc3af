//! Orders with everything that was said of them, and what each is worth (S1-012, S1-045).

mod row;
mod statistics;

pub use row::{Order, Refund};
pub use statistics::Statistics;

use crate::head::place;
use crate::history::StatusHistory;
use crate::page::Page;
use std::collections::BTreeMap;
use touchbook_events::catalogue::order::{Refunded, Updated};
use touchbook_events::catalogue::typed::Json;
use touchbook_events::money::Currency;
use touchbook_events::text::{Reason, Word};
use touchbook_events::{
    Code, Data, Digest, EntrySource, Header, Money, Policies, Record, Timestamp,
};
use touchbook_projection::Cursor;
use touchbook_projection::{Latest, Projector, Stamp};
use touchbook_timeline::{State, Timeline};

/// The orders of a slice.
///
/// An order of which only a refund is known is none yet: it is not listed, nor is it in
/// `order_count`.
#[derive(Default)]
pub struct Orders {
    entries: State,
    orders: BTreeMap<Digest, Placed>,
}

/// One order as it stands. An older revision that arrives late is in the history, and becomes
/// current nowhere.
#[derive(Default)]
struct Placed {
    /// False while only a refund of it is known.
    is_placed: bool,
    order_id: Option<Box<str>>,
    status: Latest<Word>,
    history: StatusHistory,
    total: Latest<Money>,
    items: Latest<Vec<Json>>,
    payment_method: Latest<Code<100>>,
    shipping_method: Latest<Code<100>>,
    shipping_address: Latest<Json>,
    ordered_at: Latest<Timestamp>,
    updated_at: Latest<Timestamp>,
    refunds: BTreeMap<Digest, Latest<Returned>>,
}

/// Money that went back.
struct Returned {
    refund_id: Option<Box<str>>,
    amount: Money,
    reason: Option<Reason>,
    stamp: Stamp,
}

impl Orders {
    /// Takes the next record of the slice.
    pub fn take(&mut self, record: &Record) {
        let Record { header, data, .. } = record;
        if header.event_type.entry_source() != Some(EntrySource::Order) {
            return;
        }
        Timeline::apply(&mut self.entries, record);
        let order = self.orders.entry(header.subject).or_default();
        match data {
            Data::OrderUpdated(updated) => {
                order.updated(Stamp::changed_at(header, data.changed_at()), updated);
            }
            Data::OrderRefunded(refunded) => order.refunded(header, refunded),
            _ => {}
        }
    }

    /// The newest orders after `cursor`, by `ordered_at`; what counts is read from `policies`.
    pub fn page(
        &self,
        limit: usize,
        cursor: Option<Cursor>,
        policies: &Policies,
    ) -> Page<Order<'_>> {
        let rows = self.placed().filter_map(|(subject, order)| {
            let entry = self.entries.entry(subject)?;
            Some((place(&entry), (entry, order)))
        });
        Page::cut(rows, limit, cursor).map(|(entry, order)| Order::of(&entry, order, policies))
    }

    /// What all orders come to under `policies`.
    pub fn statistics(&self, policies: &Policies) -> Statistics {
        Statistics::of(self.placed().map(|(_, order)| order), policies)
    }

    fn placed(&self) -> impl Iterator<Item = (Digest, &Placed)> {
        let orders = self.orders.iter().filter(|(_, order)| order.is_placed);
        orders.map(|(subject, order)| (*subject, order))
    }
}

impl Placed {
    fn updated(&mut self, stamp: Stamp, updated: &Updated) {
        let facts = &updated.facts;
        self.is_placed = true;
        self.status.set_member(stamp, &facts.status, Clone::clone);
        self.history.take(stamp, &facts.status);
        self.total.set_member(stamp, &facts.total, |total| *total);
        let (payment, shipping) = (&facts.payment_method, &facts.shipping_method);
        self.payment_method.set_member(stamp, payment, Clone::clone);
        self.shipping_method
            .set_member(stamp, shipping, Clone::clone);
        self.ordered_at
            .set_member(stamp, &facts.ordered_at, |moment| moment.at());
        self.updated_at
            .set_member(stamp, &facts.updated_at, |moment| moment.at());
        let Some(personal) = &updated.personal else {
            return;
        };
        if let Some(order_id) = &personal.order_id {
            self.order_id = Some(order_id.as_str().into());
        }
        self.items.set_member(stamp, &personal.items, Clone::clone);
        self.shipping_address
            .set_member(stamp, &personal.shipping_address, Clone::clone);
    }

    /// A refund that is sent again replaces what was said of it, and is told as
    /// [`Refunds`](touchbook_projection::Refunds) tells it.
    fn refunded(&mut self, header: &Header, refunded: &Refunded) {
        let key = header.correlation.unwrap_or(header.event_key);
        let personal = refunded.personal.as_ref();
        let refund_id = personal.and_then(|personal| personal.refund_id.as_deref());
        let stamp = Stamp::of(header);
        let returned = Returned {
            refund_id: refund_id.map(Into::into),
            amount: refunded.facts.amount,
            reason: personal.and_then(|personal| personal.reason.clone()),
            stamp,
        };
        let refund = self.refunds.entry(key).or_default();
        refund.set(stamp, Some(returned));
    }

    fn refunds(&self) -> impl Iterator<Item = &Returned> {
        self.refunds.values().filter_map(Latest::get)
    }

    /// Whether its status is one of those that count as realised (C9).
    fn is_counted(&self, policies: &Policies) -> bool {
        let status = self.status.get();
        status.is_some_and(|status| policies.counted_order_statuses.contains(status))
    }

    /// What it adds to the lifetime value, in millionths by currency: its total less its refunds,
    /// and nothing where it does not count (C9).
    fn worth(&self, policies: &Policies) -> BTreeMap<Currency, i128> {
        let mut worth = BTreeMap::new();
        if !self.is_counted(policies) {
            return worth;
        }
        if let Some(total) = self.total.get() {
            worth.insert(total.currency, total.amount.millionths());
        }
        for refund in self.refunds() {
            *worth.entry(refund.amount.currency).or_default() -= refund.amount.amount.millionths();
        }
        worth
    }

    /// Millionths that went back, by currency.
    fn refunded_sums(&self) -> BTreeMap<Currency, i128> {
        let mut sums = BTreeMap::new();
        for refund in self.refunds() {
            *sums.entry(refund.amount.currency).or_default() += refund.amount.amount.millionths();
        }
        sums
    }
}
