//! Law: what a search finds is what reading every line of everybody finds.

use super::*;
use crate::fold::fold;
use crate::person::Person;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_projection::Stamp;

/// What somebody is found by, as a test writes it.
type Fields = Vec<(Field, String)>;

#[derive(Clone, Debug)]
enum Step {
    Insert(u8, Fields),
    Remove(u8),
}

fn customer(number: u8) -> CustomerId {
    CustomerId::from_bytes([number; 16])
}

fn contribution(fields: &Fields) -> Contribution {
    let text = |field| {
        let mut texts = fields.iter().filter(|(of, _)| *of == field);
        texts.next().map(|(_, text)| Arc::from(text.as_str()))
    };
    let mut person = Person::default();
    for (field, value) in fields {
        let kind = match field {
            Field::ExternalId => IdentifierKind::ExternalId,
            Field::User => IdentifierKind::User,
            Field::Email => IdentifierKind::Email,
            Field::Phone => IdentifierKind::Phone,
            Field::Handle => IdentifierKind::Handle,
            Field::Name | Field::Company => continue,
        };
        person.attach(Stamp::default(), kind, value, None);
    }
    Contribution {
        name: text(Field::Name),
        company: text(Field::Company),
        identifiers: person.identifiers,
        active_at: None,
        agent_at: None,
        seen_at: None,
        manual_status: None,
        totals: Arc::default(),
    }
}

/// Of rows that are somebody's.
fn live_bytes(haystack: &Haystack) -> usize {
    let rows = haystack.rows.iter().enumerate();
    let live = rows.filter_map(|(row, customer)| customer.map(|_| row));
    let bytes = |row| haystack.parts.each().map(|part| part.range(row).len());
    live.flat_map(bytes).sum()
}

/// The plain model: each line by itself.
fn match_of(field: Field, line: &str, folded: &str, digits: Option<&str>) -> Option<Matched> {
    let line = &fold(line.trim_start_matches('+'));
    let second = line.match_indices(':').map(|(at, _)| &line[at + 1..]);
    let how = match field {
        _ if folded.is_empty() => None,
        _ if line == folded => Some(How::Exact),
        _ if line.starts_with(folded) => Some(How::Partly),
        Field::Name | Field::Company => line.contains(folded).then_some(How::Within),
        Field::Email | Field::Phone => None,
        _ => second
            .into_iter()
            .any(|second| second.starts_with(folded))
            .then_some(How::Partly),
    };
    let called = digits.filter(|digits| field == Field::Phone && line.ends_with(digits));
    let called = called.map(|digits| {
        if line == digits {
            How::Exact
        } else {
            How::Partly
        }
    });
    let how = how.into_iter().chain(called).min()?;
    Some(Matched { how, field })
}

fn fields() -> impl Strategy<Value = Fields> {
    let name = "[abÉж ]{1,6}";
    let line = prop_oneof![
        name.prop_map(|text| (Field::Name, text)),
        name.prop_map(|text| (Field::Company, text)),
        "[ab]{1,3}:[ab1:]{1,4}".prop_map(|text| (Field::ExternalId, text)),
        "[ab1]{1,3}".prop_map(|text| (Field::User, text)),
        "[ab1]{1,3}:[ab1]{1,4}".prop_map(|text| (Field::Handle, text)),
        "[ab1]{1,3}@[ab]{1,2}".prop_map(|text| (Field::Email, text)),
        r"\+[12]{1,6}".prop_map(|text| (Field::Phone, text)),
    ];
    prop::collection::vec(line, 0..5).prop_map(|mut lines| {
        let mut names = std::collections::HashSet::new();
        // A customer has one name and one company.
        lines.retain(|(field, _)| {
            !matches!(field, Field::Name | Field::Company) || names.insert(*field as u8)
        });
        lines
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..8, fields()).prop_map(|(of, fields)| Step::Insert(of, fields)),
        1 => (0_u8..8).prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn a_search_finds_what_reading_every_line_finds(
        steps in prop::collection::vec(step(), 0..40),
        sweeps in any::<bool>(),
        asked in "[ab1éЖ:@ ]{0,3}|[12]{1,4}",
        digits in prop::option::of("[12]{1,3}"),
    ) {
        let (mut haystack, mut model) = (Haystack::default(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Insert(of, fields) => {
                    haystack.insert(customer(of), &contribution(&fields));
                    model.insert(customer(of), fields);
                }
                Step::Remove(of) => {
                    haystack.remove(customer(of));
                    model.remove(&customer(of));
                }
            }
            if sweeps {
                haystack.sweep();
            }
        }
        let (bytes, live) = (haystack.parts.bytes(), live_bytes(&haystack));
        prop_assert!(bytes - live <= SWEPT_BYTES_MIN.max(bytes / 2), "{live} of {bytes}");
        let (folded, digits) = (fold(&asked), digits.as_deref());
        let mut found = BTreeMap::new();
        haystack.search(&folded, digits, |customer, matched| {
            assert_eq!(found.insert(customer, matched), None, "found twice");
        });
        let best = |fields: Fields| {
            let lines = fields.iter();
            lines.filter_map(|(field, line)| match_of(*field, line, &folded, digits)).min()
        };
        let wanted = model.into_iter().filter_map(|(of, fields)| Some((of, best(fields)?)));
        prop_assert_eq!(found, wanted.collect::<BTreeMap<_, _>>());
    }
}
