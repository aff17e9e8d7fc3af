//! One mail as its revisions say.

use super::links::{Name, Names};
use touchbook_events::catalogue::message::{EmailClassified, EmailReceived, EmailSent, Thread};
use touchbook_events::catalogue::sentiment::Scorer;
use touchbook_events::text::{Address, Word};
use touchbook_events::{Data, EventType, Member, Record, Text};
use touchbook_projection::{Latest, Stamp};

/// What is kept of a mail beside its entry.
#[derive(Default)]
pub(super) struct Mail {
    /// In order, so that each is there once.
    names: Vec<Name>,
    linked: Latest<Links>,
    pub(super) from: Latest<Address>,
    pub(super) from_name: Latest<Box<str>>,
    pub(super) to: Latest<Vec<Address>>,
    pub(super) cc: Latest<Vec<Address>>,
    pub(super) sorted: Vec<Sorted>,
}

/// What a mail answers.
struct Links {
    thread_id: Option<Box<str>>,
    in_reply_to: Option<Name>,
    answers: Vec<Name>,
}

/// How a mail was sorted, as one record says it.
pub(super) struct Sorted {
    pub(super) stamp: Stamp,
    pub(super) category: Member<Word>,
    pub(super) status: Member<Word>,
    pub(super) classifier: Option<Scorer>,
}

/// Takes what an e-mail says, which came or went: their payloads have the same members.
macro_rules! take_email {
    ($mail:ident, $stamp:ident, $names:ident, $email:ident) => {{
        $mail.sort($stamp, &$email.facts.category, &$email.facts.status, None);
        if let Some(personal) = &$email.personal {
            $mail.name(personal.email_id.as_deref(), $names);
            $mail.link($stamp, &personal.thread, $names);
            $mail.from.set_member($stamp, &personal.from, Clone::clone);
            let name = |name: &Text<200>| name.as_str().into();
            $mail
                .from_name
                .set_member($stamp, &personal.from_name, name);
            $mail.to.set_member($stamp, &personal.to, Clone::clone);
            $mail.cc.set_member($stamp, &personal.cc, Clone::clone);
        }
    }};
}

impl Mail {
    pub(super) fn take(&mut self, record: &Record, names: &mut Names) {
        let stamp = Stamp::changed_at(&record.header, record.data.changed_at());
        if let Some(sent) = &record.sent {
            self.name(own_name(&sent.subject), names);
        }
        match &record.data {
            Data::EmailReceived(email) => self.received(stamp, email, names),
            Data::EmailSent(email) => self.sent(stamp, email, names),
            Data::EmailClassified(classified) => self.classified(stamp, classified, names),
            _ => {}
        }
    }

    fn received(&mut self, stamp: Stamp, email: &EmailReceived, names: &mut Names) {
        take_email!(self, stamp, names, email);
    }

    fn sent(&mut self, stamp: Stamp, email: &EmailSent, names: &mut Names) {
        take_email!(self, stamp, names, email);
    }

    /// A classification clears nothing: what it leaves out stays as it was.
    fn classified(&mut self, stamp: Stamp, classified: &EmailClassified, names: &mut Names) {
        let facts = &classified.facts;
        let (category, status) = (facts.category.clone().into(), facts.status.clone().into());
        self.sort(stamp, &category, &status, facts.classifier.clone());
        let personal = classified.personal.as_ref();
        self.name(
            personal.and_then(|personal| personal.email_id.as_deref()),
            names,
        );
    }

    fn sort(
        &mut self,
        stamp: Stamp,
        category: &Member<Word>,
        status: &Member<Word>,
        classifier: Option<Scorer>,
    ) {
        if !category.is_absent() || !status.is_absent() {
            self.sorted.push(Sorted {
                stamp,
                category: category.clone(),
                status: status.clone(),
                classifier,
            });
        }
    }

    fn name(&mut self, name: Option<&str>, names: &mut Names) {
        let number = name.and_then(|name| names.number(name));
        if let Some(number) = number
            && let Err(at) = self.names.binary_search(&number)
        {
            self.names.insert(at, number);
        }
    }

    fn link(&mut self, stamp: Stamp, thread: &Member<Thread>, names: &mut Names) {
        self.linked.set_member(stamp, thread, |thread| {
            let in_reply_to = thread.in_reply_to.as_ref();
            let in_reply_to = in_reply_to.and_then(|name| names.number(name));
            let references = thread.references.iter();
            let references = references.filter_map(|name| names.number(name));
            let thread_id = thread.id.as_deref().map(str::trim);
            Links {
                answers: references.chain(in_reply_to).collect(),
                in_reply_to,
                thread_id: thread_id.filter(|id| !id.is_empty()).map(Into::into),
            }
        });
    }

    /// The mail system's own name for its thread.
    pub(super) fn thread_id(&self) -> Option<&str> {
        self.linked.get()?.thread_id.as_deref()
    }

    pub(super) fn names(&self) -> &[Name] {
        &self.names
    }

    pub(super) fn in_reply_to(&self) -> Option<Name> {
        self.linked.get()?.in_reply_to
    }

    /// What it refers to, the mail that it answers included.
    pub(super) fn answers(&self) -> &[Name] {
        self.linked.get().map_or(&[], |links| &links.answers)
    }
}

/// The Message-ID in a subject that was made of it.
fn own_name(subject: &str) -> Option<&str> {
    let kind = EventType::EmailReceived.object();
    subject.strip_prefix(kind)?.strip_prefix('/')
}
