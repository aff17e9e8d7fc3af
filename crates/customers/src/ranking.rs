//! Customers by lifetime value, per currency: money is never converted (C9).

use crate::orders::{OrderStatus, Totals};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use touchbook_events::money::Currency;
use touchbook_events::{CustomerId, Policies};

/// Orders every customer with counted orders in every currency it has them in.
///
/// What counts is a policy, and policies act when reading: the order stands under the statuses that
/// were asked for last, and is made anew when a reader brings others.
#[derive(Debug)]
pub(crate) struct Ranking {
    totals: HashMap<CustomerId, Arc<Totals>>,
    counted: BTreeSet<OrderStatus>,
    by_currency: BTreeMap<Currency, BTreeSet<Rank>>,
}

/// Under the default policies, which most tenants keep.
impl Default for Ranking {
    fn default() -> Self {
        Self {
            totals: HashMap::new(),
            counted: Policies::default().counted_order_statuses,
            by_currency: BTreeMap::new(),
        }
    }
}

/// Value in millionths, highest first; ties by customer.
pub(crate) type Rank = (Reverse<i128>, CustomerId);

impl Ranking {
    pub(crate) fn replace(&mut self, customer: CustomerId, totals: Option<&Arc<Totals>>) {
        let before = match totals {
            Some(totals) => self.totals.insert(customer, Arc::clone(totals)),
            None => self.totals.remove(&customer),
        };
        for (currency, sums) in before
            .iter()
            .flat_map(|before| before.counted(&self.counted))
        {
            if let Some(ranks) = self.by_currency.get_mut(&currency) {
                ranks.remove(&(Reverse(sums.value()), customer));
            }
        }
        if let Some(totals) = totals {
            rank(&mut self.by_currency, customer, totals, &self.counted);
        }
    }

    pub(crate) fn stands_under(&self, policies: &Policies) -> bool {
        self.counted == policies.counted_order_statuses
    }

    pub(crate) fn rank_under(&mut self, policies: &Policies) {
        self.counted.clone_from(&policies.counted_order_statuses);
        self.by_currency.clear();
        for (customer, totals) in &self.totals {
            rank(&mut self.by_currency, *customer, totals, &self.counted);
        }
    }

    /// The tenant's base currency. Where nobody has counted orders in it: the currency in which
    /// most customers have some, of equals the first by code. Amounts in two currencies can't be
    /// compared, heads can.
    pub(crate) fn currency(&self, policies: &Policies) -> Currency {
        let heads = |currency| self.by_currency.get(currency).map_or(0, BTreeSet::len);
        let base = policies.base_currency;
        if heads(&base) > 0 {
            return base;
        }
        let most = self
            .by_currency
            .keys()
            .rev()
            .max_by_key(|currency| heads(currency));
        most.copied().unwrap_or(base)
    }

    pub(crate) fn totals(&self, customer: CustomerId) -> Option<&Totals> {
        self.totals.get(&customer).map(Arc::as_ref)
    }

    pub(crate) fn ranks(&self, currency: Currency) -> Option<&BTreeSet<Rank>> {
        self.by_currency.get(&currency)
    }
}

fn rank(
    by_currency: &mut BTreeMap<Currency, BTreeSet<Rank>>,
    customer: CustomerId,
    totals: &Totals,
    counted: &BTreeSet<OrderStatus>,
) {
    for (currency, sums) in totals.counted(counted) {
        by_currency
            .entry(currency)
            .or_default()
            .insert((Reverse(sums.value()), customer));
    }
}
