//! Customers who need attention, most urgent first (S1-030, S1-041).
//!
//! Each rule's set is in the order of its urgency, whatever the weight and the instant are: its
//! oldest is its most urgent. So the list is a merge of the sets, and a customer is shown where its
//! most urgent reason stands. A page costs what it looks at, however many customers and events
//! there are.

use crate::cursor::Cursor;
use crate::index::{Declining, Index, Since};
use crate::reasons::{Reason, Rule};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::btree_set::Range;
use std::iter::Peekable;
use std::ops::Bound;
use touchbook_events::policy::AttentionRule;
use touchbook_events::{CustomerId, Policies, Timestamp};

/// Most rows that a page has, whatever was asked for.
pub const PAGE_MAX: usize = 500;

/// Most places of the list that a page looks at: less urgent reasons of customers who were shown,
/// and customers who are not to be shown, are passed over.
pub const EXAMINED_MAX: usize = 2_000;

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attention {
    pub customer_id: CustomerId,
    /// Of the most urgent reason.
    pub score: u64,
    /// Most urgent first.
    pub reasons: Vec<Reason>,
}

/// A page of the list and where the next one begins, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionPage {
    /// As of when the ages are.
    pub now: Timestamp,
    /// There may be fewer than asked for, or none, and yet a next page: see [`EXAMINED_MAX`].
    pub rows: Vec<Attention>,
    pub next_cursor: Option<Cursor>,
}

impl Index {
    /// Customers by their most urgent reason (weight × age) at `now`, ties by customer, of whom
    /// `is_shown` says so; whoever asks leaves out blocked ones with it.
    ///
    /// A page after the first is as of its cursor's instant. One who needs attention the more while
    /// somebody pages moves before the cursor, and one whose most urgent reason goes away is shown
    /// again by its next; nobody else is skipped or repeated while the policies stay.
    pub fn attention(
        &self,
        policies: &Policies,
        now: Timestamp,
        limit: usize,
        after: Option<Cursor>,
        is_shown: impl Fn(CustomerId) -> bool,
    ) -> AttentionPage {
        let now = after.map_or(now, |cursor| cursor.now);
        let declining = self.declining(&policies.trend);
        let mut list = self.merged(policies, now, after, &declining);
        let limit = limit.min(PAGE_MAX);
        let mut page = AttentionPage {
            now,
            rows: Vec::with_capacity(limit),
            next_cursor: None,
        };
        if limit == 0 {
            return page;
        }
        let mut seen = after;
        for _ in 0..EXAMINED_MAX {
            let Some(head) = list.next() else {
                return page;
            };
            if self.is_first(&head, policies, now) && is_shown(head.customer) {
                if page.rows.len() == limit {
                    break;
                }
                page.rows.extend(self.row(head.customer, policies, now));
            }
            seen = Some(head.cursor(now));
        }
        page.next_cursor = seen;
        page
    }

    /// Whether the reason at `head` is the most urgent of its customer, of equals the first rule's.
    fn is_first(&self, head: &Head, policies: &Policies, now: Timestamp) -> bool {
        let Some(contribution) = self.contribution(head.customer) else {
            return false;
        };
        let found = Rule::all(policies, now).filter_map(|rule| {
            let since = contribution.since(rule.rule, &policies.trend)?;
            let has_begun = rule.has_begun(since);
            has_begun.then(|| (Reverse(rule.urgency(since, now)), rule.rule))
        });
        found.min() == Some((Reverse(head.urgency), head.rule))
    }

    fn row(&self, customer: CustomerId, policies: &Policies, now: Timestamp) -> Option<Attention> {
        let reasons = self.contribution(customer)?.reasons(policies, now);
        Some(Attention {
            customer_id: customer,
            score: reasons.first()?.score,
            reasons,
        })
    }

    fn merged<'a>(
        &'a self,
        policies: &Policies,
        now: Timestamp,
        after: Option<Cursor>,
        declining: &'a Declining,
    ) -> Merged<'a> {
        let queues = Rule::all(policies, now).filter_map(|rule| {
            let set = self.set(rule.rule, declining)?;
            Some(Queue {
                rest: rest(set, &rule, now, after).peekable(),
                rule,
            })
        });
        Merged {
            now,
            queues: queues.collect(),
        }
    }
}

/// What comes after the cursor's place in a rule's set.
fn rest<'a>(
    set: &'a Since,
    rule: &Rule,
    now: Timestamp,
    after: Option<Cursor>,
) -> Range<'a, (Timestamp, CustomerId)> {
    let start = after.map_or(Bound::Unbounded, |cursor| {
        let weight = u128::from(rule.weight);
        let age = i64::try_from(cursor.urgency / weight).unwrap_or(i64::MAX);
        let since = Timestamp::from_micros(now.micros().saturating_sub(age));
        if cursor.urgency.is_multiple_of(weight) {
            Bound::Excluded((since, cursor.customer))
        } else {
            Bound::Included((since, CustomerId::NIL))
        }
    });
    set.range((start, Bound::Unbounded))
}

/// A rule's customers that are not looked at yet, the oldest first.
struct Queue<'a> {
    rule: Rule,
    rest: Peekable<Range<'a, (Timestamp, CustomerId)>>,
}

impl Queue<'_> {
    /// What stands first and has begun; behind what has not, nothing has.
    fn head(&mut self, now: Timestamp) -> Option<Head> {
        let (since, customer) = **self.rest.peek()?;
        self.rule.has_begun(since).then(|| Head {
            urgency: self.rule.urgency(since, now),
            customer,
            rule: self.rule.rule,
        })
    }
}

/// One reason in the list.
struct Head {
    urgency: u128,
    customer: CustomerId,
    rule: AttentionRule,
}

impl Head {
    fn cursor(&self, now: Timestamp) -> Cursor {
        Cursor {
            now,
            urgency: self.urgency,
            customer: self.customer,
        }
    }
}

/// All rules' reasons, most urgent first, ties by customer and rule.
struct Merged<'a> {
    now: Timestamp,
    queues: Vec<Queue<'a>>,
}

impl Iterator for Merged<'_> {
    type Item = Head;

    fn next(&mut self) -> Option<Head> {
        let now = self.now;
        let heads = self.queues.iter_mut().enumerate();
        let heads = heads.filter_map(|(at, queue)| Some((at, queue.head(now)?)));
        let (at, head) =
            heads.min_by_key(|(_, head)| (Reverse(head.urgency), head.customer, head.rule))?;
        self.queues[at].rest.next();
        Some(head)
    }
}
