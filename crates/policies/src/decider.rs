//! The first decider: the policies in force at each event.

use crate::in_force::InForce;
use crate::{times, words};
use std::any::Any;
use std::sync::Arc;
use touchbook_events::catalogue::account::PolicyDefined;
use touchbook_events::{Data, Policies, Problem, Record};
use touchbook_projection::{Decider, Draft, Verdict, snapshot};

/// How a policy's subject begins, and how a policy is named where the payload doesn't.
const SUBJECT_PREFIX: &str = "policy/";

/// Keeps what was defined, as text, and the policies that follow from it, as a value.
#[derive(Default)]
pub struct PoliciesDecider {
    in_force: Arc<InForce>,
    /// As it was at `begin`.
    begun: Option<Arc<InForce>>,
}

impl PoliciesDecider {
    pub fn new() -> Self {
        Self::default()
    }

    /// A definition loses whose sender expects the policy as it no longer is.
    fn compare(&self, draft: &mut Draft<'_>) {
        let Data::PolicyDefined(defined) = &draft.incoming.data else {
            return;
        };
        if let Some((name, _)) = named(defined, &draft.incoming.sent.subject) {
            draft.loses_to(self.in_force.changed_at(name));
        }
    }

    /// A registration must be new and usable; an event of a registered type takes what its
    /// registration makes of it, once and for ever.
    fn decide_type(&self, draft: &mut Draft<'_>) {
        let types = self.in_force.types();
        let (context, held) = (&draft.context, draft.incoming.held.as_deref());
        let decided = match &mut draft.incoming.data {
            Data::EventTypeRegistered(registered) => {
                match types.check(registered, context.schema_bytes) {
                    Ok(Some(position)) => {
                        draft.verdict = Verdict::Duplicate { position };
                        return;
                    }
                    checked => checked.map(|_| None),
                }
            }
            Data::Custom(custom) => types.of(custom).and_then(|registration| {
                let zone = self.in_force.policies().zone;
                registration.decide(custom, zone, context, held)
            }),
            _ => return,
        };
        match decided {
            Ok(Some(time)) => draft.time = time,
            Ok(None) => {}
            Err(problem) => draft.refuse(problem),
        }
    }
}

impl Decider for PoliciesDecider {
    fn name(&self) -> &'static str {
        "policies"
    }

    fn version(&self) -> u32 {
        4
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        let policies = self.in_force.policies();
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
            Ok(time) => {
                draft.time = time;
                self.compare(draft);
                self.decide_type(draft);
            }
            Err(problem) => draft.refuse(problem),
        }
    }

    fn apply(&mut self, record: &Record) {
        let position = record.header.position;
        let defined = match &record.data {
            Data::PolicyDefined(defined) => defined,
            Data::EventTypeRegistered(registered) if record.header.is_effective() => {
                Arc::make_mut(&mut self.in_force).register(registered, position);
                return;
            }
            _ => return,
        };
        let subject = record.sent.as_ref().map_or("", |sent| &*sent.subject);
        if let (true, Some((name, value))) = (record.header.is_effective(), named(defined, subject))
        {
            Arc::make_mut(&mut self.in_force).define(name, value, position);
        }
    }

    fn encode(&self) -> Vec<u8> {
        self.in_force.encode()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error> {
        self.in_force = Arc::new(InForce::decode(bytes)?);
        self.begun = None;
        Ok(())
    }

    fn begin(&mut self) {
        self.begun = Some(Arc::clone(&self.in_force));
    }

    fn rollback(&mut self) {
        if let Some(in_force) = self.begun.take() {
            self.in_force = in_force;
        }
    }

    fn keep(&mut self) {
        self.begun = None;
    }

    fn published(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.in_force) as _)
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
