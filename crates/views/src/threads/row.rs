//! One thread as answers show it.

use super::answers::answers;
use super::mail::Mail;
use super::message::{Message, Placed};
use serde::Serialize;
use std::collections::HashMap;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::sentiment::Scorer;
use touchbook_events::identifier::normal_form;
use touchbook_events::{IdentifierKind, Timestamp};
use touchbook_projection::Latest;

/// Most messages that one thread shows: the last ones.
pub const MESSAGES_MAX: usize = 100;
/// Most people that one thread shows: the first ones.
pub const PARTICIPANTS_MAX: usize = 50;

/// Mails that belong together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thread<'a> {
    /// The mail system's own name for it; `None` where its mails were linked without one.
    pub thread_id: Option<&'a str>,
    /// Of the first mail that has one.
    pub subject: Option<&'a str>,
    /// Whoever wrote or was written to, in the order in which they came in.
    pub participants: Vec<Participant<'a>>,
    pub participants_omitted: u64,
    pub message_count: u64,
    pub first_message_at: Timestamp,
    pub last_message_at: Timestamp,
    pub last_direction: Option<Direction>,
    pub classification: Classification<'a>,
    /// When the first mail came that is not answered yet; `None` where nothing waits for an answer.
    pub waiting_since: Option<Timestamp>,
    /// The last [`MESSAGES_MAX`], oldest first.
    pub messages: Vec<Message<'a>>,
    /// How many older messages are left out.
    pub messages_omitted: u64,
    /// What came among the messages shown, and what answered it.
    pub responses: Vec<Answer<'a>>,
}

/// Somebody who takes part in a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Participant<'a> {
    /// In normal form where it is an e-mail address.
    pub address: Box<str>,
    /// As it was written last.
    pub name: Option<&'a str>,
}

/// How a thread was sorted last: the latest time wins, ties the higher position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Classification<'a> {
    pub category: Option<&'a str>,
    pub status: Option<&'a str>,
    /// Who said so last; `None` where the mail system did.
    pub classifier: Option<&'a Scorer>,
}

/// A mail that came, and the mail of ours that answered it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer<'a> {
    pub entry_id: Option<&'a str>,
    pub position: u64,
    pub received_at: Timestamp,
    /// The entry of the answer; all three are `None` while it waits for one.
    pub answered_by: Option<&'a str>,
    pub answered_at: Option<Timestamp>,
    pub response_seconds: Option<u64>,
}

impl<'a> Thread<'a> {
    /// Of mails in the order of their places, the first and the last of which are named.
    pub(super) fn of((first, last): (&Placed<'a>, &Placed<'a>), mails: &[&Placed<'a>]) -> Self {
        let mut participants = participants(mails);
        let participants_omitted = participants.len().saturating_sub(PARTICIPANTS_MAX);
        participants.truncate(PARTICIPANTS_MAX);
        let answers = answers(mails);
        let waits = answers.iter().find(|(_, answer)| answer.is_none());
        let omitted = mails.len().saturating_sub(MESSAGES_MAX);
        let shown = mails.iter().skip(omitted);
        let responses = answers.iter().filter(|(at, _)| *at >= omitted);
        Self {
            thread_id: mails.iter().find_map(|mail| mail.mail.thread_id()),
            subject: mails.iter().find_map(|mail| mail.subject()),
            participants,
            participants_omitted: participants_omitted as u64,
            message_count: mails.len() as u64,
            first_message_at: first.entry.occurred_at(),
            last_message_at: last.entry.occurred_at(),
            last_direction: last.direction(),
            classification: Classification::of(mails),
            waiting_since: waits.map(|(at, _)| mails[*at].entry.occurred_at()),
            messages: shown.map(|mail| mail.message()).collect(),
            messages_omitted: omitted as u64,
            responses: responses
                .map(|(at, answer)| Answer::of(mails[*at], answer.map(|at| mails[at])))
                .collect(),
        }
    }
}

/// Each address once, however it is written.
fn participants<'a>(mails: &[&Placed<'a>]) -> Vec<Participant<'a>> {
    let mut people: Vec<Participant<'a>> = Vec::new();
    let mut known: HashMap<Box<str>, usize> = HashMap::new();
    for (text, name) in mails.iter().flat_map(|placed| addressed(placed.mail)) {
        let Some(address) = address(text) else {
            continue;
        };
        let at = *known.entry(address.clone()).or_insert(people.len());
        if at == people.len() {
            people.push(Participant { address, name });
        } else if name.is_some() {
            people[at].name = name;
        }
    }
    people
}

/// Whom a mail is from and to, with the name that goes with it.
fn addressed(mail: &Mail) -> impl Iterator<Item = (&str, Option<&str>)> {
    let name = mail.from_name.get().map(|name| &**name);
    let from = mail.from.get().map(move |from| (from.as_str(), name));
    let others = [mail.to.get(), mail.cc.get()];
    let others = others.into_iter().flatten().flatten();
    from.into_iter()
        .chain(others.map(|other| (other.as_str(), None)))
}

/// In normal form, else as it was written; `None` where nothing was.
fn address(text: &str) -> Option<Box<str>> {
    let normal = normal_form(IdentifierKind::Email, text, None);
    let address = normal.as_deref().unwrap_or(text).trim();
    (!address.is_empty()).then(|| address.into())
}

impl<'a> Classification<'a> {
    fn of(mails: &[&Placed<'a>]) -> Self {
        let (mut category, mut status) = (Latest::default(), Latest::default());
        let mut classifier = Latest::default();
        for sorted in mails.iter().flat_map(|placed| &placed.mail.sorted) {
            let stamp = sorted.stamp;
            category.set_member(stamp, &sorted.category, |word| word.as_str());
            status.set_member(stamp, &sorted.status, |word| word.as_str());
            classifier.set(stamp, sorted.classifier.as_ref());
        }
        Self {
            category: category.copied(),
            status: status.copied(),
            classifier: classifier.copied(),
        }
    }
}

impl<'a> Answer<'a> {
    fn of(mail: &Placed<'a>, answer: Option<&Placed<'a>>) -> Self {
        let received_at = mail.entry.occurred_at();
        let answered_at = answer.map(|answer| answer.entry.occurred_at());
        let seconds = answered_at.map(|at| at.seconds_since(received_at));
        Self {
            entry_id: mail.entry.entry_id(),
            position: mail.entry.position(),
            received_at,
            answered_by: answer.and_then(|answer| answer.entry.entry_id()),
            answered_at,
            response_seconds: seconds.map(|seconds| seconds.try_into().unwrap_or(0)),
        }
    }
}
