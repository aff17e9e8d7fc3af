//! An entry as JSON, written straight from its bytes.

use crate::details::{
    Call, Conversation, Custom, Details, Email, Manual, Message, Order, Quote, Social, Workflow,
};
use crate::stored::Entry;
use crate::title::{Millionths, Title};
use serde::ser::{Serialize, SerializeMap, Serializer};
use touchbook_events::money::{Currency, Decimal};

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("entry_id", &self.entry_id())?;
        map.serialize_entry("position", &self.position())?;
        map.serialize_entry("event_id", &self.event_id())?;
        map.serialize_entry("last_position", &self.last_position())?;
        map.serialize_entry("revision_count", &self.revision_count())?;
        map.serialize_entry("source", self.source_name())?;
        map.serialize_entry("type", self.type_name())?;
        map.serialize_entry("occurred_at", &self.occurred_at())?;
        map.serialize_entry("recorded_at", &self.recorded_at())?;
        map.serialize_entry("title", &Shown(Title(self)))?;
        map.serialize_entry("preview", &self.preview())?;
        map.serialize_entry("sentiment", &self.sentiment())?;
        map.serialize_entry("details", &InJson(self.details()))?;
        map.end()
    }
}

/// Details as answers show them: one flat object, null for what is not known.
struct InJson<'d, 'a>(&'d Details<'a>);

impl Serialize for InJson<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Details::Call(call) => call_members(&mut map, call)?,
            Details::Email(email) => email_members(&mut map, email)?,
            Details::Sms(message) => message_members(&mut map, message, "source_log")?,
            Details::Chat(message) => message_members(&mut map, message, "session")?,
            Details::Quote(quote) => quote_members(&mut map, quote)?,
            Details::Conversation(conversation) => conversation_members(&mut map, conversation)?,
            Details::Social(social) => social_members(&mut map, social)?,
            Details::Order(order) => order_members(&mut map, order)?,
            Details::Manual(manual) => manual_members(&mut map, manual)?,
            Details::Workflow(workflow) => workflow_members(&mut map, workflow)?,
            Details::Custom(custom) => custom_members(&mut map, custom)?,
        }
        map.end()
    }
}

fn call_members<M: SerializeMap>(map: &mut M, call: &Call<'_>) -> Result<(), M::Error> {
    let outcome = call.outcome.get();
    map.serialize_entry("direction", &call.direction.get())?;
    map.serialize_entry("agent_id", &call.agent_id.get())?;
    map.serialize_entry("source_log", &call.source_log.get())?;
    map.serialize_entry("ended_at", &call.ended_at.get())?;
    map.serialize_entry("duration_seconds", &call.duration_seconds.get())?;
    map.serialize_entry("disposition", &call.disposition.get())?;
    map.serialize_entry("outcome", &outcome.map(|outcome| outcome.outcome))?;
    map.serialize_entry(
        "callback_at",
        &outcome.and_then(|outcome| outcome.callback_at),
    )?;
    map.serialize_entry("sale_made", &outcome.and_then(|outcome| outcome.sale_made))?;
    map.serialize_entry("recording_status", &call.recording.get())?;
    map.serialize_entry("transcript_status", &call.transcript.get())?;
    map.serialize_entry("call_score", &call.score.get())
}

fn email_members<M: SerializeMap>(map: &mut M, email: &Email<'_>) -> Result<(), M::Error> {
    map.serialize_entry("direction", &email.direction)?;
    map.serialize_entry("subject", &email.subject.get())?;
    map.serialize_entry("category", &email.category.get())?;
    map.serialize_entry("status", &email.status.get())?;
    map.serialize_entry("agent_id", &email.agent_id.get())
}

fn message_members<M: SerializeMap>(
    map: &mut M,
    message: &Message<'_>,
    context: &'static str,
) -> Result<(), M::Error> {
    map.serialize_entry("direction", &message.direction)?;
    map.serialize_entry("agent_id", &message.agent_id.get())?;
    map.serialize_entry(context, &message.context.get())
}

fn quote_members<M: SerializeMap>(map: &mut M, quote: &Quote<'_>) -> Result<(), M::Error> {
    map.serialize_entry("kind", "quote")?;
    map.serialize_entry("status", &quote.status.get())?;
    map.serialize_entry("total", &quote.total.get())?;
    map.serialize_entry("last_activity_at", &quote.last_activity_at.get())
}

fn conversation_members<M: SerializeMap>(
    map: &mut M,
    conversation: &Conversation<'_>,
) -> Result<(), M::Error> {
    map.serialize_entry("kind", "conversation")?;
    map.serialize_entry("channel", &conversation.channel.get())?;
    map.serialize_entry("status", &conversation.status.get())
}

fn social_members<M: SerializeMap>(map: &mut M, social: &Social<'_>) -> Result<(), M::Error> {
    map.serialize_entry("direction", &social.direction)?;
    map.serialize_entry("platform", &social.platform.get())?;
    map.serialize_entry("interaction_type", &social.interaction_type.get())?;
    map.serialize_entry("requires_response", &social.requires_response.get())
}

fn order_members<M: SerializeMap>(map: &mut M, order: &Order<'_>) -> Result<(), M::Error> {
    map.serialize_entry("status", &order.status.get())?;
    map.serialize_entry("total", &order.total.get())?;
    map.serialize_entry("payment_method", &order.payment_method.get())?;
    map.serialize_entry("updated_at", &order.updated_at.get())?;
    map.serialize_entry("refunded", &Refunds(&order.refunds.sums()))
}

fn manual_members<M: SerializeMap>(map: &mut M, manual: &Manual<'_>) -> Result<(), M::Error> {
    map.serialize_entry("type", &manual.kind.get())?;
    map.serialize_entry("subject_line", &manual.subject_line.get())?;
    map.serialize_entry("direction", &manual.direction.get())?;
    map.serialize_entry("duration_seconds", &manual.duration_seconds.get())?;
    map.serialize_entry("outcome", &manual.outcome.get())?;
    map.serialize_entry("user_id", &manual.user_id.get())
}

fn workflow_members<M: SerializeMap>(map: &mut M, workflow: &Workflow<'_>) -> Result<(), M::Error> {
    map.serialize_entry("type", &workflow.kind)?;
    map.serialize_entry("title", &workflow.title)?;
    map.serialize_entry("outcome", &workflow.outcome.get())
}

fn custom_members<M: SerializeMap>(map: &mut M, custom: &Custom<'_>) -> Result<(), M::Error> {
    map.serialize_entry("version", &custom.version.get())?;
    map.serialize_entry("direction", &custom.direction.get())?;
    map.serialize_entry("counts_as", &custom.counts_as)
}

/// A list of `{currency, amount}`, like every sum.
struct Refunds<'a>(&'a [(Currency, i128)]);

impl Serialize for Refunds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|&(currency, refunded)| Refund {
            currency,
            amount: Millionths(currency, refunded).amount(),
        }))
    }
}

#[derive(serde::Serialize)]
struct Refund {
    currency: Currency,
    amount: Decimal,
}

/// Writes text without making it first.
struct Shown<D>(D);

impl<D: std::fmt::Display> Serialize for Shown<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
