//! The first decider: the policies in force at each event.

use crate::{times, words};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_events::catalogue::account::PolicyDefined;
use touchbook_events::{Data, Policies, Problem, Record};
use touchbook_projection::{Decider, Draft, snapshot};

/// The policy that phone numbers in others are read with.
const DEFAULT_REGION: &str = "default_region";
/// How a policy's subject begins, and how a policy is named where the payload doesn't.
const SUBJECT_PREFIX: &str = "policy/";

/// Keeps what was defined, as text, and the policies that follow from it, as a value.
#[derive(Default)]
pub struct PoliciesDecider {
    state: State,
    /// The state at `begin`; two shared pointers.
    begun: Option<State>,
}

#[derive(Clone, Default)]
struct State {
    policies: Arc<Policies>,
    /// The value in normal form by policy, as JSON text: what is encoded, and `policies` follows
    /// from.
    defined: Arc<BTreeMap<Box<str>, Box<str>>>,
}

impl PoliciesDecider {
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    fn from_defined(defined: BTreeMap<Box<str>, Box<str>>) -> Result<Self, snapshot::Error> {
        let mut policies = Policies::default();
        let (region, others): (Vec<_>, Vec<_>) = defined
            .iter()
            .partition(|(name, _)| &***name == DEFAULT_REGION);
        // The region comes last: the others stand in normal form, made with the region of their
        // time.
        for (name, value) in others.into_iter().chain(region) {
            let unusable = |_| snapshot::Error::State(postcard::Error::SerdeDeCustom);
            policies.set(name, value).map_err(unusable)?;
        }
        Ok(Self {
            policies: Arc::new(policies),
            defined: Arc::new(defined),
        })
    }

    /// A value that the version which reads it no longer takes leaves the policy as it is.
    fn define(&mut self, name: &str, value: &str) {
        let policies = Arc::make_mut(&mut self.policies);
        if policies.set(name, value).is_err() {
            return;
        }
        if let Some(value) = policies.value(name) {
            Arc::make_mut(&mut self.defined).insert(name.into(), value.to_string().into());
        }
    }
}

impl Decider for PoliciesDecider {
    fn name(&self) -> &'static str {
        "policies"
    }

    fn version(&self) -> u32 {
        1
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        let policies = &self.state.policies;
        draft.policies = Arc::clone(policies);
        draft.incoming.data.resolve(policies.zone);
        let decided = draft
            .incoming
            .time_in(policies.zone, draft.context.recorded_at)
            .and_then(|time| {
                check(policies, draft)?;
                words::check(policies, &draft.incoming.data)?;
                times::check(&draft.incoming.data, draft.context.recorded_at)?;
                Ok(time)
            });
        match decided {
            Ok(time) => draft.time = time,
            Err(problem) => draft.refuse(problem),
        }
    }

    fn apply(&mut self, record: &Record) {
        let Data::PolicyDefined(defined) = &record.data else {
            return;
        };
        let subject = record.sent.as_ref().map_or("", |sent| &*sent.subject);
        if let (true, Some((name, value))) = (record.header.is_effective(), named(defined, subject))
        {
            self.state.define(name, value);
        }
    }

    fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&*self.state.defined)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error> {
        self.state = State::from_defined(snapshot::decode_state(bytes)?)?;
        self.begun = None;
        Ok(())
    }

    fn begin(&mut self) {
        self.begun = Some(self.state.clone());
    }

    fn rollback(&mut self) {
        if let Some(state) = self.begun.take() {
            self.state = state;
        }
    }

    fn keep(&mut self) {
        self.begun = None;
    }

    fn published(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.state.policies) as _)
    }
}

/// Tries a definition on a copy.
fn check(policies: &Policies, draft: &Draft<'_>) -> Result<(), Problem> {
    let Data::PolicyDefined(defined) = &draft.incoming.data else {
        return Ok(());
    };
    let Some((name, value)) = named(defined, &draft.incoming.sent.subject) else {
        let detail = format!("names no policy; write `{SUBJECT_PREFIX}<name>` or send `name`");
        return Err(Problem::invalid("/subject", detail).allowing(Policies::NAMES.iter().copied()));
    };
    if !Policies::NAMES.contains(&name) {
        let pointer = match has_name(defined) {
            true => "/data/name",
            false => "/subject",
        };
        let detail = format!("`{name}` is no policy");
        return Err(Problem::new("unknown_policy", pointer, detail)
            .allowing(Policies::NAMES.iter().copied()));
    }
    let mut copy = policies.clone();
    copy.set(name, value)
        .map_err(|problem| problem.under("/data/value"))
}

fn has_name(defined: &PolicyDefined) -> bool {
    defined
        .personal
        .as_ref()
        .is_some_and(|personal| personal.name.is_some())
}

/// Which policy is defined, and its value as JSON text.
fn named<'a>(defined: &'a PolicyDefined, subject: &'a str) -> Option<(&'a str, &'a str)> {
    let personal = defined.personal.as_ref()?;
    let name = match &personal.name {
        Some(name) => name.as_str(),
        None => subject.strip_prefix(SUBJECT_PREFIX)?,
    };
    Some((name, &*personal.value.0))
}
