//! Calls: their beginning and end, outcome, recording, transcript, scores and actions.

use super::outcome::{Outcome, settle_outcome};
use super::sentiment::Scorer;
use super::typed::not_blank;
use crate::customer_ref::CustomerRef;
use crate::limits::ALIASES_MAX;
use crate::money::Decimal;
use crate::problem::Problem;
use crate::score::{Likelihood, Quality};
use crate::text::{Address, AgentId, Code, Description, OwnKey, Text, Transcript, Url, Word};
use crate::time::Moment;
use std::borrow::Cow;

closed_enum!(
    /// Who began a contact.
    Direction {
        /// The customer.
        Inbound = "inbound",
        /// We.
        Outbound = "outbound",
    }
);

closed_enum!(
    /// What made an agent call.
    CallSource {
        Queue = "queue",
        Manual = "manual",
        Callback = "callback",
    }
);

event_object! {
    /// The queue as it stood when the call was made; never changed later (S4-014, S4-015).
    fact Queue {
        /// Which queue.
        kind as "type": Option<Word>,
        /// The customer's priority.
        priority_score: Option<Decimal>,
        /// The customer's place, from 1.
        position: Option<u32>,
    }
}

event_object! {
    /// Other names of a call.
    personal CallAliases {
        /// Twilio's name for the call, `CA…`.
        call_sid: Option<OwnKey>,
    }
}

event_data! {
    /// A call begins.
    Started: StartedFacts, StartedPersonal {
        facts {
            agent_id: Option<AgentId>,
            direction: Option<Direction>,
            queue: Option<Queue>,
            call_source: Option<CallSource>,
            /// The specialised log that it comes from, such as `alex_call_logs`.
            source_log: Option<Word>,
        }
        personal {
            customer: Option<CustomerRef>,
            call_id: Option<OwnKey>,
            from: Option<Address>,
            to: Option<Address>,
            aliases: Option<CallAliases>,
        }
    }
}

impl Started {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        let aliases = self
            .personal
            .as_ref()
            .and_then(|personal| personal.aliases.as_ref());
        match aliases {
            Some(aliases) => not_blank(&aliases.call_sid, "/aliases/call_sid"),
            None => Ok(()),
        }
    }

    pub(crate) fn aliases(&self) -> [Option<&str>; ALIASES_MAX] {
        let aliases = self
            .personal
            .as_ref()
            .and_then(|personal| personal.aliases.as_ref());
        [
            aliases.and_then(|aliases| aliases.call_sid.as_deref()),
            None,
        ]
    }
}

event_data! {
    /// A call ends.
    Ended: EndedFacts, EndedPersonal {
        facts {
            ended_at: Option<Moment>,
            duration_seconds: Option<u32>,
            /// How it ended, in the telephone system's own word.
            disposition: Option<Word>,
        }
        personal {
            call_id: Option<OwnKey>,
        }
    }
}

event_data! {
    /// What came of a call (C2); the latest counts, earlier ones stay in its history.
    OutcomeRecorded: OutcomeRecordedFacts, OutcomeRecordedPersonal {
        facts {
            outcome: Outcome,
            /// The outcome as submitted, where that was another word.
            outcome_raw: Option<Word>,
            agent_id: Option<AgentId>,
            /// When the customer asked to be called.
            callback_at: Option<Moment>,
            /// Null or absent: not known.
            sale_made: Option<bool>,
        }
        personal {
            call_id: Option<OwnKey>,
            notes: Option<Description>,
        }
    }
}

impl OutcomeRecorded {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        settle_outcome(&mut self.facts.outcome, &mut self.facts.outcome_raw);
        Ok(())
    }
}

closed_enum!(
    /// How far a recording is; Twilio's four (C6).
    RecordingStatus {
        InProgress = "in-progress",
        Completed = "completed",
        Absent = "absent",
        Failed = "failed",
    }
);

impl RecordingStatus {
    /// Nothing comes after it: a late `in-progress` does not undo it (S4-034).
    pub fn is_final(self) -> bool {
        self != Self::InProgress
    }
}

event_data! {
    /// A call's recording moves on; found by the call or by its `call_sid`.
    RecordingUpdated: RecordingUpdatedFacts, RecordingUpdatedPersonal {
        facts {
            status: Option<RecordingStatus>,
            duration_seconds: Option<u32>,
        }
        personal {
            call_id: Option<OwnKey>,
            /// Twilio's name for the call, `CA…`.
            call_sid: Option<OwnKey>,
            /// Twilio's name for the recording, `RE…`.
            recording_sid: Option<OwnKey>,
            url: Option<Url>,
        }
    }
}

impl RecordingUpdated {
    pub(crate) fn check_names(&self) -> Result<(), Problem> {
        let Some(personal) = &self.personal else {
            return Ok(());
        };
        not_blank(&personal.call_id, "/call_id")?;
        not_blank(&personal.call_sid, "/call_sid")?;
        not_blank(&personal.recording_sid, "/recording_sid")
    }

    /// The call's own name, else Twilio's, which is an alias of the call's subject.
    pub(crate) fn own_key(&self) -> Option<Cow<'_, str>> {
        let personal = self.personal.as_ref()?;
        let key = personal.call_id.as_deref().or(personal.call_sid.as_deref());
        key.map(Cow::Borrowed)
    }

    pub(crate) fn aliases(&self) -> [Option<&str>; ALIASES_MAX] {
        let Some(personal) = &self.personal else {
            return [None; ALIASES_MAX];
        };
        [
            personal.call_sid.as_deref(),
            personal.recording_sid.as_deref(),
        ]
    }
}

closed_enum!(
    /// How far a transcript is (C6).
    TranscriptStatus {
        None = "none",
        Queued = "queued",
        Processing = "processing",
        Completed = "completed",
        Failed = "failed",
    }
);

event_data! {
    /// A call's transcript moves on.
    Transcribed: TranscribedFacts, TranscribedPersonal {
        facts {
            status: Option<TranscriptStatus>,
            /// BCP 47, such as `en-ZA`.
            language: Option<Code<35>>,
        }
        personal {
            call_id: Option<OwnKey>,
            url: Option<Url>,
            text: Option<Transcript>,
            summary: Option<Text<10_000>>,
        }
    }
}

event_data! {
    /// A call is judged; null = not scored, and in no average (C8).
    Scored: ScoredFacts, ScoredPersonal {
        facts {
            /// Quality of the call, 1 to 10.
            call_score: Option<Quality>,
            /// The agent's performance, 1 to 10.
            agent_performance_score: Option<Quality>,
            /// How likely the customer buys, 0 to 1.
            conversion_likelihood: Option<Likelihood>,
            scorer: Option<Scorer>,
        }
        personal {
            call_id: Option<OwnKey>,
        }
    }
}

closed_enum!(
    /// What an agent did during a call (S4-009 to S4-012).
    CallAction {
        MagicLinkSent = "magic_link_sent",
        SmsSent = "sms_sent",
        CallbackScheduled = "callback_scheduled",
        FollowUpRequired = "follow_up_required",
    }
);

event_data! {
    /// An agent sets one of a call's flags.
    ActionTaken: ActionTakenFacts, ActionTakenPersonal {
        facts {
            action: CallAction,
            /// What the flag becomes; absent = true.
            value: Option<bool>,
        }
        personal {
            call_id: Option<OwnKey>,
            detail: Option<Text<500>>,
        }
    }
}
