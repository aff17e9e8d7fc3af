//! Who a customer is: name, company, identifiers, fields.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_events::catalogue::typed::Json;
use touchbook_events::customer_ref::SentIdentifier;
use touchbook_events::limits::FIELDS_MAX;
use touchbook_events::text::Name;
use touchbook_events::{CustomerRef, IdentifierKind, Member, Timestamp};
use touchbook_projection::{Latest, SmallMap, Stamp};

/// What is kept of a customer's own fields; names and identifiers are shared with the index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// Somebody is behind it: named by an identifier or by whoever created it.
    pub(crate) known: bool,
    pub(crate) anonymous: bool,
    /// When the newest of its members began.
    pub(crate) since: Option<Timestamp>,
    pub(crate) name: Latest<Arc<str>>,
    pub(crate) company: Latest<Arc<str>>,
    /// In order of attachment.
    pub(crate) identifiers: Arc<Vec<Held>>,
    pub(crate) fields: Fields,
    pub(crate) custom_fields: Fields,
}

/// An identifier that is a customer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) kind: IdentifierKind,
    pub(crate) value: Box<str>,
    /// Where that was another text.
    as_sent: Option<Box<str>>,
    /// When it was attached, or named in an update of the customer: the latest is the primary one.
    named: Stamp,
}

impl Person {
    pub(crate) fn created(&mut self, stamp: Stamp, anonymous: bool, held: &[SentIdentifier]) {
        self.known |= !anonymous;
        self.anonymous |= anonymous;
        self.since = self.since.max(Some(stamp.time));
        for sent in held {
            self.attach(stamp, sent.kind, &sent.value, Some(&sent.as_sent));
        }
    }

    pub(crate) fn attach(
        &mut self,
        named: Stamp,
        kind: IdentifierKind,
        value: &str,
        as_sent: Option<&str>,
    ) {
        self.known = true;
        let held = Arc::make_mut(&mut self.identifiers);
        match held
            .iter_mut()
            .find(|held| held.kind == kind && *held.value == *value)
        {
            Some(held) => held.named = held.named.max(named),
            None => held.push(Held {
                kind,
                value: value.into(),
                as_sent: as_sent.filter(|text| *text != value).map(Into::into),
                named,
            }),
        }
    }

    pub(crate) fn detach(&mut self, kind: IdentifierKind, value: &str) {
        Arc::make_mut(&mut self.identifiers)
            .retain(|held| held.kind != kind || *held.value != *value);
    }

    /// A name may come with any event that names the customer; the latest time wins.
    pub(crate) fn named(&mut self, stamp: Stamp, name: Option<&str>, company: Option<&str>) {
        describe(&mut self.name, stamp, name);
        describe(&mut self.company, stamp, company);
    }

    /// What an update says of the customer itself; null clears what was said before.
    pub(crate) fn described(&mut self, stamp: Stamp, name: &Member<Name>, company: &Member<Name>) {
        for (latest, member) in [(&mut self.name, name), (&mut self.company, company)] {
            match member {
                Member::Null => latest.set(stamp, None),
                member => describe(latest, stamp, member.value().map(|text| text.as_str())),
            }
        }
    }

    /// The identifiers that an update names become the primary ones of their kinds.
    pub(crate) fn prefer(&mut self, stamp: Stamp, reference: &CustomerRef) {
        for (kind, text) in reference.identifiers() {
            let is_meant = |held: &Held| {
                held.kind == kind
                    && (held.value.eq_ignore_ascii_case(text)
                        || held.as_sent.as_deref() == Some(text.as_str()))
            };
            let Some(at) = self.identifiers.iter().position(is_meant) else {
                continue;
            };
            let held = &mut Arc::make_mut(&mut self.identifiers)[at];
            held.named = held.named.max(stamp);
        }
    }

    /// The identifier of its kind that was named last; of those named together, the first.
    pub(crate) fn is_primary(&self, of: &Held) -> bool {
        let same_kind = self
            .identifiers
            .iter()
            .rev()
            .filter(|held| held.kind == of.kind);
        same_kind
            .max_by_key(|held| held.named)
            .is_some_and(|primary| primary == of)
    }
}

/// Keeps the text that is there where it is the same, so that the index sees no change.
fn describe(latest: &mut Latest<Arc<str>>, stamp: Stamp, text: Option<&str>) {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return;
    };
    if !latest.yields_to(stamp) {
        return;
    }
    let value = match latest.get() {
        Some(known) if **known == *text => Arc::clone(known),
        _ => Arc::from(text),
    };
    latest.set(stamp, Some(value));
}

/// Values by name, as JSON text; null clears one, or all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fields {
    values: SmallMap<Box<str>, Latest<Box<str>>>,
    /// What was said before then is forgotten, also where it is learned later.
    cleared: Option<Stamp>,
}

impl Fields {
    pub(crate) fn take(&mut self, stamp: Stamp, member: &Member<Json>) {
        match member {
            Member::Absent => {}
            Member::Null => self.clear(stamp),
            Member::Value(Json(json)) => self.set(stamp, json),
        }
    }

    fn clear(&mut self, stamp: Stamp) {
        self.cleared = self.cleared.max(Some(stamp));
        self.values.retain(|_, latest| !latest.yields_to(stamp));
    }

    /// Takes the members of `json`; what is no object says nothing, and names above the most that
    /// a customer can have are left out.
    fn set(&mut self, stamp: Stamp, json: &str) {
        if self.cleared > Some(stamp) {
            return;
        }
        let Ok(members) = serde_json::from_str::<BTreeMap<Box<str>, &RawValue>>(json) else {
            return;
        };
        for (name, value) in members {
            if self.values.len() < FIELDS_MAX || self.values.contains_key(&name) {
                let value = Some(value.get()).filter(|text| *text != "null");
                self.values
                    .get_or_default(name)
                    .set(stamp, value.map(Into::into));
            }
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .filter_map(|(name, latest)| Some((&**name, &**latest.get()?)))
    }
}
