//! Keys and users as one position has them.

use crate::key::KeyText;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use touchbook_events::CustomerId;
use touchbook_events::catalogue::access::{Role, WebhookKey};

/// A key as it is known: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Of the record that created it.
    pub position: u64,
    pub(crate) hash: Box<str>,
    pub role: Role,
    /// Whose it is; a program's is nobody's.
    pub user_id: Option<Box<str>>,
    /// The webhook that it opens, and nothing else.
    pub webhook: Option<WebhookKey>,
    /// Position of the record that revoked it.
    pub revoked_at: Option<u64>,
}

/// A user as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Of the record that defined it last.
    pub position: u64,
    pub role: Role,
    /// The customer that it is.
    pub customer: Option<CustomerId>,
}

/// What readers may have of keys and users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// By prefix.
    pub(crate) keys: BTreeMap<Box<str>, Key>,
    /// By their ids.
    pub(crate) users: BTreeMap<Box<str>, User>,
}

impl Accounts {
    /// The key that `text` is, where it is one and was not revoked.
    pub fn opened_by(&self, text: &KeyText) -> Option<&Key> {
        let key = self.live_key(text.prefix())?;
        text.has_hash(&key.hash).then_some(key)
    }

    /// The key with this prefix, unless it was revoked.
    pub fn live_key(&self, prefix: &str) -> Option<&Key> {
        self.key(prefix).filter(|key| key.revoked_at.is_none())
    }

    pub fn key(&self, prefix: &str) -> Option<&Key> {
        self.keys.get(prefix)
    }

    /// All keys there ever were, by prefix.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.keys.iter().map(|(prefix, key)| (&**prefix, key))
    }

    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    /// By their ids.
    pub fn users(&self) -> impl Iterator<Item = (&str, &User)> {
        self.users.iter().map(|(id, user)| (&**id, user))
    }
}
