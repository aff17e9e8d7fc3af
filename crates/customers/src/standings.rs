//! Customers by status: one that somebody set, else one that follows from policies and the present.

use crate::orders::{OrderStatus, Totals};
use crate::state::Contribution;
use crate::summary::{Status, active_since};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use touchbook_events::money::Currency;
use touchbook_events::{CustomerId, Policies, Timestamp};

/// The status of every listed customer as far as the present has no part in it, each set in the
/// order of the list: so a page looks at the rows that it shows, and at no others.
///
/// Who is VIP is a matter of policy, and policies act when reading: the sets stand under what was
/// asked for last, and are made anew when a reader brings another.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    vip: Vip,
    sets: BTreeMap<Standing, BTreeSet<Seen>>,
}

/// When a customer showed itself last, newest first.
pub(crate) type Seen = (Reverse<Option<Timestamp>>, CustomerId);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Somebody set it.
    Manual(Status),
    Vip,
    /// Active or inactive, by when it showed itself last.
    ByTime,
}

/// What makes a customer VIP without anybody's word.
#[derive(Debug, Default, PartialEq, Eq)]
struct Vip(Option<Threshold>);

#[derive(Debug, PartialEq, Eq)]
struct Threshold {
    counted: BTreeSet<OrderStatus>,
    currency: Currency,
    millionths: i128,
}

impl Vip {
    fn under(policies: &Policies) -> Self {
        Self(policies.vip_threshold.map(|threshold| Threshold {
            counted: policies.counted_order_statuses.clone(),
            currency: policies.base_currency,
            millionths: threshold.millionths(),
        }))
    }

    fn is_under(&self, policies: &Policies) -> bool {
        match (&self.0, policies.vip_threshold) {
            (None, None) => true,
            (Some(own), Some(threshold)) => {
                own.millionths == threshold.millionths()
                    && own.currency == policies.base_currency
                    && own.counted == policies.counted_order_statuses
            }
            _ => false,
        }
    }

    fn is_met(&self, totals: &Totals) -> bool {
        self.0.as_ref().is_some_and(|threshold| {
            let counted = totals.counted(&threshold.counted);
            let sums = counted.get(&threshold.currency);
            sums.map_or(0, |sums| sums.value()) >= threshold.millionths
        })
    }

    fn standing(&self, manual: Option<Status>, totals: &Totals) -> Standing {
        match manual {
            Some(status) => Standing::Manual(status),
            None if self.is_met(totals) => Standing::Vip,
            None => Standing::ByTime,
        }
    }
}

impl Standings {
    pub(crate) fn replace(
        &mut self,
        customer: CustomerId,
        before: Option<&Contribution>,
        after: Option<&Contribution>,
    ) {
        let moves = |was: &Contribution, is: &Contribution| {
            was.seen_at != is.seen_at
                || was.manual_status != is.manual_status
                || !Arc::ptr_eq(&was.totals, &is.totals)
        };
        if before.zip(after).is_some_and(|(was, is)| !moves(was, is)) {
            return;
        }
        let place = |of: &Contribution| {
            let standing = self.vip.standing(of.manual_status, &of.totals);
            (standing, (Reverse(of.seen_at), customer))
        };
        let (was, is) = (before.map(place), after.map(place));
        if was == is {
            return;
        }
        if let Some((standing, seen)) = was {
            self.sets.entry(standing).or_default().remove(&seen);
        }
        if let Some((standing, seen)) = is {
            self.sets.entry(standing).or_default().insert(seen);
        }
    }

    pub(crate) fn stand_under(&self, policies: &Policies) -> bool {
        self.vip.is_under(policies)
    }

    /// Asks again of everybody whose status nobody set who is VIP.
    pub(crate) fn place_under<'t>(
        &mut self,
        policies: &Policies,
        totals: impl Fn(CustomerId) -> Option<&'t Totals>,
    ) {
        self.vip = Vip::under(policies);
        let computed = [Standing::Vip, Standing::ByTime];
        let computed = computed.map(|standing| self.sets.remove(&standing));
        for seen in computed.into_iter().flatten().flatten() {
            let totals = totals(seen.1);
            let standing = totals.map(|totals| self.vip.standing(None, totals));
            let standing = standing.unwrap_or(Standing::ByTime);
            self.sets.entry(standing).or_default().insert(seen);
        }
    }

    /// Those with a status at `now` after `shown`, in order.
    pub(crate) fn with(
        &self,
        status: Status,
        policies: &Policies,
        now: Timestamp,
        shown: Option<Seen>,
    ) -> impl Iterator<Item = Seen> {
        let after = shown.map_or(Bound::Unbounded, Bound::Excluded);
        let set = self.range(Standing::Manual(status), after);
        let since = active_since(policies, now);
        let is_active = move |(Reverse(seen_at), _): &Seen| *seen_at >= Some(since);
        let first_inactive = Timestamp::from_micros(since.micros().saturating_sub(1));
        let first_inactive = (Reverse(Some(first_inactive)), CustomerId::NIL);
        let (standing, from) = match status {
            Status::Vip => (Some(Standing::Vip), after),
            Status::Blocked => (None, after),
            Status::Active => (Some(Standing::ByTime), after),
            Status::Inactive => {
                let from = shown.filter(|shown| *shown >= first_inactive);
                let from = from.map_or(Bound::Included(first_inactive), Bound::Excluded);
                (Some(Standing::ByTime), from)
            }
        };
        let computed = standing.map(|standing| self.range(standing, from));
        let computed = computed.into_iter().flatten();
        let computed = computed.take_while(move |seen| status != Status::Active || is_active(seen));
        merged(set, computed)
    }

    fn range(&self, standing: Standing, from: Bound<Seen>) -> impl Iterator<Item = Seen> {
        let set = self.sets.get(&standing).into_iter();
        set.flat_map(move |set| set.range((from, Bound::Unbounded)).copied())
    }
}

/// Two lists in order as one; nobody is in both.
fn merged(
    one: impl Iterator<Item = Seen>,
    other: impl Iterator<Item = Seen>,
) -> impl Iterator<Item = Seen> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if second < first => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}
