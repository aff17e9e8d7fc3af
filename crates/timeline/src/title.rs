//! Titles as a salesperson reads them: "Inbound call, 4 min 12 s, voicemail".

use crate::details::{Call, Conversation, Details, Email, Manual, Order, Quote, Social, Workflow};
use crate::stored::Entry;
use std::fmt::{self, Display, Formatter, Write};
use touchbook_events::Money;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::money::{Currency, Decimal};

/// Writes the title of an entry.
pub(crate) struct Title<'e, 'a>(pub(crate) &'e Entry<'a>);

impl Display for Title<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = || self.0.entry_id().map(own_name);
        match self.0.details() {
            Details::Call(call) => write_call(f, call),
            Details::Email(email) => write_email(f, email),
            Details::Sms(message) => f.write_str(message_title("SMS", message.direction)),
            Details::Chat(message) => f.write_str(message_title("Chat message", message.direction)),
            Details::Quote(quote) => write_quote(f, quote, name()),
            Details::Conversation(conversation) => write_conversation(f, conversation),
            Details::Social(social) => write_social(f, social),
            Details::Order(order) => write_order(f, order, name()),
            Details::Manual(manual) => write_manual(f, manual),
            Details::Workflow(workflow) => write_workflow(f, workflow),
            Details::Custom(custom) => match custom.title.get() {
                Some(title) => f.write_str(title),
                None => write_name(f, custom.name),
            },
        }
    }
}

/// `12345` of `order/opencart:12345`: what people call the object.
fn own_name(subject: &str) -> &str {
    let name = subject.rsplit('/').next().unwrap_or(subject);
    name.rsplit(':').next().unwrap_or(name)
}

fn write_call(f: &mut Formatter<'_>, call: &Call<'_>) -> fmt::Result {
    f.write_str(match call.direction.get() {
        Some(Direction::Inbound) => "Inbound call",
        Some(Direction::Outbound) => "Outbound call",
        None => "Call",
    })?;
    if let Some(seconds) = call.duration_seconds.copied() {
        write!(f, ", {}", Duration(seconds))?;
    }
    let outcome = call.outcome.get().map(|outcome| outcome.outcome);
    match outcome.or_else(|| call.disposition.copied()) {
        Some(word) => write!(f, ", {}", Plain(word)),
        None => Ok(()),
    }
}

fn write_email(f: &mut Formatter<'_>, email: &Email<'_>) -> fmt::Result {
    f.write_str(message_title("E-mail", email.direction))?;
    match email.subject.get() {
        Some(subject) => write!(f, ": {subject}"),
        None => Ok(()),
    }
}

fn message_title(what: &'static str, direction: Option<Direction>) -> &'static str {
    match (what, direction) {
        ("SMS", Some(Direction::Inbound)) => "SMS received",
        ("SMS", Some(Direction::Outbound)) => "SMS sent",
        ("E-mail", Some(Direction::Inbound)) => "E-mail received",
        ("E-mail", Some(Direction::Outbound)) => "E-mail sent",
        ("Chat message", Some(Direction::Inbound)) => "Chat message received",
        ("Chat message", Some(Direction::Outbound)) => "Chat message sent",
        _ => what,
    }
}

fn write_quote(f: &mut Formatter<'_>, quote: &Quote<'_>, name: Option<&str>) -> fmt::Result {
    write_object(
        f,
        "Quote",
        name,
        quote.status.copied(),
        quote.total.copied(),
    )
}

fn write_order(f: &mut Formatter<'_>, order: &Order<'_>, name: Option<&str>) -> fmt::Result {
    write_object(
        f,
        "Order",
        name,
        order.status.copied(),
        order.total.copied(),
    )?;
    for (currency, refunded) in order.refunds.sums() {
        write!(f, ", refunded {}", Millionths(currency, refunded))?;
    }
    Ok(())
}

fn write_object(
    f: &mut Formatter<'_>,
    what: &str,
    name: Option<&str>,
    status: Option<&str>,
    total: Option<Money>,
) -> fmt::Result {
    f.write_str(what)?;
    if let Some(name) = name {
        write!(f, " {name}")?;
    }
    if let Some(status) = status {
        write!(f, " {}", Plain(status))?;
    }
    match total {
        Some(Money { amount, currency }) => write!(f, ", {currency} {amount}"),
        None => Ok(()),
    }
}

fn write_conversation(f: &mut Formatter<'_>, conversation: &Conversation<'_>) -> fmt::Result {
    match conversation.channel.get() {
        Some(channel) => write!(f, "{} conversation", Capital(channel))?,
        None => f.write_str("Conversation")?,
    }
    match conversation.status.get() {
        Some(status) => write!(f, ", {status}"),
        None => Ok(()),
    }
}

fn write_social(f: &mut Formatter<'_>, social: &Social<'_>) -> fmt::Result {
    f.write_str(match social.platform.get() {
        Some(platform) => return write_social_on(f, platform, social),
        None => "Social media entry",
    })
}

fn write_social_on(f: &mut Formatter<'_>, platform: &str, social: &Social<'_>) -> fmt::Result {
    let kind = social.interaction_type.copied().unwrap_or("entry");
    write!(f, "{} {}", Capital(platform), Plain(kind))?;
    match social.direction {
        Some(Direction::Outbound) => f.write_str(", sent"),
        _ => Ok(()),
    }
}

fn write_manual(f: &mut Formatter<'_>, manual: &Manual<'_>) -> fmt::Result {
    write!(
        f,
        "{}",
        Capital(manual.kind.copied().unwrap_or("interaction"))
    )?;
    if let Some(seconds) = manual.duration_seconds.get() {
        write!(f, ", {}", Duration(*seconds))?;
    }
    if let Some(outcome) = manual.outcome.get() {
        write!(f, ", {}", Plain(outcome))?;
    }
    match manual.subject_line.get() {
        Some(subject_line) => write!(f, ": {subject_line}"),
        None => Ok(()),
    }
}

fn write_workflow(f: &mut Formatter<'_>, workflow: &Workflow<'_>) -> fmt::Result {
    match (workflow.title, workflow.kind) {
        (Some(title), _) => write!(f, "Done: {title}")?,
        (None, Some(kind)) => write!(f, "Done: {}", Plain(kind))?,
        (None, None) => f.write_str("Step done")?,
    }
    match workflow.outcome.get() {
        Some(outcome) => write!(f, ", {}", Plain(outcome)),
        None => Ok(()),
    }
}

/// `shop.visit` is "Shop visit".
fn write_name(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    let mut parts = name.split('.');
    write!(f, "{}", Capital(parts.next().unwrap_or_default()))?;
    parts.try_for_each(|part| write!(f, " {}", Plain(part)))
}

/// A code as words: `no_answer` is "no answer".
struct Plain<'a>(&'a str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|c| f.write_char(if c == '_' { ' ' } else { c }))
    }
}

/// The same, as the beginning of a sentence.
struct Capital<'a>(&'a str);

impl Display for Capital<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        if let Some(first) = chars.next() {
            first.to_uppercase().try_for_each(|c| f.write_char(c))?;
        }
        write!(f, "{}", Plain(chars.as_str()))
    }
}

struct Duration(u32);

impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        match (hours, minutes, seconds) {
            (0, 0, seconds) => write!(f, "{seconds} s"),
            (0, minutes, 0) => write!(f, "{minutes} min"),
            (0, minutes, seconds) => write!(f, "{minutes} min {seconds} s"),
            (hours, 0, _) => write!(f, "{hours} h"),
            (hours, minutes, _) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

/// A sum of money, with two decimals or as many as it needs.
pub(crate) struct Millionths(pub(crate) Currency, pub(crate) i128);

impl Millionths {
    /// The amount without its currency.
    pub(crate) fn amount(&self) -> Decimal {
        let mut scale = 6;
        let mut units = self.1;
        while scale > 2 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        let saturated = i64::try_from(units).unwrap_or(if units < 0 { i64::MIN } else { i64::MAX });
        Decimal {
            units: saturated,
            scale,
            numeric: false,
        }
    }
}

impl Display for Millionths {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.amount())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_aloud() {
        let spoken = |seconds| Duration(seconds).to_string();
        assert_eq!(spoken(0), "0 s");
        assert_eq!(spoken(252), "4 min 12 s");
        assert_eq!(spoken(120), "2 min");
        assert_eq!(spoken(3600), "1 h");
        assert_eq!(spoken(5_430), "1 h 30 min");
    }

    #[test]
    fn a_registered_type_without_a_title_goes_by_its_name() {
        struct Name(&'static str);
        impl Display for Name {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                write_name(f, self.0)
            }
        }
        assert_eq!(Name("shop.visit").to_string(), "Shop visit");
        assert_eq!(
            Name("shop.test_drive.ended").to_string(),
            "Shop test drive ended"
        );
    }

    #[test]
    fn an_object_goes_by_its_own_name() {
        assert_eq!(own_name("order/opencart:12345"), "12345");
        assert_eq!(own_name("order/12345"), "12345");
        assert_eq!(own_name("plain"), "plain");
    }
}
