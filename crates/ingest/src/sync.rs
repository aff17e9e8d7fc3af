//! `POST /api/sync`: objects of other systems, one a request (document 001, "Sync Data").

use crate::agent_log::AgentLog;
use crate::event::Event;
use crate::foreign::{Foreign, NotBlank, typed};
use crate::{email, opencart, quote, social};
use touchbook_events::{Problem, Text};

/// Customers whose profiles one request may name.
pub const PROFILES_MAX: usize = 500;

/// What a request asks for.
#[derive(Debug)]
pub enum Sync {
    /// Events to be written, in this order.
    Events(Vec<Event>),
    /// `bulk_update_profiles`: references to customers, each an id, an e-mail address or
    /// `kind:value`; at most [`PROFILES_MAX`] (S1-099).
    Profiles(Vec<String>),
}

#[derive(Clone, Copy)]
enum Action {
    Order,
    Social,
    Quote,
    Email,
    Log(AgentLog),
    Profiles,
}

/// Every action by its name.
const TABLE: [(&str, Action); 8] = [
    ("sync_opencart_order", Action::Order),
    ("sync_social_interaction", Action::Social),
    ("sync_quote_session", Action::Quote),
    ("sync_email_thread", Action::Email),
    ("sync_agent_call_log", Action::Log(AgentLog::Calls)),
    ("sync_agent_email_log", Action::Log(AgentLog::Emails)),
    ("sync_agent_sms_log", Action::Log(AgentLog::Sms)),
    ("bulk_update_profiles", Action::Profiles),
];

/// The names of all actions.
pub fn actions() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// Reads `{"action": …, "data": {…}}` (S1-049 to S1-100). Whole objects take `delivery_id`, 1 to
/// 500 characters, as their event's id.
///
/// # Errors
/// With a pointer into `body`; `unknown_action` with the actions that there are.
pub fn read(body: &str, delivery_id: Option<&str>) -> Result<Sync, Problem> {
    let mut body = Foreign::parse(body)?;
    let action = action(&mut body)?;
    let data = data(&mut body)?;
    let events = match action {
        Action::Order => opencart::order(data)?,
        Action::Social => social::interaction(data)?,
        Action::Quote => quote::session(data)?,
        Action::Email => email::received(data)?,
        Action::Log(log) => log.events(data)?,
        Action::Profiles => return profiles(data).map(Sync::Profiles),
    };
    Ok(Sync::Events(delivered(events, delivery_id)))
}

fn action(body: &mut Foreign<'_>) -> Result<Action, Problem> {
    let name: String = body
        .required("action")
        .map_err(|problem| problem.allowing(actions()))?;
    let known = TABLE.iter().find(|(known, _)| *known == name);
    known.map(|(_, action)| *action).ok_or_else(|| {
        let detail = format!("`{name}` is no action");
        Problem::new("unknown_action", "/action", detail).allowing(actions())
    })
}

/// The object that a request is about.
pub(crate) fn data<'a>(body: &mut Foreign<'a>) -> Result<Foreign<'a>, Problem> {
    let missing = body.invalid("data", "missing");
    body.object("data")?.ok_or(missing)
}

/// Events without an id of their own are whole objects, named by their delivery.
pub(crate) fn delivered(mut events: Vec<Event>, delivery_id: Option<&str>) -> Vec<Event> {
    for event in &mut events {
        event.id = event.id.take().or_else(|| delivery_id.map(str::to_owned));
    }
    events
}

fn profiles(mut data: Foreign<'_>) -> Result<Vec<String>, Problem> {
    const NAME: &str = "customer_ids";
    if data.get(NAME).is_none() {
        return Err(data.invalid(NAME, "missing"));
    }
    let references = data.elements(NAME)?;
    if references.len() > PROFILES_MAX {
        let detail = format!("at most {PROFILES_MAX} customers are allowed");
        return Err(data.invalid(NAME, detail));
    }
    let references = references.into_iter();
    references
        .map(|(at, raw)| {
            typed::<Text<320>>(raw, &at)?;
            typed(raw, &at).map(|NotBlank(reference)| reference)
        })
        .collect()
}
