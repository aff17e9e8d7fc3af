//! Records of the voice agent's own logs: calls, e-mails and messages (S0-008 to S0-010).

use crate::event::Event;
use crate::foreign::{Foreign, Key};
use crate::moment::later;
use crate::payload::{Payload, identify};
use crate::reference::{Reference, prefixed};
use touchbook_events::catalogue::call::Direction;
use touchbook_events::text::{AgentId, Body, OwnKey};
use touchbook_events::{EventType, Moment, Problem, Text};

/// One of the specialised logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentLog {
    Calls,
    Emails,
    Sms,
}

impl AgentLog {
    /// Also the source of what comes from it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Calls => "alex_call_logs",
            Self::Emails => "alex_email_logs",
            Self::Sms => "alex_sms_logs",
        }
    }

    /// # Errors
    /// With a pointer into the foreign body.
    pub(crate) fn events(self, mut foreign: Foreign<'_>) -> Result<Vec<Event>, Problem> {
        let record = Record::take(self, &mut foreign)?;
        match self {
            Self::Calls => record.call(foreign),
            Self::Emails => record.email(foreign).map(|event| vec![event]),
            Self::Sms => record.sms(foreign).map(|event| vec![event]),
        }
    }
}

/// What records of all three logs have.
struct Record {
    log: AgentLog,
    /// The record's own id after the log's name, since each log counts for itself.
    key: OwnKey,
    customer: Reference,
    agent_id: Option<AgentId>,
    direction: Direction,
    at: Option<String>,
}

impl Record {
    fn take(log: AgentLog, foreign: &mut Foreign<'_>) -> Result<Self, Problem> {
        let Key(id) = foreign.required("id")?;
        let mut customer = Reference::take(foreign)?;
        customer.identify(foreign)?;
        foreign.peek::<Moment>("at")?;
        Ok(Self {
            log,
            key: prefixed(foreign, "id", log.name(), &id)?,
            customer,
            agent_id: foreign.optional("agent_id")?,
            direction: foreign
                .optional("direction")?
                .unwrap_or(Direction::Outbound),
            at: foreign.optional("at")?,
        })
    }

    /// What payloads of all three have.
    fn payload(&mut self) -> Result<Payload, Problem> {
        let mut payload = Payload::default();
        payload.value("customer", std::mem::take(&mut self.customer).some())?;
        payload.value("agent_id", self.agent_id.take())?;
        payload.value("source_log", Some(self.log.name()))?;
        Ok(payload)
    }

    fn event(&self, event_type: EventType, payload: Payload) -> Result<Event, Problem> {
        Ok(Event {
            id: None,
            source: self.log.name().to_owned(),
            event_type,
            subject: Some(event_type.subject(&self.key)),
            time: self.at.clone(),
            data: payload.finish()?,
        })
    }

    fn call(mut self, mut foreign: Foreign<'_>) -> Result<Vec<Event>, Problem> {
        let duration: Option<u32> = foreign.optional("duration_seconds")?;
        let mut payload = self.payload()?;
        payload.value("call_id", Some(&self.key))?;
        payload.value("direction", Some(self.direction))?;
        payload.keep(EventType::CallStarted, foreign)?;
        let started = self.event(EventType::CallStarted, payload)?;

        let mut payload = Payload::default();
        let ended_at = self
            .at
            .as_deref()
            .map(|at| later(at, duration.unwrap_or_default()));
        payload.value("call_id", Some(&self.key))?;
        payload.value("duration_seconds", duration)?;
        payload.value("ended_at", ended_at.as_deref())?;
        let ended = Event {
            time: ended_at,
            ..self.event(EventType::CallEnded, payload)?
        };
        Ok(vec![identify(started)?, identify(ended)?])
    }

    /// A whole object, so its id is the delivery's.
    fn email(mut self, mut foreign: Foreign<'_>) -> Result<Event, Problem> {
        let event_type = match self.direction {
            Direction::Inbound => EventType::EmailReceived,
            Direction::Outbound => EventType::EmailSent,
        };
        let address = self.customer.email.clone();
        let mut payload = self.payload()?;
        match self.direction {
            Direction::Inbound => payload.value("from", address)?,
            Direction::Outbound => payload.value("to", address.map(|address| [address]))?,
        }
        payload.value("email_id", Some(&self.key))?;
        payload.member("subject", foreign.member::<Text<1000>>("subject")?);
        payload.member("body", foreign.member::<Body>("body")?);
        payload.value("created_at", self.at.take())?;
        payload.keep(event_type, foreign)?;
        Ok(Event {
            subject: None,
            ..self.event(event_type, payload)?
        })
    }

    fn sms(mut self, mut foreign: Foreign<'_>) -> Result<Event, Problem> {
        let number = self.customer.phone.clone();
        let mut payload = self.payload()?;
        let event_type = match self.direction {
            Direction::Inbound => {
                payload.value("from", number)?;
                EventType::SmsReceived
            }
            Direction::Outbound => {
                payload.value("to", number)?;
                EventType::SmsSent
            }
        };
        payload.value("body", foreign.optional::<Text<10_000>>("body")?)?;
        payload.keep(event_type, foreign)?;
        identify(self.event(event_type, payload)?)
    }
}
