//! Templates of workflows. They concern no customer, and deciders need them for ever: all facts.

use super::outcome::Outcome;
use crate::limits::STEPS_PER_TEMPLATE_MAX;
use crate::member::Member;
use crate::problem::Problem;
use crate::text::{Code, Reason, Reference, Word};
use std::collections::BTreeSet;

closed_enum!(
    /// From when a step's offset counts; the previous step's completion unless said.
    DelayFrom {
        Completion = "completion",
        Scheduled = "scheduled",
        Start = "start",
    }
);

event_object! {
    /// Where a step leads for one outcome.
    fact Branch {
        outcome: Outcome,
        /// Null ends the workflow.
        next_step: Member<u32>,
    }
}

event_object! {
    /// A step of a template (document 003).
    fact Step {
        /// Positive, its own within the template.
        step_number: u32,
        kind as "type": Word,
        title: Code<200>,
        description: Member<Code<5000>>,
        /// Days from the previous completion.
        scheduled_offset_days: u32,
        /// Days from `scheduled_at`.
        due_offset_days: u32,
        /// Null or absent: the last.
        next_step: Member<u32>,
        branches: Vec<Branch>,
        delay_from: Option<DelayFrom>,
    }
}

event_data! {
    /// A template takes a new version.
    Defined: DefinedFacts, DefinedPersonal {
        facts {
            template_id: Option<Reference>,
            /// Absent, the one after the last.
            version: Option<u32>,
            name: Code<200>,
            description: Option<Code<5000>>,
            steps: Vec<Step>,
            /// Absent, it is active.
            is_active: Option<bool>,
            /// At most one active template is the default.
            is_default: Option<bool>,
            /// Items are due at the end of their due day (C28).
            due_end_of_day: Option<bool>,
        }
        personal {}
    }
}

impl Defined {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        let facts = &self.facts;
        if facts.name.trim().is_empty() {
            return Err(Problem::invalid("/name", "must not be empty"));
        }
        if facts.steps.is_empty() || facts.steps.len() > STEPS_PER_TEMPLATE_MAX {
            let detail = format!("needs 1 to {STEPS_PER_TEMPLATE_MAX} steps");
            return Err(Problem::invalid("/steps", detail));
        }
        let mut numbers = BTreeSet::new();
        for (index, step) in facts.steps.iter().enumerate() {
            if step.step_number == 0 || !numbers.insert(step.step_number) {
                let detail = format!("{} must be positive and stand once", step.step_number);
                return Err(Problem::invalid(
                    format!("/steps/{index}/step_number"),
                    detail,
                ));
            }
        }
        (facts.steps.iter().enumerate())
            .try_for_each(|(index, step)| step.leads_within(&numbers, &format!("/steps/{index}")))
    }
}

impl Step {
    /// Every step it leads to exists and is another one (S3-045).
    fn leads_within(&self, numbers: &BTreeSet<u32>, pointer: &str) -> Result<(), Problem> {
        let own = (format!("{pointer}/next_step"), &self.next_step);
        let branches = self.branches.iter().enumerate();
        let branches = branches.map(|(at, branch)| {
            (
                format!("{pointer}/branches/{at}/next_step"),
                &branch.next_step,
            )
        });
        for (pointer, next) in std::iter::once(own).chain(branches) {
            let Some(next) = next.value() else { continue };
            if next == &self.step_number {
                return Err(Problem::invalid(pointer, "a step can't lead to itself"));
            }
            if !numbers.contains(next) {
                let detail = format!("there is no step {next}");
                let known = numbers.iter().map(u32::to_string);
                return Err(Problem::invalid(pointer, detail).allowing(known));
            }
        }
        Ok(())
    }
}

event_data! {
    /// A template starts no workflow any more; those that run go on.
    Retired: RetiredFacts, RetiredPersonal {
        facts {
            template_id: Option<Reference>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}
