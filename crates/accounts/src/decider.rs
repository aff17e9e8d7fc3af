//! The decider of keys and users.

use crate::accounts::{Accounts, Key, User};
use std::any::Any;
use std::sync::Arc;
use touchbook_events::catalogue::access::{KeyCreated, KeyRevoked, Role, UserDefined};
use touchbook_events::record::Ineffective;
use touchbook_events::{Data, Decision, Problem, Record};
use touchbook_projection::{Decider, Draft, Verdict, snapshot};

/// Keys that a tenant may have had; each is known for ever, so that none is issued twice.
const KEYS_MAX: usize = 10_000;
const USERS_MAX: usize = 10_000;
/// How a user's subject begins.
const USER_PREFIX: &str = "user/";

/// Keeps every key's hash and every user's role.
#[derive(Default)]
pub struct AccountsDecider {
    accounts: Arc<Accounts>,
    /// As it was at `begin`.
    begun: Option<Arc<Accounts>>,
}

impl AccountsDecider {
    pub fn new() -> Self {
        Self::default()
    }

    fn create(&self, data: &KeyCreated) -> Result<(), Problem> {
        let prefix = data.facts.prefix.as_str();
        if self.accounts.key(prefix).is_some() {
            let detail = format!("there was a key `{prefix}` already");
            return Err(Problem::new("key_exists", "/data/prefix", detail));
        }
        if self.accounts.keys.len() >= KEYS_MAX {
            let detail = format!("there were {KEYS_MAX} keys, as many as a tenant may have");
            return Err(Problem::new("too_many_keys", "/data/prefix", detail));
        }
        let user_id = data
            .personal
            .as_ref()
            .and_then(|personal| personal.user_id.as_deref());
        match user_id {
            Some(id) if self.accounts.user(id).is_none() => {
                let detail = format!("there is no user `{id}`");
                Err(Problem::new("unknown_user", "/data/user_id", detail))
            }
            None if data.facts.role == Role::CustomerSelf => {
                let detail = "a key of `customer_self` needs the user that is the customer";
                Err(Problem::invalid("/data/user_id", detail))
            }
            _ => Ok(()),
        }
    }

    fn revoke(&self, data: &KeyRevoked) -> Result<Option<Verdict>, Problem> {
        let prefix = data.facts.prefix.as_str();
        let Some(key) = self.accounts.key(prefix) else {
            let detail = format!("there is no key `{prefix}`");
            return Err(Problem::new("unknown_key", "/data/prefix", detail));
        };
        Ok(key.revoked_at.map(|at| {
            Verdict::Append(Decision::Ineffective {
                reason: Ineffective::Unchanged,
                winner: Some(at),
            })
        }))
    }

    fn define(&self, data: &UserDefined, subject: &str) -> Result<(), Problem> {
        let Some(id) = user_id(data, subject) else {
            let detail = format!("must name the user, as in `{USER_PREFIX}<id>`");
            return Err(Problem::invalid("/subject", detail));
        };
        if self.accounts.user(id).is_none() && self.accounts.users.len() >= USERS_MAX {
            let detail = format!("there are {USERS_MAX} users, as many as a tenant may have");
            return Err(Problem::new("too_many_users", "/data/user_id", detail));
        }
        Ok(())
    }

    fn judge(&self, draft: &mut Draft<'_>) -> Result<(), Problem> {
        match &draft.incoming.data {
            Data::KeyCreated(data) => self.create(data),
            Data::UserDefined(data) => self.define(data, &draft.incoming.sent.subject),
            Data::KeyRevoked(data) => {
                if let Some(verdict) = self.revoke(data)? {
                    draft.verdict = verdict;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whom a definition is about: the payload's own word, else the subject's.
fn user_id<'a>(data: &'a UserDefined, subject: &'a str) -> Option<&'a str> {
    let own = data
        .personal
        .as_ref()
        .and_then(|personal| personal.user_id.as_deref());
    own.or_else(|| subject.strip_prefix(USER_PREFIX))
        .filter(|id| !id.trim().is_empty())
}

fn created(position: u64, data: &KeyCreated) -> Key {
    let personal = data.personal.as_ref();
    Key {
        position,
        hash: data.facts.hash.as_str().into(),
        role: data.facts.role,
        user_id: personal
            .and_then(|personal| personal.user_id.as_deref())
            .map(Into::into),
        webhook: data.facts.webhook.clone(),
        revoked_at: None,
    }
}

impl Decider for AccountsDecider {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn version(&self) -> u32 {
        1
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        if let Err(problem) = self.judge(draft) {
            draft.refuse(problem);
        }
    }

    fn apply(&mut self, record: &Record) {
        if !record.header.is_effective() {
            return;
        }
        let position = record.header.position;
        match &record.data {
            Data::KeyCreated(data) => {
                let prefix = data.facts.prefix.as_str().into();
                let key = created(position, data);
                Arc::make_mut(&mut self.accounts).keys.insert(prefix, key);
            }
            Data::KeyRevoked(data) => {
                let accounts = Arc::make_mut(&mut self.accounts);
                if let Some(key) = accounts.keys.get_mut(data.facts.prefix.as_str()) {
                    key.revoked_at = Some(position);
                }
            }
            Data::UserDefined(data) => {
                let subject = record.sent.as_ref().map_or("", |sent| &*sent.subject);
                let Some(id) = user_id(data, subject) else {
                    return;
                };
                let user = User {
                    position,
                    role: data.facts.role,
                    customer: data.facts.customer,
                };
                Arc::make_mut(&mut self.accounts)
                    .users
                    .insert(id.into(), user);
            }
            _ => {}
        }
    }

    fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&*self.accounts)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error> {
        self.accounts = Arc::new(snapshot::decode_state(bytes)?);
        self.begun = None;
        Ok(())
    }

    fn begin(&mut self) {
        self.begun = Some(Arc::clone(&self.accounts));
    }

    fn rollback(&mut self) {
        if let Some(accounts) = self.begun.take() {
            self.accounts = accounts;
        }
    }

    fn keep(&mut self) {
        self.begun = None;
    }

    fn published(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.accounts) as _)
    }
}
