//! Days, weeks and months of the tenant's zone (C12).

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, Offset, TimeZone};
use serde::Serialize;
use touchbook_events::{Moment, Policies, Timestamp};

/// Most periods that one report has.
pub const PERIODS_MAX: usize = 400;

/// By what a report counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    /// Monday to Sunday.
    Week,
    Month,
}

impl Period {
    pub const NAMES: [&'static str; 3] = ["day", "week", "month"];

    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    /// The first day of the period that `day` is in.
    fn begin(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => Some(day),
            Self::Week => {
                let days = day.weekday().num_days_from_monday();
                day.checked_sub_days(Days::new(days.into()))
            }
            Self::Month => day.with_day(1),
        }
    }

    fn next(self, begin: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => begin.checked_add_days(Days::new(1)),
            Self::Week => begin.checked_add_days(Days::new(7)),
            Self::Month => begin.checked_add_months(Months::new(1)),
        }
    }
}

/// The periods between two instants, both of which are within.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub period: Period,
    pub from: Timestamp,
    pub to: Timestamp,
    /// First day and first instant of each, in order.
    begins: Vec<(NaiveDate, Timestamp)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {PERIODS_MAX} periods are reported at once; take longer ones, or a shorter range")]
pub struct TooManyPeriods;

impl Calendar {
    /// Of nothing where `to` is before `from`.
    ///
    /// # Errors
    /// When there are more than [`PERIODS_MAX`].
    pub fn of(
        period: Period,
        from: Timestamp,
        to: Timestamp,
        policies: &Policies,
    ) -> Result<Self, TooManyPeriods> {
        let mut begins = Vec::new();
        let mut begin = period.begin(day_of(from, policies));
        while let Some(day) = begin {
            let at = begin_of(day, policies);
            if at > to || from > to {
                break;
            }
            if begins.len() == PERIODS_MAX {
                return Err(TooManyPeriods);
            }
            begins.push((day, at));
            begin = period.next(day);
        }
        Ok(Self {
            period,
            from,
            to,
            begins,
        })
    }

    /// The first day of the period that an instant of the range is in.
    pub(super) fn begins_on(&self, at: Timestamp) -> Option<NaiveDate> {
        let begun = self.begins.partition_point(|(_, begin)| *begin <= at);
        let (day, _) = self.begins.get(begun.checked_sub(1)?)?;
        Some(*day)
    }
}

/// The tenant's date at an instant.
fn day_of(at: Timestamp, policies: &Policies) -> NaiveDate {
    let utc = at.to_utc().naive_utc();
    let offset = policies.zone.offset_from_utc_datetime(&utc).fix();
    utc.checked_add_offset(offset).unwrap_or(utc).date()
}

fn begin_of(day: NaiveDate, policies: &Policies) -> Timestamp {
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    Moment::Local(midnight.into()).in_zone(policies.zone)
}
