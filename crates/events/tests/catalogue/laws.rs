//! What holds for every input.

use crate::{event, read, record};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use touchbook_events::{Data, EventType, Header, Record, canonical};

fn canonical(json: &str) -> Vec<u8> {
    let mut out = Vec::new();
    canonical::write(json, &mut out).unwrap();
    out
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any amount of a quote; an order's is not below 0.
const AMOUNT: &str = "0|-?[1-9][0-9]{0,9}(\\.[0-9]{1,6})?";
const ORDER_AMOUNT: &str = "0|[1-9][0-9]{0,9}(\\.[0-9]{1,6})?";

fn money(amount: &'static str) -> impl Strategy<Value = Value> {
    (amount, any::<bool>(), "[A-Z]{3}").prop_map(|(text, as_text, currency)| {
        let amount = match as_text {
            true => Value::from(text),
            false => serde_json::from_str(&text).unwrap(),
        };
        json!({ "amount": amount, "currency": currency })
    })
}

/// A member that may be absent, null or there.
fn member(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    prop_oneof![1 => Just(None), 1 => Just(Some(Value::Null)), 4 => value.prop_map(Some)].boxed()
}

fn text(pattern: &'static str) -> BoxedStrategy<Value> {
    pattern.prop_map(Value::from).boxed()
}

fn object(members: Vec<(&'static str, BoxedStrategy<Option<Value>>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    values
        .prop_map(move |values| {
            let members = names.iter().zip(values);
            let there = members.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(there.collect::<Map<_, _>>())
        })
        .boxed()
}

/// Payloads of whole objects, which come back exactly as they were sent.
fn payload() -> impl Strategy<Value = (&'static str, Value)> {
    let order = object(vec![
        ("status", member(text(".{0,50}"))),
        ("total", member(money(ORDER_AMOUNT))),
        (
            "items",
            member(prop::collection::vec(any_json(), 0..4).prop_map(Value::from)),
        ),
        (
            "ordered_at",
            member(text("20[0-9]{2}-0[1-9]-[12][0-8]T0[0-9]:00:00Z")),
        ),
        ("vendor", member(any_json())),
    ]);
    let quote = object(vec![
        ("company", member(text(".{0,60}"))),
        ("total", member(money(AMOUNT))),
        ("x-rank", member(any_json())),
    ]);
    let logged = object(vec![
        ("type", Just(Some(json!("call"))).boxed()),
        (
            "direction",
            member(prop_oneof![Just(json!("inbound")), Just(json!("outbound"))]),
        ),
        (
            "duration_seconds",
            member((1..90_000_u32).prop_map(Value::from)),
        ),
        ("subject_line", member(text(".{0,200}"))),
    ]);
    prop_oneof![
        order.prop_map(|data| ("order.updated", data)),
        quote.prop_map(|data| ("quote.updated", data)),
        logged.prop_map(|data| ("interaction.logged", data)),
    ]
}

/// The same members in another order.
fn reordered(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = (members.iter().rev())
                .map(|(name, value)| {
                    format!(" {} : {}", Value::from(name.as_str()), reordered(value))
                })
                .collect();
            format!("{{{}}}", members.join(" ,\n"))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(reordered).collect();
            format!("[ {} ]", items.join(" , "))
        }
        plain => plain.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_payload_comes_back_through_record_and_codec_as_it_was_sent(
        (event_type, data) in payload()
    ) {
        let incoming = read(&event(event_type, &data.to_string())).unwrap();
        prop_assert_eq!(&serde_json::to_value(&incoming.data).unwrap(), &data);
        let record = record(incoming);
        let bytes = record.to_bytes().unwrap();
        let decoded = Record::decode(&bytes).unwrap();
        prop_assert_eq!(&decoded, &record);
        prop_assert_eq!(Header::peek(&bytes).unwrap(), record.header);
        prop_assert_eq!(decoded.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn a_reordered_payload_is_the_same_content((event_type, data) in payload()) {
        let one = read(&event(event_type, &data.to_string())).unwrap();
        let other = read(&event(event_type, &reordered(&data))).unwrap();
        prop_assert_eq!(one.content, other.content);
        let values = [one.data, other.data].map(|data| serde_json::to_value(data).unwrap());
        prop_assert_eq!(&values[0], &values[1]);
    }

    #[test]
    fn canonical_json_is_idempotent_and_means_the_same(value in any_json()) {
        let once = canonical(&value.to_string());
        let text = String::from_utf8(once.clone()).unwrap();
        prop_assert_eq!(&canonical(&text), &once);
        prop_assert_eq!(&canonical(&reordered(&value)), &once);
        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn nothing_that_is_read_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::decode(&bytes);
        let _ = Header::peek(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = read(&text);
        let _ = canonical::write(&text, &mut Vec::new());
        let _ = touchbook_events::Envelope::parse(&text);
    }

    #[test]
    fn a_damaged_record_never_panics(
        which in 0..EventType::ALL.len(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = crate::example(EventType::ALL[which]).to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Record::decode(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = Record::decode(&bytes);
        let _ = Header::peek(&bytes);
    }

    #[test]
    fn a_damaged_event_never_panics(
        which in 0..EventType::ALL.len(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = EventType::ALL[which].example().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(incoming) = read(&String::from_utf8_lossy(&bytes)) {
            let record = record(incoming);
            prop_assert_eq!(Record::decode(&record.to_bytes().unwrap()).unwrap(), record);
        }
    }
}

/// `policy.defined` carries any value.
#[test]
fn any_json_is_a_policys_value() {
    for value in ["null", "1e999", r#"{"a":[1.0,{}]}"#, r#""text""#] {
        let data = format!(r#"{{"name":"calendar","value":{value}}}"#);
        let Data::PolicyDefined(policy) = read(&event("policy.defined", &data)).unwrap().data
        else {
            panic!("a policy");
        };
        assert_eq!(&*policy.personal.unwrap().value.0, value);
    }
}
