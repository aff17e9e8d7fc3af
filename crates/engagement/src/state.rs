//! The projector: one record after another into one customer's state.

use crate::entries::Entries;
use crate::index::Index;
use crate::marks::{self, Fact, Marks};
use crate::open::{Open, Waiting};
use crate::scores::{Scored, Scores};
use std::sync::Arc;
use touchbook_events::catalogue::call::{Direction, Ended};
use touchbook_events::catalogue::customer;
use touchbook_events::catalogue::interaction::Logged;
use touchbook_events::catalogue::outcome::KnownOutcome;
use touchbook_events::{CustomerId, Data, EntrySource, EventType, Member, Record, Timestamp};
use touchbook_projection::{Place, Projector, Stamp};

/// The projector of engagement.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engagement;

/// One customer's entries, contacts and scores, without any policy in it: some 150 bytes, 24 for
/// each entry and each score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub(crate) is_known: bool,
    pub(crate) is_anonymous: bool,
    pub(crate) entries: Entries,
    pub(crate) scores: Scores,
    pub(crate) open: Open,
}

/// What the tenant's list needs of one customer; shared with its state, not copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    pub(crate) waiting: Option<Arc<Vec<Waiting>>>,
    pub(crate) scored: Option<Arc<Vec<Scored>>>,
    /// When the last entry happened that is scored.
    pub(crate) last_scored_at: Option<Timestamp>,
}

impl Projector for Engagement {
    type State = State;
    type Contribution = Contribution;
    type Index = Index;

    const NAME: &'static str = "engagement";
    const VERSION: u32 = 3;

    fn concerns(record: &Record) -> bool {
        let event_type = record.header.event_type;
        event_type.entry_source().is_some()
            || matches!(
                event_type,
                EventType::SentimentScored
                    | EventType::InteractionArchived
                    | EventType::InteractionUnarchived
                    | EventType::CustomerCreated
                    | EventType::IdentifierAttached
            )
    }

    fn apply(state: &mut State, record: &Record) {
        match record.header.event_type.entry_source() {
            Some(source) => state.enter(record, source),
            None => state.hear(record),
        }
    }

    fn contribution(_: CustomerId, state: &State) -> Option<Contribution> {
        let concern = state.concern();
        let is_any = concern.waiting.is_some() || concern.scored.is_some();
        (is_any && state.is_listed()).then_some(concern)
    }

    fn contribute(
        index: &mut Index,
        customer: CustomerId,
        before: Option<Contribution>,
        after: Option<Contribution>,
    ) {
        index.contribute(customer, before, after);
    }
}

impl State {
    /// How many entries there are, which is `interaction_count`.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// Bytes beyond the state itself.
    pub fn heap_bytes(&self) -> usize {
        let waiting = self.open.waiting();
        self.entries.bytes()
            + self.scores.bytes()
            + waiting.map_or(0, |list| list.capacity() * size_of::<Waiting>())
    }

    /// Anonymous customers are listed nowhere.
    fn is_listed(&self) -> bool {
        self.is_known || !self.is_anonymous
    }

    pub(crate) fn concern(&self) -> Contribution {
        let last = self.scores.scored().last();
        Contribution {
            waiting: self.open.waiting().cloned(),
            scored: self.scores.shared().cloned(),
            last_scored_at: last.map(|last| self.entries.get(last.entry).place().occurred_at),
        }
    }

    /// A record that makes its subject's entry or extends it.
    fn enter(&mut self, record: &Record, source: EntrySource) {
        let Record { header, data, .. } = record;
        let subject = header.subject.into();
        let known = self.entries.find(subject);
        let before = known.map_or_else(Marks::default, |entry| self.entries.get(entry).marks);
        let entry = known.unwrap_or_else(|| {
            let place = Place::of(record).into();
            self.entries.push(subject, place, Marks::of(source))
        });
        self.describe(entry, record, known.is_none());
        if known.is_none() {
            self.scores.entered(&self.entries, subject, entry);
        }
        if let Data::Custom(custom) = data
            && let Some(score) = custom.facts.score
        {
            self.scores.felt(&self.entries, header, *score);
        }
        if known.is_none() || before != self.entries.get(entry).marks {
            self.open.look_at(&self.entries, entry, before);
        }
    }

    /// What the record says of its entry.
    fn describe(&mut self, entry: u32, record: &Record, is_first: bool) {
        let stamp = Stamp::changed_at(&record.header, record.data.changed_at());
        let mut tell = |fact, value: Option<u8>| {
            if let Some(value) = value {
                self.entries.tell(entry, fact, stamp, value);
            }
        };
        match &record.data {
            Data::CallStarted(started) => {
                let direction = started.facts.direction;
                tell(Fact::Direction, direction.map(marks::of_direction));
            }
            Data::CallOutcomeRecorded(recorded) => {
                tell(
                    Fact::Outcome,
                    Some(marks::of_outcome(&recorded.facts.outcome)),
                );
            }
            Data::EmailReceived(email) => {
                let category = &email.facts.category;
                tell(Fact::Kind, told(category, |word| marks::of_kind(word)));
            }
            Data::EmailClassified(classified) => {
                let category = classified.facts.category.as_deref();
                tell(Fact::Kind, category.map(marks::of_kind));
            }
            Data::SocialReceived(received) => {
                let requires = &received.facts.requires_response;
                tell(
                    Fact::RequiresResponse,
                    told(requires, |is| marks::of_flag(*is)),
                );
            }
            Data::InteractionLogged(logged) => logged_as(logged, tell),
            Data::Custom(custom) => {
                let facts = &custom.facts;
                tell(Fact::Direction, facts.direction.map(marks::of_direction));
                if is_first {
                    // It stays what its first record made it, whatever later versions count as.
                    tell(Fact::Method, facts.counts_as.map(marks::of_counted));
                }
            }
            Data::CallEnded(ended) => self.call_ended(entry, ended),
            _ => {}
        }
        if let Some(direction) = direction_of(record.header.event_type) {
            self.went(entry, direction);
        }
    }

    /// A message goes one way, which its type says; the first of its records that says so counts.
    fn went(&mut self, entry: u32, direction: Direction) {
        let marks = self.entries.marks_mut(entry);
        if marks.direction().is_none() {
            marks.set(Fact::Direction, marks::of_direction(direction));
        }
    }

    fn call_ended(&mut self, entry: u32, ended: &Ended) {
        let facts = &ended.facts;
        let disposition = facts.disposition.as_deref().and_then(KnownOutcome::of);
        let was_missed = disposition.is_some_and(KnownOutcome::is_missed);
        match facts.duration_seconds {
            _ if was_missed => self.entries.marks_mut(entry).ended(true),
            Some(seconds) => self.entries.marks_mut(entry).ended(seconds == 0),
            None => {}
        }
    }

    /// A record that makes no entry.
    fn hear(&mut self, record: &Record) {
        let stamp = Stamp::of(&record.header);
        match &record.data {
            Data::SentimentScored(scored) => {
                if let Some(score) = scored.facts.score {
                    self.scores.felt(&self.entries, &record.header, *score);
                }
            }
            Data::InteractionArchived(_) => self.archived(record, stamp, true),
            Data::InteractionUnarchived(_) => self.archived(record, stamp, false),
            Data::CustomerCreated(created) => self.created(created),
            Data::IdentifierAttached(_) => self.is_known = true,
            _ => {}
        }
    }

    /// Whether somebody is behind the customer, as the list of customers has it.
    fn created(&mut self, created: &customer::Created) {
        let personal = created.personal.as_ref();
        let is_named = personal.is_some_and(|personal| !personal.identifiers.is_empty());
        self.is_known |= !created.facts.anonymous || is_named;
        self.is_anonymous |= created.facts.anonymous;
    }

    /// Steps that are no entries yet are no complaints either.
    fn archived(&mut self, record: &Record, stamp: Stamp, is: bool) {
        let Some(entry) = self.entries.find(record.header.subject.into()) else {
            return;
        };
        let before = self.entries.get(entry).marks;
        self.entries
            .tell(entry, Fact::Archived, stamp, u8::from(is));
        self.open.look_at(&self.entries, entry, before);
    }
}

/// What a member of a whole object says: absent nothing, null that there is nothing.
fn told<T>(member: &Member<T>, of: impl FnOnce(&T) -> u8) -> Option<u8> {
    match member {
        Member::Absent => None,
        Member::Null => Some(0),
        Member::Value(value) => Some(of(value)),
    }
}

fn logged_as(logged: &Logged, mut tell: impl FnMut(Fact, Option<u8>)) {
    let facts = &logged.facts;
    tell(Fact::Kind, Some(marks::of_kind(&facts.kind)));
    tell(
        Fact::Direction,
        told(&facts.direction, |direction| {
            marks::of_direction(*direction)
        }),
    );
    tell(
        Fact::Method,
        told(&facts.contact_method, |method| marks::of_method(*method)),
    );
    tell(Fact::Outcome, told(&facts.outcome, marks::of_outcome));
    tell(
        Fact::RequiresResponse,
        told(&facts.requires_response, |is| marks::of_flag(*is)),
    );
}

fn direction_of(event_type: EventType) -> Option<Direction> {
    match event_type {
        EventType::EmailReceived
        | EventType::SmsReceived
        | EventType::ChatReceived
        | EventType::SocialReceived => Some(Direction::Inbound),
        EventType::EmailSent | EventType::SmsSent | EventType::ChatSent | EventType::SocialSent => {
            Some(Direction::Outbound)
        }
        _ => None,
    }
}
