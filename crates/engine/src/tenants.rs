//! All tenants of this node.

use crate::tenant::Tenant;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use touchbook_events::TenantNumber;

/// Tenants of one node. Tests of this crate have fewer, so that few are too many.
pub(crate) const TENANTS_MAX: usize = if cfg!(test) { 64 } else { 10_000 };

/// Tenants by slug and by number.
#[derive(Default)]
pub(crate) struct Tenants(RwLock<State>);

#[derive(Default)]
struct State {
    by_slug: HashMap<Box<str>, Arc<Tenant>>,
    by_number: BTreeMap<TenantNumber, Arc<Tenant>>,
}

impl Tenants {
    pub(crate) fn insert(&self, tenant: Arc<Tenant>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state
            .by_slug
            .insert(tenant.slug().into(), Arc::clone(&tenant));
        state.by_number.insert(tenant.number(), tenant);
    }

    pub(crate) fn by_slug(&self, slug: &str) -> Option<Arc<Tenant>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_slug
            .get(slug)
            .cloned()
    }

    /// By number, the node's own first.
    pub(crate) fn all(&self) -> Vec<Arc<Tenant>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.by_number.values().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// The number that the next tenant takes.
    pub(crate) fn next_number(&self) -> TenantNumber {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let last = state
            .by_number
            .last_key_value()
            .map_or(0, |(number, _)| number.0);
        TenantNumber(last + 1)
    }
}
