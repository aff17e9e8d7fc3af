//! Minutes as answers show them.

use touchbook_events::money::Decimal;

/// A number with at most two decimals.
pub(crate) fn of_hundredths(hundredths: u64) -> Decimal {
    let mut minutes = Decimal {
        units: hundredths.try_into().unwrap_or(i64::MAX),
        scale: 2,
        numeric: true,
    };
    while minutes.scale > 0 && minutes.units % 10 == 0 {
        minutes.units /= 10;
        minutes.scale -= 1;
    }
    minutes
}

/// Of a sum of seconds, rounded half up (C3).
pub(crate) fn of_seconds(seconds: u64) -> Decimal {
    let hundredths = (u128::from(seconds) * 100 + 30) / 60;
    of_hundredths(u64::try_from(hundredths).unwrap_or(u64::MAX))
}
