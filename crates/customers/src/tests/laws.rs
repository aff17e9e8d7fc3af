//! What holds for any script.

use super::script::{Asked, Script};
use proptest::prelude::*;
use proptest::sample::{Index as Pick, select};
use serde_json::{Value, json};
use touchbook_events::Policies;

/// Kind, subject, time and payload of an event about a subject that has this one place.
type Sent = (&'static str, String, String, Value);

fn events() -> impl Strategy<Value = Vec<Sent>> {
    let one = (0_u8..5, 0_u8..6, 10_u8..28, any::<Pick>(), 1_u32..5000);
    prop::collection::vec(one, 1..25).prop_map(|all| {
        let mut events: Vec<Sent> = Vec::new();
        for (ordinal, (what, object, day, pick, amount)) in all.into_iter().enumerate() {
            // Times differ, so that no tie is left to the order of arrival.
            let time = format!("01-{day} 10:00:{ordinal:02}");
            events.push(event(what, object, time, &pick, amount, ordinal));
        }
        events
    })
}

fn event(what: u8, object: u8, time: String, pick: &Pick, amount: u32, ordinal: usize) -> Sent {
    let statuses = ["Complete", "Pending", "Refunded", "Shipped"];
    let status = *pick.get(&statuses);
    match what {
        // An order says itself where it stands, so its revisions may come in any order.
        0 | 1 => {
            let total = json!({ "amount": format!("{amount}.50"), "currency": "ZAR" });
            let mut order = json!({ "ordered_at": "2024-01-01T00:00:00Z", "status": status });
            if what == 0 {
                order["total"] = total;
            }
            ("order.updated", format!("order/jane:{object}"), time, order)
        }
        2 => {
            let body = json!({ "body": "Hi" });
            let kind = *pick.get(&["sms.sent", "sms.received"]);
            (kind, format!("sms/jane:{ordinal}"), time, body)
        }
        3 => {
            let name = (!amount.is_multiple_of(3)).then(|| format!("Jane {amount}"));
            let fields = (!amount.is_multiple_of(4)).then(|| json!({ status: amount }));
            let jane = json!({ "external_id": "jane" });
            let update = json!({ "customer": jane, "name": name, "fields": fields });
            ("customer.updated", "customer/jane".to_owned(), time, update)
        }
        _ => {
            let duration = json!({ "duration_seconds": amount });
            ("call.ended", format!("call/jane:{ordinal}"), time, duration)
        }
    }
}

fn summary_of(events: &[Sent]) -> Value {
    let mut script = Script::new();
    for (kind, subject, time, data) in events {
        script.send(time, kind, subject, data.clone());
    }
    script.jane(&Policies::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Arrival order changes no summary; `Script::jane` compares live and rebuilt digests too.
    #[test]
    fn a_summary_does_not_depend_on_the_order_of_arrival(
        (events, shuffled) in events().prop_flat_map(|events| {
            (Just(events.clone()), Just(events).prop_shuffle())
        })
    ) {
        prop_assert_eq!(summary_of(&events), summary_of(&shuffled));
    }

    /// S2-090: pages one after another are the whole list.
    #[test]
    fn pages_of_every_list_together_are_the_list(
        names in prop::collection::btree_set("[a-d]{1,3}", 1..20),
        limit in 1_usize..6,
        days in prop::collection::vec(10_u8..14, 20),
        status in select(vec!["Complete", "Shipped"]),
    ) {
        let mut script = Script::new();
        for (name, day) in names.iter().zip(days) {
            let order = super::script::order(status, &day.to_string());
            let subject = format!("order/{name}:1");
            script.send(&format!("01-{day} 00:00:00"), "order.updated", &subject, order);
            let named = super::script::person("Anna", None, &[]);
            script.send("01-01 00:00:00", "customer.created", &format!("customer/{name}"), named);
        }
        let policies = Policies::default();
        script.index(|index| {
            let (mut recent, mut top, mut found) = (Vec::new(), Vec::new(), Vec::new());
            let mut cursor = None;
            loop {
                let page = index.recent(cursor, limit);
                recent.extend(page.rows.iter().map(|row| row.customer));
                cursor = page.next_cursor;
                if cursor.is_none() { break }
            }
            loop {
                let page = index.top(&policies, cursor, limit).unwrap().page;
                top.extend(page.rows.iter().map(|row| row.customer));
                cursor = page.next_cursor;
                if cursor.is_none() { break }
            }
            loop {
                let page = index.search("nn", &policies, cursor, limit);
                found.extend(page.rows.iter().map(|row| row.customer));
                cursor = page.next_cursor;
                if cursor.is_none() { break }
            }
            for list in [&mut recent, &mut top, &mut found] {
                list.sort_unstable();
                assert_eq!(list.len(), names.len());
                list.dedup();
                assert_eq!(list.len(), names.len());
            }
        });
    }
}
