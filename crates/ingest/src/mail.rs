//! E-mail messages as mail servers hand them over (RFC 5322, MIME).

mod headers;
mod parts;

use crate::email::{SYSTEM, Thread};
use crate::event::Event;
use crate::payload::Payload;
use crate::reference::Reference;
use headers::{Correspondent, address_list, bracketed, date, ids};
use mail_parser::{Message, MessagePart, MimeHeaders};
use serde::Serialize;
use sha2::{Digest, Sha256};
use touchbook_events::digest::hex;
use touchbook_events::identifier::normal_form;
use touchbook_events::text::{Address, Body, Name};
use touchbook_events::{Code, EventType, IdentifierKind, Problem, Text};

/// What is kept of a body, besides its characters: an event has to hold all the rest too.
const BODY_BYTES_MAX: usize = 192 * 1024;
/// Attachments that are named of one message.
const ATTACHMENTS_MAX: usize = 200;

/// A payload's attachment; the file itself stays with the message.
#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<Code<200>>,
    bytes: u64,
}

/// Reads one message, named by its Message-ID, or else by its digest.
///
/// `is_ours` is asked whether an address, in lower case, is one of ours: what comes from one was
/// sent, and its customer is the first recipient that is not ours; all else was received. Text that
/// is longer than the catalogue has room for is cut; the message itself stays with the caller.
///
/// # Errors
/// Where it has no sender, or is no message at all; the pointer names the header.
pub fn read(message: &[u8], is_ours: impl Fn(&str) -> bool) -> Result<Event, Problem> {
    let parsed = parts::parse(message)?;
    let from = address_list(parsed.from()).into_iter().next();
    let from = from.ok_or_else(|| Problem::invalid("/from", "missing; no message is without"))?;
    let to = address_list(parsed.to());
    let cc = address_list(parsed.cc());
    let recipients = || to.iter().chain(&cc);
    let is_ours = |one: &Correspondent| is_ours(&one.address.to_lowercase());
    let (event_type, customer, mailbox) = match is_ours(&from) {
        true => {
            let customer = recipients().find(|one| !is_ours(one));
            (EventType::EmailSent, customer, Some(&from))
        }
        false => {
            let mailbox = recipients().find(|one| is_ours(one));
            (EventType::EmailReceived, Some(&from), mailbox)
        }
    };
    let mut payload = Payload::default();
    payload.value(
        "customer",
        customer.map(reference).and_then(Reference::some),
    )?;
    payload.value("email_id", Some(email_id(&parsed, message)))?;
    payload.value("from", Some(&from.address))?;
    payload.value("from_name", from.name.as_ref())?;
    payload.value("to", addresses(&to))?;
    payload.value("cc", addresses(&cc))?;
    payload.value("mailbox", mailbox.map(|one| &one.address))?;
    payload.value("thread", thread(&parsed).some())?;
    payload.value("subject", parsed.subject().map(Text::<1000>::clipped))?;
    let body = parts::text(&parsed);
    let body = body.map(|text| Body::clipped(within(&text, BODY_BYTES_MAX)));
    payload.value("body", body)?;
    payload.value("attachments", attachments(&parsed))?;
    payload.value("created_at", parsed.date().and_then(date))?;
    Ok(Event {
        id: None,
        source: SYSTEM.to_owned(),
        event_type,
        subject: None,
        time: None,
        data: payload.finish()?,
    })
}

/// An address that can't be a customer's still stands in `from` or `to`.
fn reference(one: &Correspondent) -> Reference {
    let is_address = normal_form(IdentifierKind::Email, &one.address, None).is_some();
    Reference {
        email: is_address.then(|| one.address.clone()),
        name: one.name.clone(),
        ..Reference::default()
    }
}

fn addresses(list: &[Correspondent]) -> Option<Vec<&Address>> {
    (!list.is_empty()).then(|| list.iter().map(|one| &one.address).collect())
}

fn email_id(parsed: &Message<'_>, message: &[u8]) -> Text<1000> {
    let named = parsed.message_id().and_then(bracketed);
    named.unwrap_or_else(|| Text::clipped(&format!("sha256:{}", hex(&Sha256::digest(message)))))
}

fn thread(parsed: &Message<'_>) -> Thread {
    Thread {
        id: None,
        in_reply_to: ids(parsed.in_reply_to()).into_iter().next(),
        references: ids(parsed.references()),
    }
}

/// The beginning of `text` that takes at most `bytes_max` bytes.
fn within(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn attachments(parsed: &Message<'_>) -> Option<Vec<Attachment>> {
    let parts = parsed.attachments().take(ATTACHMENTS_MAX);
    let attachments: Vec<Attachment> = parts.map(|part| attachment(parsed, part)).collect();
    (!attachments.is_empty()).then_some(attachments)
}

fn attachment(parsed: &Message<'_>, part: &MessagePart<'_>) -> Attachment {
    let content_type = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
        None => kind.ctype().to_owned(),
    });
    Attachment {
        name: part.attachment_name().map(Name::clipped),
        content_type: content_type.and_then(|kind| Code::new(kind).ok()),
        bytes: parts::bytes(parsed, part),
    }
}
