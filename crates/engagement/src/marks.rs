//! What is known of an entry beside its place, in 16 bits: there are millions of entries, and most
//! say little.

use serde::{Deserialize, Serialize};
use touchbook_events::EntrySource;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::custom::CountsAs;
use touchbook_events::catalogue::interaction::{ContactMethod, canonical_type};
use touchbook_events::catalogue::outcome::{KnownOutcome, Outcome};

/// A fact of an entry that a later word may change. In each, 0 stands for nothing said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Fact {
    Direction,
    /// What an e-mail is sorted under, and what kind of thing was logged.
    Kind,
    /// By what means people met of whom somebody logged it.
    Method,
    Outcome,
    RequiresResponse,
    Archived,
}

impl Fact {
    /// Where its bits begin, and how many it has; the lowest three are the source's.
    const fn bits(self) -> (u16, u16) {
        match self {
            Self::Direction => (3, 2),
            Self::Kind => (5, 3),
            Self::Method => (8, 3),
            Self::Outcome => (11, 2),
            Self::RequiresResponse => (13, 2),
            Self::Archived => (15, 1),
        }
    }
}

const SOURCE_BITS: u16 = 3;

/// The channels of contacts; a fact that names one says its place here, from [`FIRST_CHANNEL`].
pub(crate) const CHANNELS: [EntrySource; 5] = [
    EntrySource::Call,
    EntrySource::Email,
    EntrySource::Sms,
    EntrySource::Chat,
    EntrySource::Social,
];

const OTHER: u8 = 1;
const FIRST_CHANNEL: u8 = 2;
/// A complaint, or a request for support.
const COMPLAINT: u8 = 7;

const INBOUND: u8 = 1;
const OUTBOUND: u8 = 2;

const NO: u8 = 1;
const YES: u8 = 2;

const ENDED_AT_ONCE: u8 = 1;
const ENDED_AFTER_TALK: u8 = 2;

/// What an outcome comes to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Upshot {
    /// Something is left to do.
    Open = 1,
    Settled = 2,
    /// Nobody talked.
    Missed = 3,
}

/// The source of an entry and its facts, as the latest word has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks(u16);

impl Marks {
    /// Neither completed steps nor entries of registered types are of any kind, so those have the
    /// source's bits in common, and its kind tells the one from the other.
    pub(crate) fn of(source: EntrySource) -> Self {
        let (kind_from, _) = Fact::Kind.bits();
        Self(match source {
            EntrySource::Custom => EntrySource::Workflow as u16 | u16::from(OTHER) << kind_from,
            source => source as u16,
        })
    }

    pub(crate) fn source(self) -> EntrySource {
        let number = self.0 & ((1 << SOURCE_BITS) - 1);
        match EntrySource::ALL.get(usize::from(number)) {
            Some(EntrySource::Workflow) if self.get(Fact::Kind) > 0 => EntrySource::Custom,
            Some(source) => *source,
            None => EntrySource::Workflow,
        }
    }

    pub(crate) fn get(self, fact: Fact) -> u8 {
        let (from, count) = fact.bits();
        (self.0 >> from & ((1 << count) - 1)) as u8
    }

    pub(crate) fn set(&mut self, fact: Fact, value: u8) {
        let has_kind = !matches!(self.source(), EntrySource::Workflow | EntrySource::Custom);
        if fact == Fact::Kind && !has_kind {
            return;
        }
        let (from, count) = fact.bits();
        let mask = ((1 << count) - 1) << from;
        self.0 = self.0 & !mask | u16::from(value) << from & mask;
    }

    pub(crate) fn direction(self) -> Option<Direction> {
        match self.get(Fact::Direction) {
            INBOUND => Some(Direction::Inbound),
            OUTBOUND => Some(Direction::Outbound),
            _ => None,
        }
    }

    /// The channel that a logged interaction names: by its type, else by its contact method.
    pub(crate) fn logged_channel(self) -> Option<EntrySource> {
        channel(self.get(Fact::Kind)).or_else(|| channel(self.get(Fact::Method)))
    }

    pub(crate) fn is_complaint(self) -> bool {
        self.get(Fact::Kind) == COMPLAINT
    }

    pub(crate) fn upshot(self) -> Option<Upshot> {
        [Upshot::Open, Upshot::Settled, Upshot::Missed]
            .into_iter()
            .find(|upshot| *upshot as u8 == self.get(Fact::Outcome))
    }

    pub(crate) fn requires_response(self) -> bool {
        self.get(Fact::RequiresResponse) == YES
    }

    pub(crate) fn is_archived(self) -> bool {
        self.get(Fact::Archived) > 0
    }

    /// Notes how a call ended. A call is no contact method, so it has the room of one.
    pub(crate) fn ended(&mut self, at_once: bool) {
        let how = if at_once {
            ENDED_AT_ONCE
        } else {
            ENDED_AFTER_TALK
        };
        self.set(Fact::Method, self.get(Fact::Method) | how);
    }

    /// A call is talked on if any of its records says so, in whatever order they came.
    pub(crate) fn ended_at_once(self) -> bool {
        self.get(Fact::Method) == ENDED_AT_ONCE
    }
}

fn channel(value: u8) -> Option<EntrySource> {
    let place = value.checked_sub(FIRST_CHANNEL)?;
    CHANNELS.get(usize::from(place)).copied()
}

pub(crate) fn of_direction(direction: Direction) -> u8 {
    match direction {
        Direction::Inbound => INBOUND,
        Direction::Outbound => OUTBOUND,
    }
}

pub(crate) fn of_flag(is: bool) -> u8 {
    if is { YES } else { NO }
}

/// Of a type of interaction, or of the category that a mail system or a classifier gave.
pub(crate) fn of_kind(word: &str) -> u8 {
    let word = word.trim();
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if is("complaint") || is("support") {
        return COMPLAINT;
    }
    let kind = canonical_type(word);
    let place = CHANNELS.iter().position(|channel| channel.as_str() == kind);
    place.map_or(OTHER, |place| FIRST_CHANNEL + place as u8)
}

pub(crate) fn of_method(method: ContactMethod) -> u8 {
    let channel = match method {
        ContactMethod::Phone => EntrySource::Call,
        ContactMethod::Email => EntrySource::Email,
        ContactMethod::Chat => EntrySource::Chat,
        ContactMethod::SocialMedia => EntrySource::Social,
        ContactMethod::InPerson | ContactMethod::VideoCall | ContactMethod::Other => return OTHER,
    };
    of_kind(channel.as_str())
}

pub(crate) fn of_counted(counts_as: CountsAs) -> u8 {
    of_kind(counts_as.as_str())
}

pub(crate) fn of_outcome(outcome: &Outcome) -> u8 {
    let upshot = match outcome.known() {
        Some(known) if known.is_missed() => Upshot::Missed,
        Some(KnownOutcome::Resolved | KnownOutcome::Successful | KnownOutcome::Cancelled) => {
            Upshot::Settled
        }
        _ => Upshot::Open,
    };
    upshot as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: [Fact; 6] = [
        Fact::Direction,
        Fact::Kind,
        Fact::Method,
        Fact::Outcome,
        Fact::RequiresResponse,
        Fact::Archived,
    ];

    #[test]
    fn facts_lie_beside_each_other_and_the_source() {
        for source in EntrySource::ALL {
            let mut marks = Marks::of(*source);
            let has_kind = !matches!(source, EntrySource::Workflow | EntrySource::Custom);
            let had = |fact: &Fact| has_kind || *fact != Fact::Kind;
            for fact in FACTS.into_iter().filter(had) {
                let most = (1 << fact.bits().1) - 1;
                marks.set(fact, most);
                assert_eq!(marks.get(fact), most);
                let mut others = FACTS
                    .into_iter()
                    .filter(|other| had(other) && *other > fact);
                assert!(others.all(|other| marks.get(other) == 0));
                assert_eq!(marks.source(), *source);
            }
            FACTS.iter().for_each(|fact| marks.set(*fact, 0));
            assert_eq!(marks, Marks::of(*source));
            marks.set(Fact::Kind, COMPLAINT);
            assert_eq!(marks.source(), *source, "whatever is said of it");
        }
    }

    /// C4: a type and its alias are one.
    #[test]
    fn a_logged_type_names_a_channel_or_a_complaint_or_neither() {
        let channel_of = |kind| channel(of_kind(kind));
        assert_eq!(channel_of("phone_call"), Some(EntrySource::Call));
        assert_eq!(channel_of("social"), Some(EntrySource::Social));
        for kind in ["note", "meeting", "order", "", "Complaint", "support"] {
            assert_eq!(channel_of(kind), None, "{kind}");
        }
        assert_eq!(of_kind("Complaint"), COMPLAINT);
        assert_eq!(of_method(ContactMethod::Phone), of_kind("call"));
        assert_eq!(of_method(ContactMethod::SocialMedia), of_kind("social"));
        assert_eq!(channel(of_method(ContactMethod::InPerson)), None);
    }
}
