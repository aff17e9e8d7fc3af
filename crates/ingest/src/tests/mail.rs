//! Mail messages.

use super::{accepted, at, subject};
use crate::{Event, mail};
use serde_json::{Value, json};
use touchbook_events::EventType;

pub(super) const RECEIVED: &str = concat!(
    "From: =?utf-8?q?J=C3=BCrgen_Smith?= <Juergen@Example.com>\r\n",
    "To: Sales <sales@shop.example>, \"Other, One\" <other@example.org>\r\n",
    "Cc: team:boss@example.org;\r\n",
    "Subject: =?utf-8?b?UHJlaXMgZsO8ciAy?=\r\n",
    "Message-ID: <abc.1@example.com>\r\n",
    "In-Reply-To: <q7@shop.example>\r\n",
    "References: <q1@shop.example>\r\n <q7@shop.example>\r\n",
    "Date: Mon, 15 Jan 2024 10:45:00 +0200\r\n",
    "MIME-Version: 1.0\r\n",
    "Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n",
    "--b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
    "<html><head><style>p{}</style></head><p>Hello &amp; <b>thanks</b></p>",
    "<script>bad()</script></html>\r\n",
    "--b1\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\n",
    "Content-Disposition: attachment; filename=\"plan.pdf\"\r\n",
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b1--\r\n",
);

pub(super) fn is_ours(address: &str) -> bool {
    address.ends_with("@shop.example")
}

fn read(message: &str) -> Event {
    let event = mail::read(message.as_bytes(), is_ours).unwrap();
    accepted(&event);
    event
}

#[test]
fn what_comes_from_somebody_else_was_received() {
    let event = read(RECEIVED);
    assert_eq!(event.event_type, EventType::EmailReceived);
    assert_eq!(subject(&event), "email/<abc.1@example.com>");
    assert_eq!(
        at(&event, "/customer"),
        json!({
            "email": "Juergen@Example.com", "name": "Jürgen Smith",
        })
    );
    assert_eq!(at(&event, "/from"), "Juergen@Example.com");
    assert_eq!(
        at(&event, "/to"),
        json!(["sales@shop.example", "other@example.org"])
    );
    assert_eq!(at(&event, "/cc"), json!(["boss@example.org"]));
    assert_eq!(at(&event, "/mailbox"), "sales@shop.example");
    assert_eq!(at(&event, "/subject"), "Preis für 2");
    assert_eq!(
        at(&event, "/thread"),
        json!({
            "in_reply_to": "<q7@shop.example>",
            "references": ["<q1@shop.example>", "<q7@shop.example>"],
        })
    );
    assert_eq!(at(&event, "/created_at"), "2024-01-15T10:45:00+02:00");
    assert_eq!(
        at(&event, "/attachments"),
        json!([
            { "name": "plan.pdf", "content_type": "application/pdf", "bytes": 5 },
        ])
    );
    let body = at(&event, "/body");
    let body = body.as_str().unwrap();
    assert!(body.contains("Hello & thanks"), "{body}");
    assert!(!body.contains("bad()") && !body.contains('<'), "{body}");
}

#[test]
fn what_comes_from_us_was_sent_to_the_first_who_is_not_of_us() {
    let event = read(concat!(
        "From: Sales <Sales@Shop.Example>\nTo: boss@shop.example, Jane <jane@example.com>\n",
        "Message-ID: <r1@shop.example>\nSubject: Re: Quote\n\nDear Jane\n",
    ));
    assert_eq!(event.event_type, EventType::EmailSent);
    assert_eq!(
        at(&event, "/customer"),
        json!({ "email": "jane@example.com", "name": "Jane" })
    );
    assert_eq!(at(&event, "/mailbox"), "Sales@Shop.Example");
    assert_eq!(at(&event, "/body"), "Dear Jane\n");
    let among_us = read("From: a@shop.example\nTo: b@shop.example\n\nLunch?\n");
    assert_eq!(at(&among_us, "/customer"), Value::Null);
}

#[test]
fn a_message_without_a_name_is_named_by_what_it_is() {
    let (one, again) = (
        read("From: a@b.example\n\nHi\n"),
        read("From: a@b.example\n\nHi\n"),
    );
    let other = read("From: a@b.example\n\nHo\n");
    assert_eq!(subject(&one), subject(&again));
    assert_ne!(subject(&one), subject(&other));
    assert!(subject(&one).starts_with("email/sha256:"));
}

#[test]
fn other_charsets_are_read() {
    let head = b"From: a@b.example\nContent-Type: text/plain; charset=gb2312\n\n";
    let message = [head.as_slice(), b"\xc4\xe3\xba\xc3"].concat();
    let event = mail::read(&message, is_ours).unwrap();
    assert_eq!(at(&event, "/body"), "你好");
}

#[test]
fn what_is_no_message_is_refused() {
    assert!(mail::read(b"", is_ours).unwrap_err().is_unreadable());
    for message in [
        "hello",
        "To: a@b.example\n\nHi",
        "From: \n\nHi",
        "\n\n",
        "{}",
    ] {
        let problem = mail::read(message.as_bytes(), is_ours).unwrap_err();
        assert!(
            problem.pointer == "/from" || problem.is_unreadable(),
            "{message}: {problem}"
        );
    }
}

/// Nobody can be told to write less.
#[test]
fn what_is_too_long_is_cut() {
    let long = "é".repeat(300_000);
    let message = format!(
        "From: \"{name}\" <a@b.example>\nSubject: {name}\nDate: Mon, 15 Jan 1024 10:45:00 +0200\n\
         Content-Type: text/plain; charset=utf-8\n\n{long}",
        name = "n".repeat(2_000),
    );
    let event = read(&message);
    let chars = |pointer| at(&event, pointer).as_str().unwrap().chars().count();
    assert_eq!(chars("/from_name"), 200);
    assert_eq!(chars("/subject"), 1000);
    assert_eq!(chars("/body"), 192 * 1024 / 2);
    assert_eq!(
        at(&event, "/created_at"),
        Value::Null,
        "no event may claim that year"
    );
}

/// A sender who is no customer's address still has one as sent.
#[test]
fn an_address_that_is_none_names_nobody() {
    let event = read("From: postmaster@localhost\nMessage-ID: <1@x>\n\nBounced\n");
    assert_eq!(at(&event, "/from"), "postmaster@localhost");
    assert_eq!(at(&event, "/customer/email"), Value::Null);
}

#[test]
fn encoded_text_is_decoded() {
    for (encoding, body) in [
        ("base64", "R3LDvMOfZQ=="),
        ("BASE64", "R3LD\r\nvMOfZQ==\r\n"),
        ("quoted-printable", "Gr=C3=BC=\r\n=C3=9Fe"),
        ("8bit", "Grüße"),
        ("x-unknown", "Grüße"),
    ] {
        let event = read(&format!(
            "From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{body}"
        ));
        assert_eq!(at(&event, "/body"), "Grüße", "{encoding}");
    }
}

/// They would take six times their room, and nobody sees them.
#[test]
fn control_characters_are_left_out() {
    let event = read(&format!(
        "From: a@b.example\n\n{}a\tb\n",
        "\0\u{1b}".repeat(200_000)
    ));
    assert_eq!(at(&event, "/body"), "a\tb\n");
}
