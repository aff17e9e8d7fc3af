//! Which mails belong together: those with the mail system's thread id by that alone, the others by
//! Message-ID, In-Reply-To and References (RFC 5322 §3.6.4).
//!
//! Mails without a thread id that share a name, seen or only referred to, are linked. Whoever of
//! them names a mail with a thread id, or is named by one, goes into that thread with all that are
//! linked to it. A thread id is never split, and no two are made one: where mails are linked to
//! several, they go with the mail among those that was placed last.

use std::collections::{BTreeMap, HashMap};
use touchbook_events::Timestamp;

/// The number of a name of a mail.
pub(super) type Name = u32;

/// Names of mails, each with a number in the order in which they were first met.
#[derive(Default)]
pub(super) struct Names(HashMap<Box<str>, Name>);

impl Names {
    /// `None` for what is no name, and for more names than can be numbered.
    pub(super) fn number(&mut self, text: &str) -> Option<Name> {
        let text = bare(text);
        if text.is_empty() {
            return None;
        }
        if let Some(number) = self.0.get(text) {
            return Some(*number);
        }
        let number = Name::try_from(self.0.len()).ok()?;
        self.0.insert(text.into(), number);
        Some(number)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A Message-ID without the brackets that belong to its notation.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_prefix('<')
        .and_then(|text| text.strip_suffix('>'));
    inner.map_or(text, str::trim)
}

/// What links a mail to others.
pub(super) struct Linked<'a> {
    pub(super) placed_at: Timestamp,
    pub(super) thread_id: Option<&'a str>,
    /// What it goes by itself.
    pub(super) names: &'a [Name],
    /// What it refers to.
    pub(super) answers: &'a [Name],
}

/// A thread of the mail system that others may go into: the latest placed wins, and ties are
/// settled by something that does not depend on arrival.
type Claim<'a> = (Timestamp, &'a str);

/// The group of each mail, by a number that means nothing else; `names` is how many names there
/// are.
pub(super) fn groups(mails: &[Linked<'_>], names: usize) -> Vec<usize> {
    let owned = owners(mails, names);
    let mut sets = Sets::new(mails.len() + names);
    let node = |name: Name| mails.len() + name as usize;
    let mut claims: Vec<(usize, Claim<'_>)> = Vec::new();
    for (at, mail) in mails.iter().enumerate() {
        let claim = mail.thread_id.map(|id| (mail.placed_at, id));
        for name in mail.names.iter().chain(mail.answers) {
            match (claim, owned[*name as usize]) {
                (Some(claim), None) => claims.push((node(*name), claim)),
                (None, Some(claim)) => claims.push((at, claim)),
                (None, None) => sets.join(at, node(*name)),
                (Some(_), Some(_)) => {}
            }
        }
    }
    let mut best: BTreeMap<usize, Claim<'_>> = BTreeMap::new();
    for (at, claim) in claims {
        let held = best.entry(sets.root(at)).or_insert(claim);
        *held = (*held).max(claim);
    }
    let mut systems: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups = Vec::with_capacity(mails.len());
    for (at, mail) in mails.iter().enumerate() {
        let root = sets.root(at);
        let claimed = best.get(&root).map(|(_, id)| *id);
        groups.push(match mail.thread_id.or(claimed) {
            Some(id) => *systems.entry(id).or_insert(at),
            None => mails.len() + root,
        });
    }
    groups
}

/// The thread of the mail system in which the mail is that goes by each name.
fn owners<'a>(mails: &[Linked<'a>], names: usize) -> Vec<Option<Claim<'a>>> {
    let mut owners = vec![None; names];
    for mail in mails {
        let Some(id) = mail.thread_id else { continue };
        for name in mail.names {
            let owner = &mut owners[*name as usize];
            *owner = (*owner).max(Some((mail.placed_at, id)));
        }
    }
    owners
}

/// Disjoint sets of mails and names.
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail<'a>(
        placed_at: i64,
        thread_id: Option<&'a str>,
        names: &'a [Name],
        answers: &'a [Name],
    ) -> Linked<'a> {
        Linked {
            placed_at: Timestamp::from_micros(placed_at),
            thread_id,
            names,
            answers,
        }
    }

    /// Which mails are with the first one.
    fn with_first(mails: &[Linked<'_>]) -> Vec<bool> {
        let groups = groups(mails, 10);
        groups.iter().map(|group| *group == groups[0]).collect()
    }

    #[test]
    fn a_name_is_the_same_with_and_without_brackets() {
        let mut names = Names::default();
        let one = names.number(" <a@b.example> ");
        assert_eq!(one, names.number("a@b.example"));
        assert_ne!(one, names.number("A@b.example"), "RFC 5322: case matters");
        assert_eq!((names.number("<>"), names.number(" ")), (None, None));
    }

    #[test]
    fn mails_that_refer_to_the_same_unseen_mail_are_together() {
        let mails = [mail(1, None, &[1], &[9]), mail(2, None, &[2], &[9])];
        assert_eq!(with_first(&mails), [true, true]);
        let mails = [mail(1, None, &[1], &[9]), mail(2, None, &[2], &[8])];
        assert_eq!(with_first(&mails), [true, false]);
    }

    #[test]
    fn the_mail_systems_thread_ids_are_neither_split_nor_made_one() {
        let mails = [
            mail(1, Some("t1"), &[1], &[]),
            mail(2, Some("t1"), &[2], &[]),
            mail(3, Some("t2"), &[3], &[1, 9]),
            mail(4, Some("t1"), &[4], &[9]),
        ];
        assert_eq!(with_first(&mails), [true, true, false, true]);
    }

    /// Our answers often come from a system that knows no thread ids.
    #[test]
    fn a_mail_without_an_id_goes_with_those_that_it_names_and_that_name_it() {
        let mails = [
            mail(1, Some("t1"), &[1], &[2]),
            mail(2, None, &[2], &[]),
            mail(3, None, &[3], &[1]),
            mail(4, None, &[4], &[3]),
            mail(5, None, &[5], &[]),
        ];
        assert_eq!(with_first(&mails), [true, true, true, true, false]);
    }

    #[test]
    fn a_mail_that_names_two_threads_goes_with_the_newer_one() {
        let mails = [
            mail(1, Some("t1"), &[1], &[]),
            mail(2, Some("t2"), &[2], &[]),
            mail(3, None, &[3], &[1, 2]),
            mail(4, None, &[4], &[1]),
        ];
        assert_eq!(with_first(&mails), [true, false, false, true]);
    }
}
