//! What holds for any script.

use super::script::{Script, at};
use crate::{Cursor, Filter, State, Timeline};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use touchbook_events::Record;
use touchbook_projection::Projector;

/// SMS of January, by day and second, as records.
fn records(times: &[(u8, u8)]) -> Vec<Record> {
    let mut script = Script::new();
    for (ordinal, (day, second)) in times.iter().enumerate() {
        let time = format!("01-{:02} 00:00:{:02}", 1 + day % 4, second % 3);
        let body = json!({ "body": format!("{ordinal}") });
        script.send(&time, "sms.sent", &format!("sms/jane:{ordinal}"), body);
    }
    script.driver.records().to_vec()
}

fn fold(records: &[Record]) -> State {
    let mut state = State::default();
    records
        .iter()
        .for_each(|record| Timeline::apply(&mut state, record));
    state
}

fn through_text(cursor: Cursor) -> Cursor {
    cursor.to_string().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// S1-006, S2-090: pages one after another are the whole timeline, within any range of time.
    #[test]
    fn pages_together_are_the_timeline(
        times in prop::collection::vec(any::<(u8, u8)>(), 0..30),
        limit in 1_usize..7,
        from in prop::option::of(1_u8..5),
        to in prop::option::of(1_u8..5),
    ) {
        let records = records(&times);
        let state = fold(&records);
        let day = |day: u8| at(&format!("01-{day:02} 00:00:01"));
        let filter = Filter { from: from.map(day), to: to.map(day), ..Filter::default() };
        let mut wanted: Vec<_> = records
            .iter()
            .map(|record| (record.header.time, record.header.position))
            .filter(|(time, _)| filter.from.is_none_or(|from| from <= *time))
            .filter(|(time, _)| filter.to.is_none_or(|to| *time <= to))
            .collect();
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        let (mut shown, mut cursor) = (Vec::new(), None);
        loop {
            let page = state.page(&filter, limit, cursor);
            prop_assert!(page.entries.len() <= limit);
            shown.extend(page.entries.iter().map(|entry| (entry.occurred_at(), entry.position())));
            cursor = page.next_cursor.map(through_text);
            if cursor.is_none() { break }
        }
        prop_assert_eq!(shown, wanted);
    }

    /// S2-090: what arrives while somebody pages is neither a reason to skip nor to repeat.
    #[test]
    fn a_cursor_holds_while_events_arrive(
        times in prop::collection::vec(any::<(u8, u8)>(), 1..30),
        known in any::<prop::sample::Index>(),
        limit in 1_usize..7,
    ) {
        let records = records(&times);
        let known = known.index(records.len());
        let mut state = fold(&records[..known]);
        let mut arriving = records[known..].iter();
        let (mut shown, mut cursor) = (Vec::new(), None);
        loop {
            let page = state.page(&Filter::default(), limit, cursor);
            shown.extend(page.entries.iter().map(|entry| entry.position()));
            cursor = page.next_cursor;
            if cursor.is_none() { break }
            if let Some(record) = arriving.next() {
                Timeline::apply(&mut state, record);
            }
        }
        let distinct: BTreeSet<u64> = shown.iter().copied().collect();
        prop_assert_eq!(distinct.len(), shown.len(), "nothing is repeated");
        prop_assert!((1..=known as u64).all(|position| distinct.contains(&position)));
    }

    /// Law 3: what a snapshot restores is the state that it was made of, to the byte, and goes on
    /// like it, however many chunks there are and whatever order entries came in.
    #[test]
    fn a_state_decodes_to_what_was_encoded(
        times in prop::collection::vec(any::<(u8, u8)>(), 0..100),
        known in any::<prop::sample::Index>(),
        is_in_order in any::<bool>(),
    ) {
        let mut times = times;
        if is_in_order {
            times.sort_unstable_by_key(|(day, second)| (day % 4, second % 3));
        }
        let records = records(&times);
        let known = known.index(records.len() + 1);
        let state = fold(&records[..known]);
        let bytes = postcard::to_stdvec(&state).unwrap();
        let mut restored: State = postcard::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&restored, &state);
        prop_assert_eq!(postcard::to_stdvec(&restored).unwrap(), bytes);
        records[known..].iter().for_each(|record| Timeline::apply(&mut restored, record));
        let whole = postcard::to_stdvec(&fold(&records)).unwrap();
        prop_assert_eq!(postcard::to_stdvec(&restored).unwrap(), whole);
    }

    /// Hostile bytes are refused when read, never later.
    #[test]
    fn a_state_of_any_bytes_is_refused_or_can_be_read(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        entries in prop_oneof![Just(2_u8), 30_u8..70],
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let times: Vec<(u8, u8)> = (0..entries).map(|at| (at, at)).collect();
        let mut mutated = postcard::to_stdvec(&fold(&records(&times))).unwrap();
        for (at, byte) in flips {
            let at = at.index(mutated.len());
            mutated[at] = byte;
        }
        for bytes in [bytes, mutated] {
            if let Ok(state) = postcard::from_bytes::<State>(&bytes) {
                let page = state.page(&Filter::default(), 10, None);
                prop_assert!(serde_json::to_string(&page.entries).is_ok());
            }
        }
    }
}
