//! How often a customer and we are in touch (S1-033).

use crate::state::State;
use chrono::{Datelike, Days, NaiveDate, NaiveTime, Offset, TimeZone};
use serde::Serialize;
use touchbook_events::money::Decimal;
use touchbook_events::{Moment, Policies, Timestamp};

/// How many weeks are looked back on, the present one included.
pub const WEEKS: usize = 12;

/// Interactions, which are entries of the timeline, week by week in the tenant's zone (C12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frequency {
    /// The last [`WEEKS`] calendar weeks, Monday to Sunday, oldest first; in the last, it is now.
    pub weeks: Vec<Week>,
    /// Their mean, with at most two decimals.
    pub interactions_per_week: Decimal,
    /// From one interaction to the next, of all until now; none with fewer than two.
    pub mean_gap_seconds: Option<u64>,
}

/// A calendar week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Week {
    /// Its Monday.
    pub begins_on: NaiveDate,
    pub interaction_count: u64,
}

pub(crate) fn frequency(state: &State, policies: &Policies, now: Timestamp) -> Frequency {
    let mondays = mondays(policies, now);
    let begins: Vec<Timestamp> = mondays.iter().map(|day| begin_of(*day, policies)).collect();
    let mut weeks: Vec<Week> = mondays
        .into_iter()
        .map(|begins_on| Week {
            begins_on,
            interaction_count: 0,
        })
        .collect();
    for at in until(state, now) {
        let week = begins.partition_point(|begin| *begin <= at).checked_sub(1);
        if let Some(week) = week.and_then(|week| weeks.get_mut(week)) {
            week.interaction_count += 1;
        }
    }
    let count = weeks.iter().map(|week| week.interaction_count).sum();
    Frequency {
        interactions_per_week: rounded(count, weeks.len() as u64, 2),
        weeks,
        mean_gap_seconds: mean_gap_seconds(state, now),
    }
}

/// Positions of the interactions in these weeks.
pub(crate) fn positions(state: &State, policies: &Policies, now: Timestamp) -> Vec<u64> {
    let first = mondays(policies, now).first().copied();
    let Some(begin) = first.map(|day| begin_of(day, policies)) else {
        return Vec::new();
    };
    let entries = state.entries.iter().map(|entry| entry.place());
    let entries = entries.filter(|place| (begin..=now).contains(&place.occurred_at));
    entries.map(|place| place.position.into()).collect()
}

/// `count` / `of`, rounded half up to at most so many decimals; 0 of nothing.
pub(crate) fn rounded(count: u64, of: u64, decimals: u8) -> Decimal {
    let power = 10_u128.pow(decimals.into());
    let of = u128::from(of.max(1));
    let units = (2 * u128::from(count) * power + of) / (2 * of);
    let mut rounded = Decimal {
        units: i64::try_from(units).unwrap_or(i64::MAX),
        scale: decimals,
        numeric: true,
    };
    while rounded.scale > 0 && rounded.units % 10 == 0 {
        rounded.units /= 10;
        rounded.scale -= 1;
    }
    rounded
}

fn until(state: &State, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let times = state.entries.iter().map(|entry| entry.place().occurred_at);
    times.filter(move |at| *at <= now)
}

fn mean_gap_seconds(state: &State, now: Timestamp) -> Option<u64> {
    let count = until(state, now).count() as u64;
    let gaps = count.checked_sub(1).filter(|gaps| *gaps > 0)?;
    let (first, last) = (until(state, now).min()?, until(state, now).max()?);
    let seconds = u64::try_from(last.seconds_since(first)).ok()?;
    Some(seconds / gaps)
}

/// The Mondays of these weeks in the tenant's zone, oldest first.
fn mondays(policies: &Policies, now: Timestamp) -> Vec<NaiveDate> {
    let utc = now.to_utc().naive_utc();
    let offset = policies.zone.offset_from_utc_datetime(&utc).fix();
    let today = utc.checked_add_offset(offset).unwrap_or(utc).date();
    let days = u64::from(today.weekday().num_days_from_monday());
    let monday = |weeks: usize| today.checked_sub_days(Days::new(days + 7 * weeks as u64));
    (0..WEEKS).rev().filter_map(monday).collect()
}

fn begin_of(day: NaiveDate, policies: &Policies) -> Timestamp {
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    Moment::Local(midnight.into()).in_zone(policies.zone)
}
