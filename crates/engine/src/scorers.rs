//! Who scores what customers say, and how far each is: told by who runs them, shown by who serves.

use crate::tenant::Tenant;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use touchbook_events::{TenantNumber, Timestamp};

/// All scorers of this node.
#[derive(Default)]
pub struct Scorers(RwLock<Vec<Known>>);

struct Known {
    name: &'static str,
    version: &'static str,
    is_on: bool,
    progress: HashMap<TenantNumber, ScorerProgress>,
}

/// How far a scorer is with a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScorerProgress {
    /// Everything up to here is scored.
    pub position: u64,
    pub activation: Option<Activation>,
}

/// That a scorer's words count from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Of the record that says so.
    pub position: u64,
    /// `None` where that is the record's own moment.
    pub since: Option<Timestamp>,
}

/// A scorer, and how far it is with one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScorerStatus {
    pub name: &'static str,
    pub version: &'static str,
    /// Whether this node scores with it.
    pub is_on: bool,
    /// `None` before it has looked at the tenant.
    pub progress: Option<ScorerProgress>,
}

impl Scorers {
    /// Makes a scorer known; one a name.
    pub fn add(&self, name: &'static str, version: &'static str, is_on: bool) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|scorer| scorer.name != name);
        known.push(Known {
            name,
            version,
            is_on,
            progress: HashMap::new(),
        });
    }

    /// Says how far the scorer of that name is.
    pub fn progressed(&self, name: &str, tenant: &Tenant, progress: ScorerProgress) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(scorer) = known.iter_mut().find(|scorer| scorer.name == name) {
            scorer.progress.insert(tenant.number(), progress);
        }
    }

    /// Durable records that scorers have yet to look at; `None` where none is on. The node's own
    /// ledger has nothing to score.
    pub fn lag_records(&self, tenants: &[Arc<Tenant>]) -> Option<u64> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut scorers = known.iter().filter(|scorer| scorer.is_on).peekable();
        scorers.peek()?;
        let of_scorer = |scorer: &Known| {
            let behind = |tenant: &Arc<Tenant>| {
                let progress = scorer.progress.get(&tenant.number());
                let position = progress.map_or(0, |progress| progress.position);
                tenant.head().saturating_sub(position)
            };
            let scored = tenants
                .iter()
                .filter(|tenant| tenant.number() != TenantNumber::NODE);
            scored.map(behind).sum::<u64>()
        };
        Some(scorers.map(of_scorer).sum())
    }

    /// All scorers, as they stand with a tenant.
    pub fn of(&self, tenant: &Tenant) -> Vec<ScorerStatus> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let status = |scorer: &Known| ScorerStatus {
            name: scorer.name,
            version: scorer.version,
            is_on: scorer.is_on,
            progress: scorer.progress.get(&tenant.number()).copied(),
        };
        known.iter().map(status).collect()
    }
}
