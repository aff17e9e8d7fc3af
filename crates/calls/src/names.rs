//! By what a call is found: its subject, its other subjects, Twilio's names for it.

use crate::stored::{Names, Stored};
use touchbook_events::EventType;
use touchbook_projection::{Latest, Stamp};

/// Names that a call remembers besides its current ones; recordings beyond that are found under
/// their call alone.
pub const OTHER_NAMES_MAX: usize = 16;

impl<'a> Stored<'a> {
    /// Remembers a subject under which the call was spoken of.
    pub(crate) fn goes_by(&mut self, name: &'a str) {
        let is_known = self.is_named(name);
        if !is_known && self.names.others.len() < OTHER_NAMES_MAX {
            self.names.others.push(name);
        }
    }

    /// Takes an alias; of it and the one before, the one that is not current is remembered.
    pub(crate) fn take_alias(
        &mut self,
        which: for<'s> fn(&'s mut Names<'a>) -> &'s mut Latest<&'a str>,
        stamp: Stamp,
        alias: Option<&'a str>,
    ) {
        let latest = which(&mut self.names);
        let before = latest.copied();
        latest.set_some(stamp, alias);
        for name in [before, alias].into_iter().flatten() {
            self.goes_by(name);
        }
    }

    /// Whether it goes by `name`, with the kind of object before it or without.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let name = alias(name);
        let is_subject = self.entry_id.is_some_and(|own| alias(own) == name);
        is_subject || self.aliases().any(|own| own == name)
    }

    /// Everything that it goes by but its subject, without the kind of object.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = &'a str> {
        let Names {
            call_sid,
            recording_sid,
            others,
        } = &self.names;
        let current = [call_sid.copied(), recording_sid.copied()];
        let all = current.into_iter().flatten().chain(others.iter().copied());
        all.map(alias)
    }
}

/// `CA1` of `call/CA1`; anything else is itself.
pub(crate) fn alias(name: &str) -> &str {
    let own = name.strip_prefix(EventType::CallStarted.object());
    own.and_then(|own| own.strip_prefix('/')).unwrap_or(name)
}

/// Whether an object of this name is a call, as far as its name tells.
pub(crate) fn is_of_call(subject: &str) -> bool {
    alias(subject).len() < subject.len()
}
