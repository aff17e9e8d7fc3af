//! What a customer's orders come to.

use super::Placed;
use serde::Serialize;
use std::collections::BTreeMap;
use touchbook_customers::Amount;
use touchbook_events::Policies;
use touchbook_events::money::Currency;

/// Counts and sums over all orders, whatever page of them is shown (S1-012).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Of any status.
    pub order_count: u64,
    /// With a status that counts as realised (C9).
    pub counted_order_count: u64,
    /// Totals of the counted orders when placed, by currency.
    pub spent: Vec<Amount>,
    /// What went back of them.
    pub refunded: Vec<Amount>,
    /// The one less the other (S1-013).
    pub ltv: Vec<Amount>,
}

impl Statistics {
    pub(super) fn of<'a>(orders: impl Iterator<Item = &'a Placed>, policies: &Policies) -> Self {
        let mut statistics = Self::default();
        let (mut spent, mut refunded) = (BTreeMap::new(), BTreeMap::new());
        let mut ltv = BTreeMap::new();
        for order in orders {
            statistics.order_count += 1;
            if !order.is_counted(policies) {
                continue;
            }
            statistics.counted_order_count += 1;
            let total = order.total.get();
            add(
                &mut spent,
                total.map(|total| (total.currency, total.amount.millionths())),
            );
            add(&mut refunded, order.refunded_sums());
            add(&mut ltv, order.worth(policies));
        }
        Self {
            spent: amounts(spent),
            refunded: amounts(refunded),
            ltv: amounts(ltv),
            ..statistics
        }
    }
}

fn add(sums: &mut BTreeMap<Currency, i128>, of: impl IntoIterator<Item = (Currency, i128)>) {
    for (currency, millionths) in of {
        *sums.entry(currency).or_default() += millionths;
    }
}

pub(super) fn amounts(sums: BTreeMap<Currency, i128>) -> Vec<Amount> {
    let sums = sums.into_iter();
    sums.map(|(currency, amount)| Amount { currency, amount })
        .collect()
}
