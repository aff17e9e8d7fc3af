//! Who answered whom, and how soon.

use super::links::Name;
use super::message::Placed;
use std::collections::HashMap;
use touchbook_events::catalogue::call::Direction::{Inbound, Outbound};

/// For each inbound of `mails`, which are in the order of their places, where it stands and where
/// what answered it does: the first mail of ours that comes after it, or says that it answers it.
///
/// The latter is an answer even where the clocks of two mail systems put it before the question.
pub(super) fn answers(mails: &[&Placed<'_>]) -> Vec<(usize, Option<usize>)> {
    let mut said: HashMap<Name, usize> = HashMap::new();
    for (at, mail) in mails.iter().enumerate() {
        if mail.direction() == Some(Outbound)
            && let Some(name) = mail.mail.in_reply_to()
        {
            said.entry(name).or_insert(at);
        }
    }
    let mut next = None;
    let mut answers = Vec::new();
    for (at, mail) in mails.iter().enumerate().rev() {
        match mail.direction() {
            Some(Outbound) => next = Some(at),
            Some(Inbound) => {
                let named = mail.mail.names().iter();
                let said = named.filter_map(|name| said.get(name).copied());
                answers.push((at, said.chain(next).min()));
            }
            None => {}
        }
    }
    answers.reverse();
    answers
}
