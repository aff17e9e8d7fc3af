//! Short ways to write events.

use crate::{Engagement, Insights, Reason, State, insights, reasons};
use serde_json::json;
use touchbook_events::policy::AttentionRule;
use touchbook_events::{CustomerId, Policies};
use touchbook_projection::driver::Named;
pub(super) use touchbook_projection::driver::{Script, at};

/// What is asked of a script here.
pub(super) trait Asked {
    /// Sends an event that says nothing but its type.
    fn plain(&mut self, time: &str, kind: &str, subject: &str) -> u64;

    fn score(&mut self, time: &str, subject: &str, score: f64) -> u64;

    /// Reads Jane's state, which is the same live, rebuilt, and restored from its own bytes.
    fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R;

    fn insights(&self, policies: &Policies, now: &str) -> Insights;

    fn reasons(&self, policies: &Policies, now: &str) -> Vec<Reason>;

    /// The rules that find Jane at `now` under the default policies, and where.
    fn found(&self, now: &str) -> Vec<(AttentionRule, Vec<u64>)>;
}

impl Asked for Script {
    fn plain(&mut self, time: &str, kind: &str, subject: &str) -> u64 {
        self.send(time, kind, subject, json!({}))
    }

    fn score(&mut self, time: &str, subject: &str, score: f64) -> u64 {
        self.send(time, "sentiment.scored", subject, json!({ "score": score }))
    }

    fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R {
        let project = self.project::<Engagement>();
        project
            .read(id("jane"), |state, _| {
                let bytes = postcard::to_stdvec(state).unwrap();
                assert_eq!(postcard::from_bytes::<State>(&bytes).unwrap(), *state);
                with(state)
            })
            .unwrap()
    }

    fn insights(&self, policies: &Policies, now: &str) -> Insights {
        self.jane(|state| insights(state, policies, at(now)))
    }

    fn reasons(&self, policies: &Policies, now: &str) -> Vec<Reason> {
        self.jane(|state| reasons(state, policies, at(now)))
    }

    fn found(&self, now: &str) -> Vec<(AttentionRule, Vec<u64>)> {
        let reasons = self.reasons(&Policies::default(), now).into_iter();
        reasons
            .map(|reason| (reason.rule, reason.positions))
            .collect()
    }
}

pub(super) fn id(name: &str) -> CustomerId {
    Named::id(name)
}
