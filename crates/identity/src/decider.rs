//! The second decider: whose an event is.

use crate::about::{About, about, is_structural, names};
use crate::decide;
use crate::evidence;
use crate::resolve;
use crate::state::{Pair, State};
use touchbook_events::catalogue::customer::Created;
use touchbook_events::catalogue::merge::MergeSuggested;
use touchbook_events::{CustomerId, Data, Header, Record, TenantKey};
use touchbook_projection::slices::concerned_by;
use touchbook_projection::{Decider, Draft, Slices, snapshot};

/// Decides the customer of each event, in the state that holds everything before it.
pub struct IdentityDecider {
    key: TenantKey,
    state: State,
}

impl IdentityDecider {
    /// The decider of the tenant whose digests `key` makes.
    pub fn new(key: TenantKey) -> Self {
        Self {
            key,
            state: State::default(),
        }
    }

    /// How many customers there are, anonymous ones too.
    pub fn customer_count(&self) -> usize {
        self.state.customers.rows().len()
    }

    /// How many subjects are known.
    pub fn subject_count(&self) -> usize {
        self.state.subjects.rows().len()
    }

    /// The position of the last change of the group that `customer` is in, which an
    /// `expectedposition` is compared with; 0 for nobody.
    pub fn changed_at(&self, customer: CustomerId) -> u64 {
        let known = self.state.customer(customer);
        known.map_or(0, |customer| self.state.changed_at(customer))
    }

    fn customer_of(&self, header: &Header) -> Option<u32> {
        header.customer.and_then(|id| self.state.customer(id))
    }

    /// An event about an object: its subject is known from now on, with its other names.
    fn learn(&mut self, record: &Record) {
        let header = &record.header;
        let customer = match about(header.event_type) {
            About::Subject => match self.customer_of(header) {
                None => return,
                customer => customer,
            },
            About::Named | About::Nobody if header.event_type.is_whole_object() => None,
            About::Named | About::Nobody => return,
        };
        let subject = self.state.know_subject(header.subject, customer);
        if header.event_type.is_whole_object() {
            self.state.revise(subject, header.content, header.position);
        }
        let names = names(&self.key, &record.data);
        if !names.is_empty() {
            let sent = record
                .sent
                .as_ref()
                .map(|sent| self.key.subject(&sent.subject));
            names
                .into_iter()
                .chain(sent)
                .for_each(|name| self.state.alias(name, subject));
        }
    }

    fn create(&mut self, id: CustomerId, created: &Created) {
        let Some(customer) = self.state.create(id, created.facts.anonymous) else {
            return;
        };
        for identifier in created
            .personal
            .iter()
            .flat_map(|personal| &personal.identifiers)
        {
            let digest = resolve::digest(&self.key, identifier.kind, &identifier.value);
            self.state.attach(digest, identifier.kind, customer);
        }
    }

    /// A suggestion, with what speaks for it.
    fn suggest(&mut self, header: &Header, data: &MergeSuggested) {
        let facts = &data.facts;
        let Some(pair) = self.pair(facts.customer, facts.other) else {
            return;
        };
        let personal = data.personal.as_ref();
        let shown = personal.map_or(&[][..], |personal| &personal.identifiers);
        let evidence = evidence::of(&self.key, shown);
        let shared = shown.iter().map(|one| evidence::digest(&self.key, one));
        let shared: Vec<_> = shared.collect();
        self.state.suggest(pair, evidence, &shared, header.position);
        if header.correlation.is_some() {
            self.state.note_suggested(header.position, pair, shared);
        }
    }

    fn pair(&self, one: CustomerId, other: CustomerId) -> Option<Pair> {
        let (one, other) = (self.state.customer(one)?, self.state.customer(other)?);
        Some(decide::pair(one, other))
    }

    /// Takes in an effective record, and whom it changes.
    fn take(&mut self, record: &Record) {
        let header = &record.header;
        if Slices::is_changed_by(header.event_type) {
            let concerned = concerned_by(record);
            self.change(&concerned, header.position);
            self.evolve(record);
            self.change(&concerned, header.position);
            return;
        }
        self.evolve(record);
        if header.changes_its_customer()
            && let Some(customer) = self.customer_of(header)
        {
            self.state.change(customer, header.position);
        }
    }

    /// The groups that `members` are in changed at `position`.
    fn change(&mut self, members: &[CustomerId], position: u64) {
        for member in members {
            let canonical = self.state.merges().canonical(*member);
            if let Some(customer) = self.state.customer(canonical) {
                self.state.change(customer, position);
            }
        }
    }

    /// A record of a type that identity itself is about; they count where they are effective.
    fn evolve(&mut self, record: &Record) {
        let header = &record.header;
        match &record.data {
            Data::CustomerCreated(data) => {
                if let Some(id) = header.customer {
                    self.create(id, data);
                }
            }
            Data::IdentifierAttached(data) => {
                if let (Some(customer), Some(personal)) = (self.customer_of(header), &data.personal)
                {
                    let digest = resolve::digest(&self.key, data.facts.kind, &personal.value);
                    self.state.attach(digest, data.facts.kind, customer);
                }
            }
            Data::IdentifierDetached(data) => {
                if let (Some(customer), Some(personal)) = (self.customer_of(header), &data.personal)
                {
                    let digest = resolve::digest(&self.key, data.facts.kind, &personal.value);
                    self.state.detach(digest, data.facts.kind, customer);
                }
            }
            Data::SubjectAssigned(data) => {
                let subject = self.state.subject(data.facts.subject);
                if let (Some(subject), Some(to)) = (subject, self.state.customer(data.facts.to)) {
                    self.state.assign(subject, to);
                }
            }
            Data::MergeSuggested(data) => self.suggest(header, data),
            Data::MergeDismissed(data) => {
                if let Some(pair) = self.pair(data.facts.customer, data.facts.other) {
                    self.state.dismiss(pair, header.position);
                }
            }
            Data::CustomerMerged(data) => {
                for member in &data.facts.members {
                    self.state.merge(data.facts.into, *member, header.position);
                }
            }
            Data::CustomerUnmerged(data) => {
                data.facts
                    .members
                    .iter()
                    .for_each(|member| self.state.unmerge(*member));
            }
            Data::EventRetracted(data) => {
                for position in data
                    .facts
                    .positions
                    .iter()
                    .filter(|at| **at < header.position)
                {
                    self.state.retract(*position, header.position);
                }
            }
            Data::EventReinstated(data) => {
                data.facts
                    .positions
                    .iter()
                    .for_each(|at| self.state.reinstate(*at));
            }
            _ => {}
        }
    }
}

impl Decider for IdentityDecider {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn version(&self) -> u32 {
        6
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        if let Err(problem) = decide::decide(&self.state, draft) {
            draft.refuse(problem);
        }
    }

    fn apply(&mut self, record: &Record) {
        self.learn(record);
        if is_structural(record.header.event_type) {
            self.state.note_structural(record.header.position);
        }
        if record.header.is_effective() {
            self.take(record);
        }
    }

    fn encode(&self) -> Vec<u8> {
        self.state.encode()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error> {
        self.state = State::decode(bytes)?;
        Ok(())
    }

    fn begin(&mut self) {
        self.state.begin();
    }

    fn rollback(&mut self) {
        self.state.rollback();
    }

    fn keep(&mut self) {
        self.state.keep();
    }
}
