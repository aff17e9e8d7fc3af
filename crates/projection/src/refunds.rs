//! Refunds of an order, each counted once however often it is sent (C9).

use crate::latest::{Latest, Stamp};
use serde::{Deserialize, Serialize};
use touchbook_events::money::Currency;
use touchbook_events::{Digest, Header, Money};

/// The refunds of one order, in the order of their keys.
///
/// A refund is told by its record's correlation, a digest of the order and the `refund_id`, else by
/// its event: both stand in the header, so erasing what was sent changes no sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunds(Vec<(Digest, Latest<Money>)>);

impl Refunds {
    /// Takes what was given back, in place of what was said of the same refund before.
    pub fn take(&mut self, header: &Header, amount: Money) {
        let key = header.correlation.unwrap_or(header.event_key);
        let at = match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (key, Latest::default()));
                at
            }
        };
        self.0[at].1.set(Stamp::of(header), Some(amount));
    }

    /// Each refund as it stands: currency and millionths.
    pub fn amounts(&self) -> impl Iterator<Item = (Currency, i128)> {
        let amounts = self.0.iter().filter_map(|(_, latest)| latest.copied());
        amounts.map(|money| (money.currency, money.amount.millionths()))
    }

    /// Millionths by currency, in the order of currencies.
    pub fn sums(&self) -> Vec<(Currency, i128)> {
        let mut sums: Vec<(Currency, i128)> = Vec::new();
        for (currency, millionths) in self.amounts() {
            match sums.binary_search_by_key(&currency, |(currency, _)| *currency) {
                Ok(at) => sums[at].1 += millionths,
                Err(at) => sums.insert(at, (currency, millionths)),
            }
        }
        sums
    }
}
