//! Lists over all calls.

use super::script::{Asked, Script, at};
use crate::{Calls, Cursor, Filter, Index, PAGE_MAX};
use serde_json::{Value, json};
use touchbook_events::catalogue::call::Direction;
use touchbook_projection::driver::Named;

/// Own names of the calls that `filter` lets through, newest first.
fn listed(index: &Index, filter: Filter<'_>) -> Vec<String> {
    let page = index.page(&filter, PAGE_MAX, None);
    assert_eq!(page.next_cursor, None);
    let names = page
        .items
        .iter()
        .filter_map(|listed| listed.call.entry_id());
    names.map(|name| name.replace("call/", "")).collect()
}

fn three_calls() -> Script {
    let mut script = Script::new();
    let start = |agent: &str, direction: &str| json!({ "agent_id": agent, "direction": direction });
    let outcome = |outcome: &str| json!({ "outcome": outcome });
    script.send(
        "01-03 10:00:00",
        "call.started",
        "call/jane:1",
        start("alex", "inbound"),
    );
    script.send(
        "01-01 10:00:00",
        "call.started",
        "call/john:1",
        start("alex", "outbound"),
    );
    script.send(
        "01-02 10:00:00",
        "call.started",
        "call/jane:2",
        start("sam", "inbound"),
    );
    script.send(
        "01-04 10:00:00",
        "call.outcome_recorded",
        "call/john:1",
        outcome("voicemail"),
    );
    script.send(
        "01-04 10:00:00",
        "call.outcome_recorded",
        "call/jane:2",
        outcome("resolved"),
    );
    script
}

/// Agent, direction, outcome.
type Words = (
    Option<&'static str>,
    Option<Direction>,
    Option<&'static str>,
);

/// S4-038: all of a tenant's calls, by what is asked for.
#[test]
fn calls_are_listed_by_what_is_said_of_them() {
    let (alex, inbound) = (Some("alex"), Some(Direction::Inbound));
    let cases: [(Words, &[&str]); 7] = [
        ((None, None, None), &["jane:1", "jane:2", "john:1"]),
        ((alex, None, None), &["jane:1", "john:1"]),
        ((None, inbound, None), &["jane:1", "jane:2"]),
        ((None, None, Some("voicemail")), &["john:1"]),
        ((alex, inbound, None), &["jane:1"]),
        ((alex, None, Some("resolved")), &[]),
        ((Some("al"), None, None), &[]),
    ];
    three_calls().project::<Calls>().index(|index| {
        for ((agent_id, direction, outcome), want) in cases {
            let filter = Filter {
                agent_id,
                direction,
                outcome,
                ..Filter::default()
            };
            assert_eq!(listed(index, filter), want, "{filter:?}");
        }
        assert_eq!(index.count(), 3);
    });
}

/// Both ends of a range belong to it.
#[test]
fn calls_are_listed_by_when_they_were() {
    let (first, last) = (Some("01-02"), Some("01-03"));
    let cases: [(Option<&str>, Option<&str>, &[&str]); 5] = [
        (first, None, &["jane:1", "jane:2"]),
        (None, first, &["jane:2", "john:1"]),
        (first, first, &["jane:2"]),
        (first, last, &["jane:1", "jane:2"]),
        (last, first, &[]),
    ];
    let day = |day: &str| at(&format!("{day} 10:00:00"));
    three_calls().project::<Calls>().index(|index| {
        for (from, to, want) in cases {
            let filter = Filter {
                from: from.map(day),
                to: to.map(day),
                ..Filter::default()
            };
            assert_eq!(listed(index, filter), want, "{filter:?}");
            let agent_id = Some("alex");
            let of_agent = listed(index, Filter { agent_id, ..filter });
            let want = want.iter().filter(|name| **name != "jane:2");
            assert!(of_agent.iter().eq(want), "{filter:?}");
        }
    });
}

#[test]
fn a_call_is_listed_under_what_is_said_of_it_now() {
    let mut script = three_calls();
    let corrected = json!({ "agent_id": "sam" });
    script.send("01-05 10:00:00", "call.started", "call/jane:1", corrected);
    let resolved = json!({ "outcome": "resolved" });
    script.send(
        "01-05 10:00:00",
        "call.outcome_recorded",
        "call/john:1",
        resolved,
    );
    script.project::<Calls>().index(|index| {
        let all = Filter::default();
        let by_agent = |agent| {
            listed(
                index,
                Filter {
                    agent_id: Some(agent),
                    ..all
                },
            )
        };
        assert_eq!(
            (by_agent("alex"), by_agent("sam")),
            (
                vec!["john:1".into()],
                vec!["jane:1".into(), "jane:2".into()]
            )
        );
        let by_outcome = |outcome| {
            listed(
                index,
                Filter {
                    outcome: Some(outcome),
                    ..all
                },
            )
        };
        assert_eq!(by_outcome("resolved"), ["jane:2", "john:1"]);
        assert!(by_outcome("voicemail").is_empty());
        assert_eq!(
            listed(index, all),
            ["jane:1", "jane:2", "john:1"],
            "in the same places"
        );
    });
}

/// `http.md` §2: a list has `items` and `next_cursor`, a row says whose it is.
#[test]
fn a_page_is_what_answers_show() {
    three_calls().project::<Calls>().index(|index| {
        let page = serde_json::to_value(index.page(&Filter::default(), 1, None)).unwrap();
        let row = &page["items"][0];
        assert_eq!(row["customer_id"], Named::id("jane").to_string());
        assert_eq!(row["entry_id"], "call/jane:1");
        let cursor: Cursor = page["next_cursor"].as_str().unwrap().parse().unwrap();
        let last = index.page(&Filter::default(), 5, Some(cursor));
        assert_eq!(last.items.len(), 2);
        let last = serde_json::to_value(last).unwrap();
        assert_eq!(last["next_cursor"], Value::Null);
    });
}

#[test]
fn the_calls_of_one_customer_are_a_list_of_their_own() {
    three_calls().jane(|jane| {
        let page = jane.page(&Filter::default(), 1, None);
        assert_eq!(page.items[0].entry_id(), Some("call/jane:1"));
        let rest = jane.page(&Filter::default(), 5, page.next_cursor);
        assert_eq!(rest.items[0].entry_id(), Some("call/jane:2"));
        let names: Vec<_> = jane.calls().filter_map(|call| call.entry_id()).collect();
        assert_eq!(names, ["call/jane:1", "call/jane:2"]);
    });
}
