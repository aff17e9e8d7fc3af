//! The one place that names deciders and projectors.

use std::sync::Arc;
use touchbook_accounts::AccountsDecider;
use touchbook_calls::Calls;
use touchbook_customers::Customers;
use touchbook_dead_letters::DeadLettersDecider;
use touchbook_engagement::Engagement;
use touchbook_engine::Registry;
use touchbook_events::TenantKey;
use touchbook_identity::{Identifiers, IdentityDecider, Suggestions};
use touchbook_policies::PoliciesDecider;
use touchbook_projection::{AnyProjection, Deciders, Folding, Projection, Projector};
use touchbook_timeline::Timeline;

/// Everything that decides, and everything that is derived.
pub(crate) fn registry() -> Registry {
    Registry {
        deciders,
        projections: vec![
            projection::<Identifiers>(),
            projection::<Suggestions>(),
            projection::<Customers>(),
            projection::<Calls>(),
            projection::<Engagement>(),
            projection::<Timeline>(),
        ],
    }
}

/// In this order each sees what those before it have decided.
fn deciders(key: &TenantKey) -> Deciders {
    Deciders::new(vec![
        Box::new(PoliciesDecider::new()),
        Box::new(IdentityDecider::new(key.clone())),
        Box::new(AccountsDecider::new()),
        Box::new(DeadLettersDecider::new()),
    ])
}

fn projection<P: Projector>() -> Arc<dyn AnyProjection> {
    Arc::new(Projection::<P>::new(Folding::Bulk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_projection_has_a_name_of_its_own() {
        let projections = registry().projections;
        let names: BTreeSet<_> = projections
            .iter()
            .map(|projection| projection.name())
            .collect();
        assert_eq!(names.len(), projections.len());
    }

    #[test]
    fn policies_are_decided_before_whose_an_event_is() {
        let deciders = deciders(&TenantKey::from_salt(b"salt"));
        let names: Vec<_> = deciders.iter().map(|decider| decider.name()).collect();
        assert_eq!(names, ["policies", "identity", "accounts", "dead_letters"]);
    }
}
