//! What a record sets of its customer, by names that a person can find.

use serde_json::value::RawValue;
use std::collections::BTreeMap;
use touchbook_events::catalogue::typed::Json;
use touchbook_events::{Data, Member, Record};

/// The fields that a record sets or clears.
pub(super) fn set_by(record: &Record) -> Vec<String> {
    let mut set = Vec::new();
    let mut add = |name: &str, is_set: bool| {
        if is_set {
            set.push(name.to_owned());
        }
    };
    match &record.data {
        Data::CustomerUpdated(updated) => {
            if let Some(personal) = &updated.personal {
                add("name", personal.name != Member::Absent);
                add("company", personal.company != Member::Absent);
                members("fields", &personal.fields, &mut set);
                members("custom_fields", &personal.custom_fields, &mut set);
            }
        }
        Data::CustomerStatusChanged(_) => add("status", true),
        Data::OpeningBalanceImported(_) => add("opening_balance", true),
        _ => {}
    }
    if let Some(reference) = record.data.customer_ref() {
        set.extend(reference.name.is_some().then(|| "name".to_owned()));
        set.extend(reference.company.is_some().then(|| "company".to_owned()));
    }
    set
}

fn members(of: &str, member: &Member<Json>, set: &mut Vec<String>) {
    match member {
        Member::Absent => {}
        Member::Null => set.push(of.to_owned()),
        Member::Value(Json(json)) => {
            let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(json);
            set.extend(
                members
                    .unwrap_or_default()
                    .keys()
                    .map(|name| format!("{of}.{name}")),
            );
        }
    }
}
