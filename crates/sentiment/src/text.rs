//! Which text of an entry is scored.

use std::borrow::Cow;
use touchbook_events::catalogue::call::Transcribed;
use touchbook_events::catalogue::message::EmailReceived;
use touchbook_events::{Data, EventType};

/// What a customer said in the entry that this record tells of: a call's transcript, else its
/// summary; subject and body of an e-mail; an SMS, a chat message, a social entry (S1-112).
///
/// `None` for what we sent, for orders, quotes and everything else that nobody says, for what was
/// erased, for a revision that leaves the words out, and for a transcript in another language than
/// English, if it says so. Whether somebody rated the entry is all the same: our score stands
/// behind theirs, and shows once they take it back.
pub fn text_of(data: &Data) -> Option<Cow<'_, str>> {
    let text = words(data)?;
    (!text.trim().is_empty()).then_some(text)
}

/// Whether there may be [text](text_of) in records of this type.
pub const fn may_have_text(event_type: EventType) -> bool {
    matches!(
        event_type,
        EventType::CallTranscribed
            | EventType::EmailReceived
            | EventType::SmsReceived
            | EventType::ChatReceived
            | EventType::SocialReceived
    )
}

fn words(data: &Data) -> Option<Cow<'_, str>> {
    let text = match data {
        Data::CallTranscribed(data) => return transcript(data).map(Cow::Borrowed),
        Data::EmailReceived(data) => return mail(data).map(Cow::Owned),
        Data::SmsReceived(data) => data.personal.as_ref()?.body.as_deref()?,
        Data::ChatReceived(data) => data.personal.as_ref()?.body.as_deref()?,
        Data::SocialReceived(data) => data.personal.as_ref()?.content.value()?,
        _ => return None,
    };
    Some(Cow::Borrowed(text))
}

fn transcript(transcribed: &Transcribed) -> Option<&str> {
    let language = transcribed.facts.language.as_deref();
    if language.is_some_and(|language| !is_english(language)) {
        return None;
    }
    let personal = transcribed.personal.as_ref()?;
    personal.text.as_deref().or(personal.summary.as_deref())
}

/// `en`, `en-ZA` (BCP 47).
fn is_english(language: &str) -> bool {
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    primary.eq_ignore_ascii_case("en")
}

/// Without the lines that it quotes: those are somebody else's words, often our own.
fn mail(received: &EmailReceived) -> Option<String> {
    let personal = received.personal.as_ref()?;
    let body = personal.body.value()?;
    let mut text = match personal.subject.value() {
        Some(subject) => format!("{subject}\n\n"),
        None => String::new(),
    };
    for line in body.lines().filter(|line| !line.starts_with('>')) {
        text.push_str(line);
        text.push('\n');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::data;
    use touchbook_events::incoming::Entrance;
    use touchbook_events::{Incoming, Principal, TenantKey};

    fn text(event_type: &str, json: &str) -> Option<String> {
        text_of(&data(event_type, json)).map(Cow::into_owned)
    }

    /// S1-112.
    #[test]
    fn what_a_customer_said_is_scored() {
        for (event_type, json, want) in [
            (
                "call.transcribed",
                r#"{"text":"Good morning.","summary":"A greeting.","language":"en-ZA"}"#,
                "Good morning.",
            ),
            (
                "call.transcribed",
                r#"{"summary":"A greeting."}"#,
                "A greeting.",
            ),
            (
                "email.received",
                r#"{"subject":"Thanks","body":"Great work.\n> Sorry\nJane"}"#,
                "Thanks\n\nGreat work.\nJane\n",
            ),
            (
                "email.received",
                r#"{"body":"Great work."}"#,
                "Great work.\n",
            ),
            ("sms.received", r#"{"body":"Thank you"}"#, "Thank you"),
            (
                "chat.received",
                r#"{"body":"Is it in stock?"}"#,
                "Is it in stock?",
            ),
            (
                "social.received",
                r#"{"platform":"x","content":"Love it"}"#,
                "Love it",
            ),
        ] {
            assert_eq!(text(event_type, json).as_deref(), Some(want), "{json}");
        }
    }

    #[test]
    fn nothing_else_is_scored() {
        for (event_type, json) in [
            ("email.sent", r#"{"body":"Great news"}"#),
            ("sms.sent", r#"{"body":"Great news"}"#),
            ("chat.sent", r#"{"body":"Great news"}"#),
            ("social.sent", r#"{"content":"Great news"}"#),
            ("order.updated", r#"{"status":"Complete"}"#),
            ("quote.updated", r#"{"status":"great"}"#),
            ("call.started", r#"{"direction":"inbound"}"#),
            ("call.transcribed", r#"{"status":"queued"}"#),
            (
                "call.transcribed",
                r#"{"text":"Goeie more.","language":"af"}"#,
            ),
            ("email.received", r#"{"subject":"Thanks","status":"read"}"#),
            ("sms.received", r#"{"body":" "}"#),
        ] {
            assert_eq!(text(event_type, json), None, "{event_type} {json}");
        }
    }

    #[test]
    fn types_without_text_are_known_without_looking() {
        let (key, us) = (TenantKey::from_salt(b""), Principal::touchbook());
        for event_type in EventType::ALL {
            let event = Incoming::read(event_type.example(), Entrance::Service, &us, &key);
            let has_text = text_of(&event.unwrap().data).is_some();
            assert!(!has_text || may_have_text(*event_type), "{event_type}");
        }
        let with_text = EventType::ALL.iter().filter(|of| may_have_text(**of));
        assert_eq!(with_text.count(), 5);
    }

    #[test]
    fn what_was_erased_is_not_scored() {
        let mut sms = data("sms.received", r#"{"body":"Thank you"}"#);
        sms.erase();
        assert_eq!(text_of(&sms), None);
    }
}
