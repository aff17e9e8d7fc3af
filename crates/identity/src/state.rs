//! What the identity decider knows, in digests and numbers.
//!
//! Every change goes through a method here that writes its inverse to the undo journal while a
//! batch is open, so that a torn batch leaves no trace.

mod encoding;
mod rows;
mod undo;

pub(crate) use rows::{Customer, Revision, Subject};

use crate::evidence::{Sharers, Suspicion};
use crate::groups::Merges;
use crate::slab::{Slab, hash};
use hashbrown::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use touchbook_events::{CustomerId, Digest, IdentifierKind};
use undo::Undo;

/// Digests are uniformly random: their own bytes are the hash.
#[derive(Default)]
pub(crate) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Ok(key) = bytes.try_into() {
            self.0 = hash(key);
        }
    }

    /// The length that an array writes before its bytes.
    fn write_usize(&mut self, _: usize) {}
}

type ByDigest<V> = HashMap<Digest, V, BuildHasherDefault<DigestHasher>>;

/// Two customers that may be one, the older first.
pub(crate) type Pair = (u32, u32);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) customers: Slab<Customer>,
    pub(crate) subjects: Slab<Subject>,
    /// Whose an identifier is, by the digest of kind and normal form.
    identifiers: ByDigest<u32>,
    /// Other names of subjects, such as a CallSid, and the subject that each stands for.
    aliases: ByDigest<u32>,
    suspicions: HashMap<Pair, Suspicion>,
    /// Customers that share an identifier with its owner, who is among them; of those that any do.
    sharers: ByDigest<Sharers>,
    /// Pair and identifiers of the suggestions that imports caused, by position: alone among
    /// suggestions these may be retracted.
    suggested: HashMap<u64, (Pair, Vec<Digest>)>,
    merges: Merges,
    /// Retracted positions, and the position that retracted each.
    retracted: HashMap<u64, u64>,
    /// Positions of the records that can't be retracted, in order.
    structural: Vec<u64>,
    /// The inverse of what was done since `begin`, last first; `None` while no batch is open.
    undo: Option<Vec<Undo>>,
}

/// What decisions ask.
impl State {
    pub(crate) fn customer(&self, id: CustomerId) -> Option<u32> {
        self.customers.find(id.as_bytes())
    }

    pub(crate) fn id_of(&self, customer: u32) -> CustomerId {
        self.customers.get(customer).id
    }

    /// The subject that `digest` names, itself or as an alias.
    pub(crate) fn subject(&self, digest: Digest) -> Option<u32> {
        self.subjects
            .find(&digest.0)
            .or_else(|| self.aliases.get(&digest).copied())
    }

    /// The position of the last change of the group that `customer` is in.
    pub(crate) fn changed_at(&self, customer: u32) -> u64 {
        let members = self.merges.members(self.id_of(customer));
        let rows = members
            .into_iter()
            .filter_map(|member| self.customer(member));
        rows.map(|row| self.customers.get(row).changed_at())
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn identified(&self, identifier: Digest) -> Option<u32> {
        self.identifiers.get(&identifier).copied()
    }

    /// Whether `evidence` for a pair says nothing that is not known.
    pub(crate) fn is_known(&self, pair: Pair, evidence: u64) -> bool {
        let known = self.suspicions.get(&pair);
        known.is_some_and(|known| known.knows(evidence))
    }

    /// How many share an identifier once these two do.
    pub(crate) fn sharers(&self, identifier: Digest, pair: Pair) -> usize {
        let known = self.sharers.get(&identifier);
        known.map_or(2, |known| known.count_with(pair))
    }

    pub(crate) fn merges(&self) -> &Merges {
        &self.merges
    }

    pub(crate) fn retracted_by(&self, position: u64) -> Option<u64> {
        self.retracted.get(&position).copied()
    }

    /// Whether the record at `position` is one that others stand on.
    pub(crate) fn is_structural(&self, position: u64) -> bool {
        self.structural.binary_search(&position).is_ok()
    }

    /// The position of the latest revision of `subject` where it has this content and still counts.
    pub(crate) fn same_revision(&self, subject: u32, content: Digest) -> Option<u64> {
        let latest = self.subjects.get(subject).latest()?;
        let same = latest.content == Revision::content_of(content);
        (same && !self.retracted.contains_key(&latest.position)).then_some(latest.position)
    }
}

/// What records change.
impl State {
    fn note(&mut self, undo: Undo) {
        if let Some(journal) = &mut self.undo {
            journal.push(undo);
        }
    }

    pub(crate) fn create(&mut self, id: CustomerId, anonymous: bool) -> Option<u32> {
        if self.customer(id).is_some() {
            return None;
        }
        self.note(Undo::Created);
        Some(self.customers.push(Customer::new(id, anonymous)))
    }

    /// What belongs to `customer` changed at `position`.
    pub(crate) fn change(&mut self, customer: u32, position: u64) {
        let before = self.customers.get(customer).changed_at();
        self.note(Undo::CustomerChanged { customer, before });
        self.customers.get_mut(customer).change(position);
    }

    /// Gives an identifier to `customer`, unless it is somebody's.
    pub(crate) fn attach(&mut self, digest: Digest, kind: IdentifierKind, customer: u32) {
        if self.identified(digest).is_some() {
            return;
        }
        let before = *self.customers.get(customer);
        self.note(Undo::Attached {
            digest,
            customer,
            before,
        });
        self.identifiers.insert(digest, customer);
        self.customers.get_mut(customer).gain(kind);
    }

    pub(crate) fn detach(&mut self, digest: Digest, kind: IdentifierKind, customer: u32) {
        if self.identified(digest) != Some(customer) {
            return;
        }
        let before = *self.customers.get(customer);
        self.note(Undo::Detached {
            digest,
            customer,
            before,
        });
        self.identifiers.remove(&digest);
        self.customers.get_mut(customer).lose(kind);
    }

    /// The subject `digest`; where it is new, it becomes `customer`'s.
    pub(crate) fn know_subject(&mut self, digest: Digest, customer: Option<u32>) -> u32 {
        if let Some(subject) = self.subject(digest) {
            return subject;
        }
        self.note(Undo::Subject);
        self.subjects.push(Subject::new(digest, customer))
    }

    pub(crate) fn revise(&mut self, subject: u32, content: Digest, position: u64) {
        let before = *self.subjects.get(subject);
        self.note(Undo::Changed { subject, before });
        self.subjects.get_mut(subject).revise(content, position);
    }

    pub(crate) fn assign(&mut self, subject: u32, customer: u32) {
        let before = *self.subjects.get(subject);
        self.note(Undo::Changed { subject, before });
        self.subjects.get_mut(subject).assign(customer);
    }

    /// Makes `digest` another name of `subject`, unless it is a name of any.
    pub(crate) fn alias(&mut self, digest: Digest, subject: u32) {
        if self.subject(digest).is_none() {
            self.note(Undo::Alias { digest });
            self.aliases.insert(digest, subject);
        }
    }

    /// A suggestion at `position`: what speaks for it, and the identifiers that the two share.
    pub(crate) fn suggest(&mut self, pair: Pair, evidence: u64, shared: &[Digest], position: u64) {
        self.suspect(pair, |known| {
            known.suggest(evidence, position);
            true
        });
        for identifier in shared {
            self.share(*identifier, |known| {
                known.share(pair, position);
                true
            });
        }
    }

    /// Remembers a suggestion that may be retracted.
    pub(crate) fn note_suggested(&mut self, position: u64, pair: Pair, shared: Vec<Digest>) {
        self.suggested.insert(position, (pair, shared));
        let before = None;
        self.note(Undo::Suggested { position, before });
    }

    /// Takes back the suggestion at `position`, if there is one that may be.
    fn forget_suggested(&mut self, position: u64) {
        let Some((pair, shared)) = self.suggested.remove(&position) else {
            return;
        };
        self.suspect(pair, |known| known.retract(position));
        for identifier in &shared {
            self.share(*identifier, |known| known.retract(position));
        }
        let before = Some((pair, shared));
        self.note(Undo::Suggested { position, before });
    }

    pub(crate) fn dismiss(&mut self, pair: Pair, position: u64) {
        self.suspect(pair, |known| {
            known.dismiss(position);
            true
        });
    }

    /// Changes what is known of a pair, which is forgotten where `change` answers so.
    fn suspect(&mut self, pair: Pair, change: impl FnOnce(&mut Suspicion) -> bool) {
        let before = self.suspicions.get(&pair).cloned();
        if !change(self.suspicions.entry(pair).or_default()) {
            self.suspicions.remove(&pair);
        }
        self.note(Undo::Suspected { pair, before });
    }

    /// Changes who shares an identifier, as [`State::suspect`] does.
    fn share(&mut self, identifier: Digest, change: impl FnOnce(&mut Sharers) -> bool) {
        let before = self.sharers.get(&identifier).cloned();
        if !change(self.sharers.entry(identifier).or_default()) {
            self.sharers.remove(&identifier);
        }
        self.note(Undo::Shared { identifier, before });
    }

    pub(crate) fn merge(&mut self, into: CustomerId, member: CustomerId, position: u64) {
        if self.merges.merge(into, member, position) {
            self.note(Undo::Merged { member });
        }
    }

    pub(crate) fn unmerge(&mut self, member: CustomerId) {
        if let Some((from, position)) = self.merges.unmerge(member) {
            self.note(Undo::Unmerged {
                member,
                from,
                position,
            });
        }
    }

    /// Called in the order of positions.
    pub(crate) fn note_structural(&mut self, position: u64) {
        self.note(Undo::Structural);
        self.structural.push(position);
    }

    pub(crate) fn retract(&mut self, position: u64, by: u64) {
        if let hashbrown::hash_map::Entry::Vacant(entry) = self.retracted.entry(position) {
            entry.insert(by);
            self.note(Undo::Retracted { position });
            self.forget_suggested(position);
        }
    }

    pub(crate) fn reinstate(&mut self, position: u64) {
        if let Some(by) = self.retracted.remove(&position) {
            self.note(Undo::Reinstated { position, by });
        }
    }
}
