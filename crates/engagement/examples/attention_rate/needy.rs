//! Customers who need attention, most of them for several reasons.

use crate::mix;
use touchbook_engagement::{Engagement, State};
use touchbook_events::incoming::Entrance;
use touchbook_events::{Digest, Header, Incoming, Principal, Record, TenantKey, Timestamp};
use touchbook_projection::Projector;

/// After everything that happened.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_760_000_000_000_000);
const YEAR_SECONDS: u64 = 365 * 24 * 60 * 60;
const SCORES: usize = 10;

/// One record of each kind, to be dated and given to customers.
pub(crate) struct Needy {
    email: Record,
    complaint: Record,
    social: Record,
    scored: Vec<Record>,
}

impl Needy {
    pub(crate) fn new(key: &TenantKey) -> Self {
        let header_of = mix::stored(key, 1);
        let header = Header::peek(&header_of).unwrap_or_else(|error| panic!("{error}"));
        let make = |kind: &str, data: &str| record(key, &header, kind, data);
        let scored = (0..SCORES).map(|at| {
            let score = touchbook_events::Score::from_millionths(400_000 - 100_000 * at as i64);
            make("sentiment.scored", &format!(r#"{{"score":{score}}}"#))
        });
        Self {
            email: make("email.received", r#"{"category":"complaint"}"#),
            complaint: make("interaction.logged", r#"{"type":"complaint"}"#),
            social: make(
                "social.received",
                r#"{"platform":"x","requires_response":true}"#,
            ),
            scored: scored.collect(),
        }
    }

    /// Ten e-mails with scores; of every second customer they fall, of
    /// every fifth something else is open. None is answered, so all are there for several reasons.
    pub(crate) fn state(&self, number: u64) -> State {
        let mut state = State::default();
        let mut position = number * 100;
        let mut apply = |record: &Record, seconds: u64, object: u64| {
            position += 1;
            Engagement::apply(
                &mut state,
                &dated(record, position, number, seconds, object),
            );
        };
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let begun = random % YEAR_SECONDS;
        for at in 0..SCORES as u64 {
            apply(&self.email, begun + at * 3600, at);
            let fall = if number.is_multiple_of(2) { at } else { 9 - at };
            apply(&self.scored[fall as usize], begun + at * 3600, at);
        }
        if number.is_multiple_of(5) {
            apply(&self.complaint, begun / 2, 20);
            apply(&self.social, begun / 3, 21);
        }
        state
    }
}

fn dated(record: &Record, position: u64, customer: u64, seconds: u64, object: u64) -> Record {
    let mut record = record.clone();
    record.header.position = position;
    let micros = (1_728_000_000 + seconds) * 1_000_000;
    record.header.time = Timestamp::from_micros(micros.cast_signed());
    let subject = u128::from(customer * 100 + object + 1);
    let subject = subject.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    record.header.subject = Digest(subject.to_be_bytes());
    record
}

fn record(key: &TenantKey, header: &Header, kind: &str, data: &str) -> Record {
    let json = format!(
        r#"{{"specversion":"1.0","id":"1","source":"/needy","type":"{kind}","subject":"{kind}/1","data":{data}}}"#
    );
    let incoming = Incoming::read(&json, Entrance::Service, &Principal::touchbook(), key)
        .unwrap_or_else(|problem| panic!("{json}: {problem:?}"));
    let header = Header {
        event_type: incoming.data.event_type(),
        ..header.clone()
    };
    Record {
        header,
        data: incoming.data,
        sent: None,
    }
}
