//! Customers as rows find them: as projections have them, and over that what the rows before will
//! have changed, which no projection has seen yet.

use super::seen::Seen;
use crate::limits::DRY_RUN_IDENTIFIERS_MAX;
use crate::problem::Problem;
use axum::http::StatusCode;
use hashbrown::HashMap;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use touchbook_customers::{Balance, Customers, State, Summary, summary};
use touchbook_engine::Tenant;
use touchbook_events::catalogue::customer::{AgentInteractionType, CustomerStatus};
use touchbook_events::customer_ref::SentIdentifier;
use touchbook_events::{CustomerId, IdentifierKind, Policies, Timestamp};
use touchbook_identity::Identifiers;
use touchbook_ingest::Event;
use touchbook_ingest::csv::{AgentFields, EventNames, Known, Row, custom_field_text};
use touchbook_policies::InForce;
use touchbook_projection::{Projection, Projector};

/// Batches whose customers a dry run remembers: of those before, only that somebody is known. Tests
/// have fewer, so that few rows are many.
const DRY_BATCHES_MAX: u64 = if cfg!(test) { 1 } else { 2 };

/// One customer, as it will be.
struct Person {
    identifiers: Vec<Key>,
    name: Option<String>,
    company: Option<String>,
    status: CustomerStatus,
    custom_fields: BTreeMap<String, String>,
    balance: AgentFields,
    agent: AgentFields,
    /// The last batch that changes it.
    batch: u64,
}

type Key = (IdentifierKind, Box<str>);

pub(super) struct People<'a> {
    tenant: &'a Tenant,
    policies: &'a Policies,
    /// Which identifiers are nobody's may change while rows come, by what they say themselves.
    in_force: Arc<InForce>,
    now: Timestamp,
    identifiers: Arc<Projection<Identifiers>>,
    customers: Arc<Projection<Customers>>,
    /// Whom rows on their way name.
    named: HashMap<Key, u64>,
    /// Apart from the table, which may be twice as large as what is in it.
    persons: HashMap<u64, Box<Person>>,
    /// Batches, and whom each changes.
    batches: VecDeque<(u64, u64)>,
    next: u64,
    /// Whom rows before changed, in a dry run.
    seen: Option<Seen>,
}

/// What a row changes.
pub(super) struct Change {
    /// Nobody is known whom it names.
    pub(super) is_new: bool,
    pub(super) events: Vec<Event>,
}

impl<'a> People<'a> {
    pub(super) fn new(
        tenant: &'a Tenant,
        policies: &'a Policies,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        Ok(Self {
            tenant,
            policies,
            in_force: tenant.published().unwrap_or_default(),
            now,
            identifiers: projection::<Identifiers>(tenant)?,
            customers: projection::<Customers>(tenant)?,
            named: HashMap::new(),
            persons: HashMap::new(),
            batches: VecDeque::new(),
            next: 0,
            seen: None,
        })
    }

    /// Remembers whom rows change, beyond the batches that nobody has seen yet, as a dry run must:
    /// its rows have so many identifiers. Of customers of long before only that they are not new
    /// is remembered, so that a row which repeats one counts as an update.
    ///
    /// # Errors
    /// 422 where they are too many.
    pub(super) fn remember(&mut self, identifiers: usize) -> Result<(), Problem> {
        if identifiers > DRY_RUN_IDENTIFIERS_MAX {
            let detail = format!(
                "the file has {identifiers} identifiers; a dry run takes {DRY_RUN_IDENTIFIERS_MAX}"
            );
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "too_many_identifiers", detail));
        }
        self.seen = Some(Seen::of(identifiers));
        Ok(())
    }

    /// Begins a batch; projections have everything up to batch `applied`.
    pub(super) fn begin(&mut self, batch: u64, applied: u64) -> Result<(), Problem> {
        // A rebuild may have put others in their place.
        self.identifiers = projection::<Identifiers>(self.tenant)?;
        self.customers = projection::<Customers>(self.tenant)?;
        self.in_force = self.tenant.published().unwrap_or_default();
        let seen = match self.seen {
            Some(_) => batch.saturating_sub(DRY_BATCHES_MAX),
            None => applied,
        };
        while let Some((of, person)) = self.batches.front().copied() {
            if of > seen {
                break;
            }
            self.batches.pop_front();
            self.forget(person, seen);
        }
        Ok(())
    }

    fn forget(&mut self, person: u64, seen: u64) {
        let known = self.persons.get(&person);
        if known.is_none_or(|known| known.batch > seen) {
            return;
        }
        if let Some(known) = self.persons.remove(&person) {
            for key in &known.identifiers {
                if self.named.get(key) == Some(&person) {
                    self.named.remove(key);
                }
            }
        }
    }

    /// What a row of `batch` changes.
    pub(super) fn change(&mut self, mut row: Row, names: &EventNames<'_>, batch: u64) -> Change {
        self.drop_nobodys(&mut row);
        let found = self.find(&row.identifiers);
        let events = self.events(&found, &row, names);
        let is_new = matches!(found, Found::Nobody) && !self.is_remembered(&row.identifiers);
        if !events.is_empty() {
            self.keep(found, &row, batch);
        }
        Change { is_new, events }
    }

    /// Whether a row changes nothing.
    pub(super) fn says_nothing_new(&self, mut row: Row, names: &EventNames<'_>) -> bool {
        self.drop_nobodys(&mut row);
        let found = self.find(&row.identifiers);
        self.events(&found, &row, names).is_empty()
    }

    fn events(&self, found: &Found, row: &Row, names: &EventNames<'_>) -> Vec<Event> {
        let known = match found {
            Found::Waiting(person) => self.persons.get(person).map(|known| known.known()),
            Found::Shown(person) => Some(person.known()),
            Found::Nobody => None,
        };
        row.events(known.as_ref(), names)
    }

    /// Leaves out what the ledger won't look at either. Where nothing else is left, it is for the
    /// ledger to refuse the row.
    fn drop_nobodys(&self, row: &mut Row) {
        let policies = self.in_force.policies();
        let is_nobodys = |one: &SentIdentifier| policies.is_nobodys(one.kind, one.value.as_str());
        if !row.identifiers.iter().all(is_nobodys) {
            row.identifiers.retain(|one| !is_nobodys(one));
        }
    }

    /// Whom the first identifier that is anybody's names, as the ledger will decide.
    fn find(&self, identifiers: &[SentIdentifier]) -> Found {
        for identifier in identifiers {
            let sought = Sought(identifier.kind, identifier.value.as_str());
            if let Some(person) = self.named.get(&sought) {
                return Found::Waiting(*person);
            }
            let found = self.shown_owner(sought.0, sought.1);
            if let Some(person) = found.and_then(|member| self.shown(member)) {
                return Found::Shown(Box::new(person));
            }
        }
        Found::Nobody
    }

    fn shown(&self, member: CustomerId) -> Option<Person> {
        self.customers.read(member, |state, _| {
            let shown = summary(member, state, self.policies, self.now);
            Person::of(&shown, state, member)
        })
    }

    fn is_remembered(&self, identifiers: &[SentIdentifier]) -> bool {
        let Some(seen) = &self.seen else { return false };
        identifiers
            .iter()
            .any(|identifier| seen.contains(identifier))
    }

    fn keep(&mut self, found: Found, row: &Row, batch: u64) {
        let person = match found {
            Found::Waiting(person) => person,
            Found::Shown(shown) => self.insert(*shown),
            Found::Nobody => self.insert(Person::new()),
        };
        if let Some(seen) = &mut self.seen {
            row.identifiers.iter().for_each(|one| seen.insert(one));
        }
        for identifier in &row.identifiers {
            self.claim(person, identifier);
        }
        let Some(known) = self.persons.get_mut(&person) else {
            return;
        };
        known.take(row);
        if known.batch != batch {
            known.batch = batch;
            self.batches.push_back((batch, person));
        }
    }

    /// Makes an identifier the person's, unless it is somebody's already: then the ledger leaves
    /// it with whom it is.
    fn claim(&mut self, person: u64, identifier: &SentIdentifier) {
        let (kind, value) = (identifier.kind, identifier.value.as_str());
        let is_waiting = self.named.contains_key(&Sought(kind, value));
        if is_waiting || self.shown_owner(kind, value).is_some() {
            return;
        }
        let key: Key = (kind, value.into());
        if let Some(known) = self.persons.get_mut(&person) {
            known.identifiers.push(key.clone());
        }
        self.named.insert(key, person);
    }

    /// Whose an identifier is, as projections have it.
    fn shown_owner(&self, kind: IdentifierKind, value: &str) -> Option<CustomerId> {
        self.identifiers
            .index(|index| Identifiers::find(index, kind, value))
    }

    fn insert(&mut self, person: Person) -> u64 {
        self.next += 1;
        for key in &person.identifiers {
            self.named.insert(key.clone(), self.next);
        }
        self.persons.insert(self.next, Box::new(person));
        self.next
    }
}

fn projection<P: Projector>(tenant: &Tenant) -> Result<Arc<Projection<P>>, Problem> {
    tenant.projection::<P>().ok_or_else(|| {
        let detail = format!("projection {} does not run here", P::NAME);
        Problem::unavailable("projection_failed", detail)
    })
}

enum Found {
    /// Rows before this one change it.
    Waiting(u64),
    Shown(Box<Person>),
    Nobody,
}

#[derive(Hash)]
struct Sought<'a>(IdentifierKind, &'a str);

impl hashbrown::Equivalent<Key> for Sought<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.0 == self.0 && *key.1 == *self.1
    }
}

impl Person {
    fn new() -> Self {
        Self {
            identifiers: Vec::new(),
            name: None,
            company: None,
            status: CustomerStatus::Active,
            custom_fields: BTreeMap::new(),
            balance: AgentFields::default(),
            agent: AgentFields::default(),
            batch: 0,
        }
    }

    fn of(shown: &Summary<'_>, state: &State, member: CustomerId) -> Self {
        let identifiers = shown.identifiers.iter();
        let fields = shown.custom_fields.iter();
        Self {
            identifiers: identifiers
                .map(|identified| (identified.kind, identified.value.into()))
                .collect(),
            name: shown.name.map(str::to_owned),
            company: shown.company.map(str::to_owned),
            status: shown.status,
            custom_fields: fields
                .map(|(name, json)| ((*name).to_owned(), custom_field_text(json).into_owned()))
                .collect(),
            balance: state.balance_of(member).map(said).unwrap_or_default(),
            agent: AgentFields {
                calls: Some(shown.total_agent_calls),
                emails: Some(shown.total_agent_emails),
                sms: Some(shown.total_agent_sms),
                call_seconds: Some(shown.agent_call_seconds),
                last_call_at: shown.last_agent_call_date,
                last_type: shown.last_agent_interaction_type,
                last_at: shown.last_agent_interaction_date,
            },
            batch: 0,
        }
    }

    fn known(&self) -> Known<'_> {
        let identifiers = self.identifiers.iter();
        let fields = self.custom_fields.iter();
        Known {
            identifiers: identifiers.map(|(kind, value)| (*kind, &**value)).collect(),
            name: self.name.as_deref(),
            company: self.company.as_deref(),
            status: self.status,
            custom_fields: fields
                .map(|(name, value)| (name.as_str(), Cow::Borrowed(value.as_str())))
                .collect(),
            balance: self.balance,
            agent: self.agent,
        }
    }

    /// What the row makes of it, but for its identifiers.
    fn take(&mut self, row: &Row) {
        if let Some(name) = row.name.as_deref() {
            self.name = Some(name.to_owned());
        }
        if let Some(company) = row.company.as_deref() {
            self.company = Some(company.to_owned());
        }
        self.status = row.status.unwrap_or(self.status);
        for (name, value) in &row.custom_fields {
            self.custom_fields
                .insert((**name).to_owned(), (**value).to_owned());
        }
        let balance = row.agent.but_not(&self.agent).over(&self.balance);
        if balance != self.balance {
            self.agent = moved(&self.agent, &self.balance, &balance);
            self.balance = balance;
        }
        self.take_history(row);
    }

    fn take_history(&mut self, row: &Row) {
        let Some(history) = &row.history else { return };
        let Some(kind) = AgentInteractionType::parse(&history.kind.to_ascii_lowercase()) else {
            return;
        };
        let agent = &mut self.agent;
        let counted = match kind {
            AgentInteractionType::Call => &mut agent.calls,
            AgentInteractionType::Email => &mut agent.emails,
            AgentInteractionType::Sms => &mut agent.sms,
        };
        *counted = Some(counted.unwrap_or(0) + 1);
        if kind == AgentInteractionType::Call {
            let seconds = u64::from(history.duration_seconds.unwrap_or(0));
            agent.call_seconds = Some(agent.call_seconds.unwrap_or(0) + seconds);
            agent.last_call_at = agent.last_call_at.max(Some(history.at));
        }
        if agent.last_at < Some(history.at) {
            agent.last_at = Some(history.at);
            agent.last_type = Some(kind);
        }
    }
}

/// A balance as a row could have said it.
fn said(balance: &Balance) -> AgentFields {
    AgentFields {
        calls: Some(balance.calls),
        emails: Some(balance.emails),
        sms: Some(balance.sms),
        call_seconds: Some(balance.call_seconds),
        last_call_at: balance.last_call_at,
        last_type: balance.last_type,
        last_at: balance.last_at,
    }
}

/// What is shown once the balance is another.
fn moved(shown: &AgentFields, before: &AgentFields, after: &AgentFields) -> AgentFields {
    let count = |shown: Option<u64>, before: Option<u64>, after: Option<u64>| {
        let own = shown.unwrap_or(0).saturating_sub(before.unwrap_or(0));
        Some(own.saturating_add(after.unwrap_or(0)))
    };
    let is_newer = after.last_at > shown.last_at;
    AgentFields {
        calls: count(shown.calls, before.calls, after.calls),
        emails: count(shown.emails, before.emails, after.emails),
        sms: count(shown.sms, before.sms, after.sms),
        call_seconds: count(shown.call_seconds, before.call_seconds, after.call_seconds),
        last_call_at: shown.last_call_at.max(after.last_call_at),
        last_type: if is_newer {
            after.last_type
        } else {
            shown.last_type
        },
        last_at: shown.last_at.max(after.last_at),
    }
}
