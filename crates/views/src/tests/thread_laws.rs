//! What holds for any mail.

use super::script::{Asked, Script, shown};
use super::threads::threads;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use touchbook_projection::Projector;
use touchbook_timeline::{State, Timeline};

/// A mail by its number, as its revisions say: what it is in, and what it refers to.
#[derive(Clone, Debug)]
struct Mail {
    number: usize,
    thread_id: Option<&'static str>,
    references: Vec<usize>,
    in_reply_to: Option<usize>,
    status: &'static str,
    day: u8,
}

fn mails(thread_ids: &'static [&'static str]) -> impl Strategy<Value = Vec<Mail>> {
    let thread_id = match thread_ids {
        [] => Just(None).boxed(),
        ids => prop::option::of(prop::sample::select(ids)).boxed(),
    };
    let name = 0_usize..12;
    let references = prop::collection::vec(name.clone(), 0..3);
    let status = prop::sample::select(vec!["unread", "read", "junk"]);
    let one = (
        0_usize..9,
        thread_id,
        references,
        prop::option::of(name),
        (status, 10_u8..28),
    );
    let mail = |(number, thread_id, references, in_reply_to, (status, day))| Mail {
        number,
        thread_id,
        references,
        in_reply_to,
        status,
        day,
    };
    prop::collection::vec(one.prop_map(mail), 1..14)
}

/// Different mails are placed at different times, and so are different revisions of one.
fn script(mails: &[(usize, Mail)]) -> Script {
    let mut script = Script::new();
    for (ordinal, mail) in mails {
        let name = |number: &usize| format!("<{number}@mail.example>");
        let data = json!({
            "email_id": name(&mail.number),
            "from": format!("{}@mail.example", mail.number % 3),
            "status": mail.status,
            "created_at": format!("2024-01-01T00:00:{:02}Z", mail.number),
            "thread": {
                "id": mail.thread_id,
                "in_reply_to": mail.in_reply_to.as_ref().map(name),
                "references": mail.references.iter().map(name).collect::<Vec<_>>(),
            },
        });
        let time = format!("01-{} 00:00:{ordinal:02}", mail.day);
        let kind = match mail.number % 2 {
            0 => "email.received",
            _ => "email.sent",
        };
        script.send(&time, kind, &format!("email/jane:{}", mail.number), data);
    }
    script
}

/// Each thread without what only says in which order things arrived.
fn told(script: &Script) -> Value {
    let mut rows = shown(threads(script).page(500, None).items);
    for row in rows.as_array_mut().unwrap() {
        for list in ["messages", "responses"] {
            for one in row[list].as_array_mut().unwrap() {
                one.as_object_mut().unwrap().remove("position");
            }
        }
    }
    rows
}

/// The numbers of each thread's mails.
fn members(script: &Script) -> BTreeSet<BTreeSet<usize>> {
    let threads = threads(script);
    let rows = threads.page(500, None).items;
    let number = |id: &str| id.trim_start_matches("email/jane:").parse().unwrap();
    rows.iter()
        .map(|row| {
            let messages = row.messages.iter();
            messages
                .map(|message| number(message.entry_id.unwrap()))
                .collect()
        })
        .collect()
}

fn numbered(mails: Vec<Mail>) -> Vec<(usize, Mail)> {
    mails.into_iter().enumerate().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// S1-043: any order of arrival makes the same threads, answers included.
    #[test]
    fn threads_do_not_depend_on_the_order_of_arrival(
        (mails, shuffled) in mails(&["t1", "t2"]).prop_map(numbered).prop_flat_map(|mails| {
            (Just(mails.clone()), Just(mails).prop_shuffle())
        })
    ) {
        prop_assert_eq!(told(&script(&mails)), told(&script(&shuffled)));
    }

    /// S1-043: without thread ids, threads are what is connected by names.
    #[test]
    fn mails_without_thread_ids_are_linked_by_their_names(
        mails in mails(&[]).prop_map(numbered),
    ) {
        let mut last: BTreeMap<usize, (String, &Mail)> = BTreeMap::new();
        for (ordinal, mail) in &mails {
            let stamp = format!("{} {ordinal:02}", mail.day);
            let known = last.entry(mail.number).or_insert_with(|| (stamp.clone(), mail));
            if known.0 <= stamp {
                *known = (stamp, mail);
            }
        }
        let mut of: BTreeMap<usize, usize> = (0..12).map(|name| (name, name)).collect();
        for (number, (_, mail)) in &last {
            for name in mail.references.iter().chain(&mail.in_reply_to) {
                let (one, other) = (of[number], of[name]);
                of.values_mut().filter(|set| **set == one).for_each(|set| *set = other);
            }
        }
        let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for number in last.keys() {
            wanted.entry(of[number]).or_default().insert(*number);
        }
        let wanted: BTreeSet<_> = wanted.into_values().collect();
        prop_assert_eq!(members(&script(&mails)), wanted);
    }

    /// S1-043: a thread has the mails of at most one thread id, and all of them; each mail is in
    /// exactly one thread, as it is one entry of the timeline.
    #[test]
    fn every_mail_is_in_one_thread_and_no_thread_id_in_two(
        mails in mails(&["t1", "t2", "t3"]).prop_map(numbered),
        limit in 1_usize..4,
    ) {
        let script = script(&mails);
        let threads = threads(&script);
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let page = threads.page(limit, cursor);
            rows.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() { break }
        }
        prop_assert!(rows.is_sorted_by(|one, next| one.last_message_at >= next.last_message_at));
        let ids: Vec<_> = rows.iter().filter_map(|row| row.thread_id).collect();
        prop_assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        let mut timeline = State::default();
        script.slice().iter().for_each(|record| Timeline::apply(&mut timeline, record));
        let count: u64 = rows.iter().map(|row| row.message_count).sum();
        prop_assert_eq!(count, timeline.len() as u64);
        let messages = rows.iter().flat_map(|row| &row.messages);
        let shown: BTreeSet<_> = messages.map(|message| message.entry_id).collect();
        prop_assert_eq!(shown.len(), timeline.len());
    }
}
