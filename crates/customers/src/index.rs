//! The tenant's lists: recent, by agents' interactions, by status, top, search.

use crate::cursor::Cursor;
use crate::fold::fold;
use crate::haystack::{Haystack, Matched};
use crate::person::Held;
use crate::phone_query;
use crate::ranking::Ranking;
use crate::standings::Standings;
use crate::state::Contribution;
use crate::summary::Status;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use touchbook_events::money::Currency;
use touchbook_events::{CustomerId, Policies, Timestamp};

/// Most rows that a page has, whatever was asked for.
pub const PAGE_MAX: usize = 500;

/// Lists over all customers that are listed at all; derived from their contributions.
#[derive(Debug, Default)]
pub struct Index {
    recent: BTreeSet<Recent>,
    /// Those whom an agent had to do with, by when that was last.
    by_agent: BTreeSet<(Reverse<Timestamp>, CustomerId)>,
    names: Haystack,
    /// Behind a lock, since a reader under other policies has it ranked anew.
    ranking: RwLock<Ranking>,
    /// The same; taken after `ranking` by whoever takes both.
    standings: RwLock<Standings>,
    count: usize,
}

/// Nobody's activity is older than none.
type Recent = (Reverse<Option<Timestamp>>, CustomerId);

/// A page of rows and where the next one begins, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next_cursor: Option<Cursor>,
}

/// A row of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub customer: CustomerId,
    /// What the list is ordered by: in most the last interaction, or activity of an object after it
    /// (C22); none without any.
    pub active_at: Option<Timestamp>,
}

/// A row of the list by lifetime value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    pub customer: CustomerId,
    /// Millionths of `currency`.
    pub value: i128,
    pub currency: Currency,
}

/// A page of the list by lifetime value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopPage {
    /// All rows are ranked in it.
    pub currency: Currency,
    pub page: Page<Top>,
}

/// A cursor ranks in one currency, and the list in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is of no list in {}, which customers are ranked in now; begin without it", .0.as_str())]
pub struct OtherCurrency(pub Currency);

/// A row of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub customer: CustomerId,
    pub matched: Matched,
}

impl Index {
    pub(crate) fn contribute(
        &mut self,
        customer: CustomerId,
        before: Option<&Contribution>,
        after: Option<&Contribution>,
    ) {
        self.count = self.count + usize::from(after.is_some()) - usize::from(before.is_some());
        let was = before.map(|before| before.active_at);
        let is = after.map(|after| after.active_at);
        if was != is {
            if let Some(was) = was {
                self.recent.remove(&(Reverse(was), customer));
            }
            if let Some(is) = is {
                self.recent.insert((Reverse(is), customer));
            }
        }
        let of_agent =
            |contribution: &Contribution| contribution.agent_at.map(|at| (Reverse(at), customer));
        let (was, is) = (before.and_then(of_agent), after.and_then(of_agent));
        if was != is {
            was.map(|was| self.by_agent.remove(&was));
            self.by_agent.extend(is);
        }
        let standings = self.standings.get_mut();
        let standings = standings.unwrap_or_else(PoisonError::into_inner);
        standings.replace(customer, before, after);
        if !same_text(before, after) {
            match after {
                Some(after) => self.names.insert(customer, after),
                None => self.names.remove(customer),
            }
        }
        let totals = |contribution: Option<&Contribution>| contribution.map(|c| c.totals.clone());
        let (was, is) = (totals(before), totals(after));
        if was != is {
            let ranking = self
                .ranking
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            ranking.replace(customer, is.as_ref());
        }
    }

    /// How many customers are listed.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Customers by last activity, newest first, then those without any (S1-028). One that becomes
    /// active while somebody pages moves before the cursor; no other is skipped, and none is
    /// repeated.
    pub fn recent(&self, after: Option<Cursor>, limit: usize) -> Page<Listed> {
        let start = after.map_or(Bound::Unbounded, |cursor| {
            let at = i64::try_from(cursor.key).map(Timestamp::from_micros);
            Bound::Excluded((Reverse(at.ok()), cursor.customer))
        });
        let rows = self.recent.range((start, Bound::Unbounded));
        let rows = rows.map(|&(Reverse(active_at), customer)| Listed {
            customer,
            active_at,
        });
        page(rows, limit, |row| Cursor {
            key: row.active_at.map_or(i128::MIN, |at| at.micros().into()),
            customer: row.customer,
            currency: None,
        })
    }

    /// Customers whom an agent had to do with last from `from` up to and with `to`, newest first,
    /// without looking at others (S0-052).
    pub fn by_agent_interaction(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Page<Listed> {
        let newest = to.map_or(Bound::Unbounded, |to| {
            Bound::Included((Reverse(to), CustomerId::NIL))
        });
        let start = after.map_or(newest, |cursor| {
            let micros = i64::try_from(cursor.key).unwrap_or(i64::MIN);
            Bound::Excluded((Reverse(Timestamp::from_micros(micros)), cursor.customer))
        });
        let rows = self.by_agent.range((start, Bound::Unbounded));
        let rows = rows.map(|&(Reverse(at), customer)| Listed {
            customer,
            active_at: Some(at),
        });
        let rows = rows.take_while(|row| from.is_none_or(|from| row.active_at >= Some(from)));
        page(rows, limit, |row| Cursor {
            key: row.active_at.map_or(i128::MIN, |at| at.micros().into()),
            customer: row.customer,
            currency: None,
        })
    }

    /// Customers with a status at `now`, by when they showed themselves last, newest first, without
    /// looking at others (S1-018, S1-019, S1-020, S1-021). One who shows itself while somebody
    /// pages, or whose status changes, may be missed; no other is skipped, and none is repeated.
    pub fn by_status(
        &self,
        status: Status,
        policies: &Policies,
        now: Timestamp,
        after: Option<Cursor>,
        limit: usize,
    ) -> Page<Listed> {
        let shown = after.map(|cursor| {
            let at = i64::try_from(cursor.key).map(Timestamp::from_micros);
            (Reverse(at.ok()), cursor.customer)
        });
        let standings = self.standings_under(policies);
        let rows = standings.with(status, policies, now, shown);
        let rows = rows.map(|(Reverse(active_at), customer)| Listed {
            customer,
            active_at,
        });
        page(rows, limit, |row| Cursor {
            key: row.active_at.map_or(i128::MIN, |at| at.micros().into()),
            customer: row.customer,
            currency: None,
        })
    }

    /// Who is VIP under `policies`: as it stands, or of everybody anew.
    fn standings_under(&self, policies: &Policies) -> RwLockReadGuard<'_, Standings> {
        let standings = self.standings.read();
        let standings = standings.unwrap_or_else(PoisonError::into_inner);
        if standings.stand_under(policies) {
            return standings;
        }
        drop(standings);
        let ranking = self.ranking.read().unwrap_or_else(PoisonError::into_inner);
        let anew = self.standings.write();
        let mut anew = anew.unwrap_or_else(PoisonError::into_inner);
        anew.place_under(policies, |customer| ranking.totals(customer));
        RwLockWriteGuard::downgrade(anew)
    }

    /// Customers with counted orders by lifetime value in the tenant's base currency, highest first
    /// (S1-029); where nobody has any in it, in the currency in which most customers have some.
    ///
    /// # Errors
    /// When the currency is another one since the page that `after` is of.
    pub fn top(
        &self,
        policies: &Policies,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<TopPage, OtherCurrency> {
        let ranking = self.ranking.read().unwrap_or_else(PoisonError::into_inner);
        if ranking.stands_under(policies) {
            return top(&ranking, policies, after, limit);
        }
        drop(ranking);
        let mut ranking = self.ranking.write().unwrap_or_else(PoisonError::into_inner);
        ranking.rank_under(policies);
        top(&ranking, policies, after, limit)
    }

    /// Customers whose name or company has `query` in it, or an identifier that is `query` or
    /// begins with it; phone numbers in any spelling (S1-024, S1-025, S1-026, S1-027, S1-038). Best
    /// match first, then the oldest customer.
    pub fn search(
        &self,
        query: &str,
        policies: &Policies,
        after: Option<Cursor>,
        limit: usize,
    ) -> Page<Found> {
        let region = policies.default_region.as_deref();
        let digits = phone_query::digits(query, region);
        let folded = fold(query);
        let folded = folded.trim();
        let limit = limit.min(PAGE_MAX);
        let after = after.map(|cursor| (cursor.key, cursor.customer));
        // The smallest keys after the cursor, one more than shown.
        let mut best = BTreeSet::new();
        let mut worst = None;
        self.names
            .search(folded, digits.as_deref(), |customer, matched| {
                let key = (search_key(matched), customer);
                if worst.is_some_and(|worst| key >= worst)
                    || after.is_some_and(|after| key <= after)
                {
                    return;
                }
                best.insert((key, matched));
                if best.len() > limit + 1 {
                    best.pop_last();
                }
                if best.len() > limit {
                    worst = best.last().map(|(key, ..)| *key);
                }
            });
        let rows = best
            .into_iter()
            .map(|((_, customer), matched)| Found { customer, matched });
        page(rows, limit, |row| Cursor {
            key: search_key(row.matched),
            customer: row.customer,
            currency: None,
        })
    }
}

fn search_key(matched: Matched) -> i128 {
    i128::from(matched.how as u8) << 8 | i128::from(matched.field as u8)
}

fn top(
    ranking: &Ranking,
    policies: &Policies,
    after: Option<Cursor>,
    limit: usize,
) -> Result<TopPage, OtherCurrency> {
    let currency = ranking.currency(policies);
    if after.is_some_and(|cursor| cursor.currency != Some(currency)) {
        return Err(OtherCurrency(currency));
    }
    let start = after.map_or(Bound::Unbounded, |cursor| {
        Bound::Excluded((Reverse(cursor.key), cursor.customer))
    });
    let ranks = ranking.ranks(currency).into_iter();
    let rows = ranks
        .flat_map(|ranks| ranks.range((start, Bound::Unbounded)))
        .map(|&(Reverse(value), customer)| Top {
            customer,
            value,
            currency,
        });
    let page = page(rows, limit, |row| Cursor {
        key: row.value,
        customer: row.customer,
        currency: Some(currency),
    });
    Ok(TopPage { currency, page })
}

/// Takes at most `limit` rows, and one more to know whether there is a next page.
fn page<T>(
    mut rows: impl Iterator<Item = T>,
    limit: usize,
    cursor: impl Fn(&T) -> Cursor,
) -> Page<T> {
    let shown: Vec<T> = rows.by_ref().take(limit.min(PAGE_MAX)).collect();
    let next_cursor = rows.next().and_then(|_| shown.last().map(cursor));
    Page {
        rows: shown,
        next_cursor,
    }
}

fn same_text(before: Option<&Contribution>, after: Option<&Contribution>) -> bool {
    before.map(text) == after.map(text)
}

type Texts<'a> = (
    &'a Option<Arc<str>>,
    &'a Option<Arc<str>>,
    &'a Arc<Vec<Held>>,
);

fn text(contribution: &Contribution) -> Texts<'_> {
    let Contribution {
        name,
        company,
        identifiers,
        ..
    } = contribution;
    (name, company, identifiers)
}
