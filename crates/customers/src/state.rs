//! The projector: one record after another into one customer's state.

use crate::agent::{Agent, Balance};
use crate::entries::Entries;
use crate::index::Index;
use crate::orders::{Orders, Totals};
use crate::person::{Held, Person};
use crate::standing::Standing;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::custom::{CountsAs, CustomFacts};
use touchbook_events::catalogue::customer::{
    AgentInteractionType, ConsentChanged, CustomerStatus, StatusChanged, Updated,
};
use touchbook_events::{CustomerId, Data, EntrySource, Member, Record, Timestamp};
use touchbook_projection::{Place, Projector, Stamp};

/// The projector of customer summaries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Customers;

/// What was counted and said of one customer, without any policy in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(crate) person: Person,
    pub(crate) standing: Standing,
    pub(crate) entries: Entries,
    pub(crate) agent: Agent,
    pub(crate) orders: Orders,
    changed_at: u64,
    /// The position of the slice's first record.
    began_at: u64,
}

/// What the tenant's lists need of one customer; shared with its state, not copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) company: Option<Arc<str>>,
    pub(crate) identifiers: Arc<Vec<Held>>,
    pub(crate) active_at: Option<Timestamp>,
    /// When an agent had to do with it last.
    pub(crate) agent_at: Option<Timestamp>,
    pub(crate) seen_at: Option<Timestamp>,
    /// Set by hand.
    pub(crate) manual_status: Option<CustomerStatus>,
    pub(crate) totals: Arc<Totals>,
}

impl Projector for Customers {
    type State = State;
    type Contribution = Contribution;
    type Index = Index;

    const NAME: &'static str = "customers";
    const VERSION: u32 = 6;

    fn apply(state: &mut State, record: &Record) {
        let stamp = Stamp::of(&record.header);
        if state.began_at == 0 {
            state.began_at = stamp.position;
        }
        if record.header.changes_its_customer() {
            state.changed_at = stamp.position;
        }
        state.mention(stamp, &record.data);
        state.enter(record);
        state.describe(stamp, record);
    }

    fn contribution(_: CustomerId, state: &State) -> Option<Contribution> {
        state.is_listed().then(|| Contribution {
            name: state.person.name.get().cloned(),
            company: state.person.company.get().cloned(),
            identifiers: Arc::clone(&state.person.identifiers),
            active_at: state.entries.active_at,
            agent_at: state.agent.fields().last_at,
            seen_at: state.seen_at(),
            manual_status: state.standing.status.copied(),
            totals: Arc::clone(state.orders.totals()),
        })
    }

    fn contribute(
        index: &mut Index,
        customer: CustomerId,
        before: Option<Contribution>,
        after: Option<Contribution>,
    ) {
        index.contribute(customer, before.as_ref(), after.as_ref());
    }
}

impl State {
    /// The position of the last record that changed the customer: of the slice, or the one that
    /// last changed the slice itself, at `resliced_at`.
    pub fn changed_at(&self, resliced_at: u64) -> u64 {
        self.changed_at.max(resliced_at)
    }

    /// The position of the first record that is about the customer, by which they are in the order
    /// of their beginning.
    pub fn began_at(&self) -> u64 {
        self.began_at
    }

    /// The names of the tenant's own fields that the customer has.
    pub fn custom_field_names(&self) -> impl Iterator<Item = &str> {
        self.person.custom_fields.values().map(|(name, _)| name)
    }

    /// The last activity, that of an opening balance included, or when the customer began.
    pub(crate) fn seen_at(&self) -> Option<Timestamp> {
        let active_at = self.entries.active_at.max(self.agent.fields().last_at);
        active_at.max(self.person.since)
    }

    /// Anonymous customers are listed nowhere, nor is one of whom nothing is left.
    pub fn is_listed(&self) -> bool {
        self.person.known || (!self.person.anonymous && self.entries.count() > 0)
    }

    /// What the last opening balance of `member`, one of the group, said.
    pub fn balance_of(&self, member: CustomerId) -> Option<&Balance> {
        self.agent.balance_of(member)
    }

    /// Whether nobody is known behind it.
    pub fn is_anonymous(&self) -> bool {
        self.person.anonymous && !self.person.known
    }

    /// Names that come along with any event.
    fn mention(&mut self, stamp: Stamp, data: &Data) {
        if let Some(reference) = data.customer_ref() {
            self.person.named(
                stamp,
                reference.name.as_deref(),
                reference.company.as_deref(),
            );
        }
    }

    /// Counts the entry that the record makes, and what agents and orders come to.
    fn enter(&mut self, record: &Record) {
        let Record { header, data, .. } = record;
        if header.event_type.entry_source().is_none() {
            return;
        }
        let subject = header.subject;
        let place = Stamp::from(Place::of(record));
        let is_new = self.entries.place(subject, place.time);
        let changed = Stamp::changed_at(header, data.changed_at());
        match data {
            Data::CallEnded(ended) => {
                if let Some(seconds) = ended.facts.duration_seconds {
                    self.agent.call_lasted(subject, changed, seconds);
                }
            }
            Data::EmailSent(_) => self.sent(record, AgentInteractionType::Email, place),
            Data::SmsSent(_) => self.sent(record, AgentInteractionType::Sms, place),
            Data::OrderUpdated(updated) => self.orders.updated(subject, changed, updated),
            Data::OrderRefunded(refunded) => self.orders.refunded(header, refunded),
            Data::QuoteUpdated(_) => self.entries.active(changed.time),
            Data::Custom(custom) => {
                if is_new && let Some(kind) = agent_interaction(&custom.facts) {
                    self.sent(record, kind, place);
                }
            }
            _ => {}
        }
        let is_call = header.event_type.entry_source() == Some(EntrySource::Call);
        if is_new && is_call {
            self.agent.add(AgentInteractionType::Call, place);
        }
    }

    fn sent(&mut self, record: &Record, kind: AgentInteractionType, place: Stamp) {
        if self.entries.first_sent(record.header.subject) {
            self.agent.add(kind, place);
        }
    }

    /// What is said of the customer itself.
    fn describe(&mut self, stamp: Stamp, record: &Record) {
        match &record.data {
            Data::CustomerCreated(created) => {
                let personal = created.personal.as_ref();
                let held = personal.map_or(&[][..], |personal| &personal.identifiers);
                self.person.created(stamp, created.facts.anonymous, held);
                if let Some(personal) = personal {
                    let (name, company) = (&personal.name, &personal.company);
                    self.person
                        .named(stamp, name.as_deref(), company.as_deref());
                }
            }
            Data::CustomerUpdated(updated) => self.updated(stamp, updated),
            Data::IdentifierAttached(attached) => match &attached.personal {
                Some(personal) => self.person.attach(
                    stamp,
                    attached.facts.kind,
                    &personal.value,
                    personal.as_sent.as_deref(),
                ),
                None => self.person.known = true,
            },
            Data::IdentifierDetached(detached) => {
                if let Some(personal) = &detached.personal {
                    self.person.detach(detached.facts.kind, &personal.value);
                }
            }
            Data::CustomerStatusChanged(changed) => self.status_changed(stamp, changed),
            Data::CustomerConsentChanged(changed) => self.consent_changed(stamp, changed),
            Data::OpeningBalanceImported(imported) => {
                let member = record.header.customer.unwrap_or_default();
                self.agent.balance(member, stamp, imported);
            }
            _ => {}
        }
    }

    fn updated(&mut self, stamp: Stamp, updated: &Updated) {
        let Some(personal) = &updated.personal else {
            return;
        };
        self.person
            .described(stamp, &personal.name, &personal.company);
        self.person.prefer(stamp, &personal.customer);
        self.person.fields.take(stamp, &personal.fields);
        self.person
            .custom_fields
            .take(stamp, &personal.custom_fields);
    }

    fn status_changed(&mut self, stamp: Stamp, changed: &StatusChanged) {
        let status: &Member<CustomerStatus> = &changed.facts.status;
        self.standing
            .status
            .set_member(stamp, status, |status| *status);
    }

    fn consent_changed(&mut self, stamp: Stamp, changed: &ConsentChanged) {
        let consent = self
            .standing
            .consents
            .entry(changed.facts.channel)
            .or_default();
        consent.set(stamp, Some(changed.facts.granted));
    }
}

/// What an entry of a registered type adds to what agents did, by the record that makes it.
///
/// Later ones may be of another version, and leave out which way it went. As with messages of ours,
/// what came in is nothing that an agent sent.
fn agent_interaction(facts: &CustomFacts) -> Option<AgentInteractionType> {
    let is_inbound = facts.direction == Some(Direction::Inbound);
    match facts.counts_as? {
        CountsAs::Call => Some(AgentInteractionType::Call),
        CountsAs::Email if !is_inbound => Some(AgentInteractionType::Email),
        CountsAs::Sms if !is_inbound => Some(AgentInteractionType::Sms),
        _ => None,
    }
}
