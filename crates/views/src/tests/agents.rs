//! What agents did, after a script.

use super::script::{Script, at, shown};
use crate::{AgentReport, Calendar, Period};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use touchbook_calls::Calls;
use touchbook_events::{CustomerId, Policies, Timestamp};
use touchbook_projection::driver::Named;
use touchbook_timeline::Timeline;

fn policies(zone: &str) -> Policies {
    let mut policies = Policies::default();
    policies.set("zone", &format!("\"{zone}\"")).unwrap();
    policies
}

/// One page after another.
fn report(script: &Script, calendar: &Calendar, limit: usize) -> Vec<Value> {
    let calls = script.driver.project::<Calls>();
    let timeline = script.driver.project::<Timeline>();
    let mut known: Vec<CustomerId> = Vec::new();
    timeline.for_each(|customer, _| known.push(customer));
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let mut report = AgentReport::new(calendar.clone(), limit, cursor);
        for customer in &known {
            report.next_customer();
            calls.read(*customer, |state, _| report.take_calls(state));
            timeline.read(*customer, |state, _| report.take_messages(state));
        }
        let page = report.page();
        assert!(page.items.len() <= limit);
        rows.extend(page.items.iter().map(shown));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return rows;
        }
    }
}

fn calendar(period: Period, from: &str, to: &str, policies: &Policies) -> Calendar {
    Calendar::of(period, at(from), at(to), policies).unwrap()
}

/// A call of an agent with a customer, of so many seconds.
fn call(script: &mut Script, time: &str, subject: &str, (agent, seconds): (&str, u32)) {
    let started = json!({ "agent_id": agent, "direction": "outbound" });
    script.send(time, "call.started", subject, started);
    let ended = json!({ "duration_seconds": seconds });
    script.send(time, "call.ended", subject, ended);
}

/// S0-055, S0-007: counts by channel, minutes of the sum of seconds, customers, outcomes.
#[test]
fn an_agents_row_says_what_it_did_with_whom() {
    let mut script = Script::new();
    call(&mut script, "01-02 10:00:00", "call/jane:1", ("alex", 90));
    call(&mut script, "01-02 11:00:00", "call/jane:2", ("alex", 45));
    call(&mut script, "01-02 12:00:00", "call/joe:1", ("alex", 0));
    let outcome = json!({ "outcome": "contacted", "sale_made": true });
    script.send(
        "01-02 12:30:00",
        "call.outcome_recorded",
        "call/jane:1",
        outcome,
    );
    let missed = json!({ "outcome": "no_answer" });
    script.send(
        "01-02 12:31:00",
        "call.outcome_recorded",
        "call/jane:2",
        missed,
    );
    for (kind, subject) in [
        ("email.sent", "email/jane:1"),
        ("email.sent", "email/jane:1"),
        ("email.received", "email/jane:2"),
        ("sms.sent", "sms/ann:1"),
        ("chat.sent", "chat/ann:1"),
        ("chat.received", "chat/ann:2"),
    ] {
        let message = json!({ "agent_id": "alex", "body": "Hi" });
        script.send("01-02 13:00:00", kind, subject, message);
    }
    script.send(
        "01-02 13:00:00",
        "sms.sent",
        "sms/ann:2",
        json!({ "body": "Hi" }),
    );
    let plain = Policies::default();
    let day = calendar(Period::Day, "01-01 00:00:00", "01-31 00:00:00", &plain);
    assert_eq!(
        report(&script, &day, 10),
        [json!({
            "agent_id": "alex", "begins_on": "2024-01-02", "customer_count": 3,
            "call_count": 3, "inbound_call_count": 0, "outbound_call_count": 3,
            "answered_call_count": 1, "missed_call_count": 2, "call_minutes": 2.25,
            "email_count": 1, "sms_count": 1, "chat_count": 1,
            "outcomes": {"contacted": 1, "no_answer": 1}, "sale_count": 1,
        })]
    );
}

/// C12: periods are those of the tenant's zone, and both ends of the range are within.
#[test]
fn periods_are_the_tenants() {
    let mut script = Script::new();
    for (number, time) in ["01-31 22:30:00", "02-01 10:00:00", "02-05 10:00:00"]
        .iter()
        .enumerate()
    {
        call(
            &mut script,
            time,
            &format!("call/jane:{number}"),
            ("alex", 60),
        );
    }
    let rows = |period, zone: &str, (from, to)| {
        let policies = policies(zone);
        let rows = report(&script, &calendar(period, from, to, &policies), 10);
        let row = |row: &Value| {
            (
                row["begins_on"].as_str().unwrap().to_owned(),
                row["call_count"].as_u64(),
            )
        };
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let row = |day: &str, count| (day.to_owned(), Some(count));
    let all = ("01-01 00:00:00", "12-31 00:00:00");
    let month = Period::Month;
    assert_eq!(
        rows(month, "UTC", all),
        [row("2024-01-01", 1), row("2024-02-01", 2)]
    );
    assert_eq!(
        rows(month, "Africa/Johannesburg", all),
        [row("2024-02-01", 3)]
    );
    let week = Period::Week;
    assert_eq!(
        rows(week, "UTC", all),
        [row("2024-01-29", 2), row("2024-02-05", 1)]
    );
    let ends = ("01-31 22:30:00", "02-01 10:00:00");
    assert_eq!(rows(week, "UTC", ends), [row("2024-01-29", 2)]);
    let within = ("01-31 22:30:01", "02-01 09:59:59");
    assert_eq!(rows(week, "UTC", within), []);
    let nothing = ("02-01 00:00:00", "01-01 00:00:00");
    assert_eq!(rows(week, "UTC", nothing), []);
}

/// A night without its first hour, and one with an hour twice.
#[test]
fn days_begin_where_clocks_are_put_forward() {
    let policies = policies("America/Santiago");
    let calendar = calendar(Period::Day, "09-07 12:00:00", "09-09 12:00:00", &policies);
    let mut script = Script::new();
    for (number, time) in ["09-08 03:59:59", "09-08 04:00:00"].iter().enumerate() {
        call(
            &mut script,
            time,
            &format!("call/jane:{number}"),
            ("alex", 60),
        );
    }
    let rows = report(&script, &calendar, 10);
    let days: Vec<_> = rows
        .iter()
        .map(|row| row["begins_on"].as_str().unwrap())
        .collect();
    assert_eq!(days, ["2024-09-07", "2024-09-08"]);
}

#[test]
fn a_report_has_a_bounded_number_of_periods() {
    let plain = Policies::default();
    let years = |to: i64| {
        let to = Timestamp::from_micros(to * 365 * 24 * 60 * 60 * 1_000_000);
        let from = Timestamp::from_micros(0);
        [Period::Day, Period::Month].map(|period| Calendar::of(period, from, to, &plain).is_ok())
    };
    assert_eq!(years(1), [true, true]);
    assert_eq!(years(2), [false, true]);
    assert_eq!(years(40), [false, false]);
    let days = |count: i64| {
        let to = Timestamp::from_micros((count * 24 * 60 * 60 - 1) * 1_000_000);
        Calendar::of(Period::Day, Timestamp::from_micros(0), to, &plain).is_ok()
    };
    assert_eq!([days(400), days(401)], [true, false]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// S2-090: pages together are the report, in order, each row whole; and it is the sum of what
    /// each call says, in whatever order the customers come.
    #[test]
    fn pages_together_are_the_report(
        sent in prop::collection::vec(
            (1_u8..4, 10_u8..16, select(vec!["alex", "bo", "cy", "dee"]), 0_u32..500),
            1..30,
        ),
        limit in 1_usize..5,
    ) {
        let mut script = Script::new();
        let mut sums = BTreeMap::<_, (u64, u64, BTreeSet<u8>)>::new();
        for (number, (person, day, agent, seconds)) in sent.iter().enumerate() {
            let subject = format!("call/p{person}:{number}");
            call(&mut script, &format!("01-{day} 10:00:00"), &subject, (agent, *seconds));
            let sum = sums.entry((format!("2024-01-{day}"), *agent)).or_default();
            sum.0 += 1;
            sum.1 += u64::from(*seconds);
            sum.2.insert(*person);
        }
        let plain = Policies::default();
        let calendar = calendar(Period::Day, "01-01 00:00:00", "01-31 00:00:00", &plain);
        let rows = report(&script, &calendar, limit);
        prop_assert_eq!(&rows, &report(&script, &calendar, 500));
        prop_assert_eq!(rows.len(), sums.len());
        for (row, ((day, agent), (calls, seconds, people))) in rows.iter().zip(sums) {
            prop_assert_eq!(&row["begins_on"], &json!(day));
            prop_assert_eq!(&row["agent_id"], &json!(agent));
            prop_assert_eq!(&row["call_count"], &json!(calls));
            prop_assert_eq!(&row["customer_count"], &json!(people.len()));
            let minutes = row["call_minutes"].as_f64().unwrap();
            prop_assert!((minutes - seconds as f64 / 60.0).abs() <= 0.005 + 1e-9);
        }
    }
}

/// Whose a call is does not matter to the sum; merged customers are one.
#[test]
fn merged_customers_are_one_customer() {
    let mut script = Script::new();
    call(&mut script, "01-02 10:00:00", "call/jane:1", ("alex", 60));
    call(&mut script, "01-02 11:00:00", "call/joe:1", ("alex", 60));
    let plain = Policies::default();
    let calendar = calendar(Period::Day, "01-01 00:00:00", "01-31 00:00:00", &plain);
    let counts = |script: &Script| {
        let rows = report(script, &calendar, 10);
        (
            rows[0]["call_count"].clone(),
            rows[0]["customer_count"].clone(),
        )
    };
    assert_eq!(counts(&script), (json!(2), json!(2)));
    let merged = json!({ "into": Named::id("jane"), "members": [Named::id("joe")] });
    script.send("01-03 10:00:00", "customer.merged", "customer/jane", merged);
    assert_eq!(counts(&script), (json!(2), json!(1)));
}
