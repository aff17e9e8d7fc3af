//! Meta's webhooks: mentions, comments and posts on Instagram and Facebook pages.

use crate::event::Event;
use crate::foreign::{Foreign, Key};
use crate::moment::since_1970;
use crate::payload::Payload;
use crate::reference::{Reference, platform_handle};
use crate::signature::same_text;
use serde_json::value::RawValue;
use touchbook_events::text::{Address, Body, OwnKey, Url};
use touchbook_events::{EventType, Member, Problem, Text};

const SYSTEM: &str = "meta";

/// What a webhook is about, and the platform that this is.
const OBJECTS: [(&str, &str); 2] = [("instagram", "instagram"), ("page", "facebook")];

/// Fields whose changes become events.
pub const FIELDS: [&str; 5] = ["comments", "feed", "live_comments", "mention", "mentions"];

/// What may stand in a page's feed, and what kind of interaction that is.
const FEED_ITEMS: [(&str, &str); 6] = [
    ("comment", "comment"),
    ("photo", "post"),
    ("post", "post"),
    ("share", "post"),
    ("status", "post"),
    ("video", "post"),
];

/// What was done to it; the rest, such as `remove`, tells of nothing that anybody wrote.
const VERBS: [&str; 4] = ["add", "edit", "edited", "update"];

/// Longer than any challenge of Meta's.
const CHALLENGE_CHARS_MAX: usize = 200;

/// One thing that a webhook tells.
#[derive(Debug)]
pub struct Change {
    /// As it was sent, for the dead letter that it becomes where it can't be used.
    pub text: Box<RawValue>,
    /// The problem points into the whole body.
    pub event: Result<Event, Problem>,
}

/// What a subscription's GET is answered: `hub.challenge`, where `hub.mode` and `hub.verify_token`
/// are right. It is plain text, in letters, digits, `-` and `_`.
pub fn challenge<'a>(
    mode: Option<&str>,
    verify_token: Option<&str>,
    challenge: Option<&'a str>,
    secret: &str,
) -> Option<&'a str> {
    let is_known = !secret.is_empty() && same_text(verify_token?, secret);
    let is_plain = |text: &&str| {
        text.len() <= CHALLENGE_CHARS_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    challenge
        .filter(|_| is_known && mode == Some("subscribe"))
        .filter(is_plain)
}

/// Reads a webhook's body, change by change.
///
/// # Errors
/// Where the body as a whole can't be read; a bad change stands in its [`Change`].
pub fn changes(body: &str) -> Result<Vec<Change>, Problem> {
    let mut body = Foreign::parse(body)?;
    let object: String = body.required("object")?;
    let Some((_, platform)) = OBJECTS.iter().find(|(known, _)| *known == object) else {
        let detail = format!("`{object}` is no object that is read here");
        let known = OBJECTS.iter().map(|(known, _)| *known);
        return Err(Problem::new("unknown_object", "/object", detail).allowing(known));
    };
    let mut changes = Vec::new();
    for (at, raw) in body.elements("entry")? {
        if let Err(problem) = entry(platform, at, raw, &mut changes) {
            changes.push(unusable(raw, problem));
        }
    }
    Ok(changes)
}

fn unusable(raw: &RawValue, problem: Problem) -> Change {
    Change {
        text: raw.to_owned(),
        event: Err(problem),
    }
}

/// Whose account an entry is about, and when it was sent.
struct Account {
    platform: &'static str,
    id: Option<String>,
    time: Option<i64>,
}

fn entry(
    platform: &'static str,
    at: String,
    raw: &RawValue,
    changes: &mut Vec<Change>,
) -> Result<(), Problem> {
    let mut entry = Foreign::of(raw, at)?;
    let account = Account {
        platform,
        id: entry.optional("id")?.map(|Key(id)| id),
        time: entry.optional("time")?,
    };
    let messages = entry.elements("messaging")?;
    for (at, raw) in entry.elements("changes")? {
        let event = Foreign::of(raw, at).and_then(|change| account.event(change));
        let text = raw.to_owned();
        changes.push(Change { text, event });
    }
    changes.extend(messages.into_iter().map(|(at, raw)| {
        let problem = Problem::new("unknown_field", at, "messages are not read here");
        unusable(raw, problem.allowing(FIELDS))
    }));
    Ok(())
}

impl Account {
    fn event(&self, mut change: Foreign<'_>) -> Result<Event, Problem> {
        let field: String = change.required("field")?;
        let missing = change.invalid("value", "missing");
        let unknown = || {
            let detail = format!("`{field}` is no field that is read here");
            Problem::new("unknown_field", change.pointer("field"), detail).allowing(FIELDS)
        };
        if !FIELDS.contains(&field.as_str()) {
            return Err(unknown());
        }
        let value = change.object("value")?.ok_or(missing)?;
        check_verb(&value)?;
        let interaction_type = match field.as_str() {
            "comments" | "live_comments" => "comment",
            "feed" => feed_item(&value)?,
            _ => "mention",
        };
        self.social(interaction_type, value)
    }

    fn social(&self, interaction_type: &str, mut value: Foreign<'_>) -> Result<Event, Problem> {
        let author = Author::of(&value)?;
        // What our own account wrote comes back to us like everything else.
        let event_type = match author.id.is_some() && author.id == self.id {
            true => EventType::SocialSent,
            false => EventType::SocialReceived,
        };
        let mut payload = Payload::default();
        payload.value("social_id", Some(social_id(&mut value)?))?;
        payload.value("platform", Some(self.platform))?;
        payload.value("interaction_type", Some(interaction_type))?;
        if event_type == EventType::SocialReceived {
            payload.value("customer", author.reference(self.platform).some())?;
            payload.value("handle", author.handle())?;
        }
        content(&mut value, &mut payload)?;
        payload.member("post_url", value.member::<Url>("permalink_url")?);
        payload.value("in_reply_to", in_reply_to(&value)?)?;
        payload.value("interaction_date", self.date(&value))?;
        payload.value("account_id", self.id.as_deref())?;
        payload.keep(event_type, value)?;
        Ok(Event {
            id: None,
            source: SYSTEM.to_owned(),
            event_type,
            subject: None,
            time: None,
            data: payload.finish()?,
        })
    }

    /// When it was written; where nothing says that, when Meta told of it.
    fn date(&self, value: &Foreign<'_>) -> Option<String> {
        let own = ["created_time", "timestamp"];
        let own = own
            .iter()
            .find_map(|name| value.peek::<i64>(name).ok().flatten());
        own.or(self.time).and_then(since_1970)
    }
}

fn check_verb(value: &Foreign<'_>) -> Result<(), Problem> {
    match value.peek::<String>("verb")? {
        Some(verb) if !VERBS.contains(&verb.as_str()) => {
            let detail = format!("`{verb}` tells of nothing that somebody wrote");
            Err(value.invalid("verb", detail).allowing(VERBS))
        }
        _ => Ok(()),
    }
}

fn feed_item(value: &Foreign<'_>) -> Result<&'static str, Problem> {
    let item: Option<String> = value.peek("item")?;
    let item = item.ok_or_else(|| value.invalid("item", "missing"))?;
    let known = FEED_ITEMS.iter().find(|(known, _)| *known == item);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        let detail = format!("`{item}` is nothing that somebody wrote");
        let known = FEED_ITEMS.iter().map(|(known, _)| *known);
        value.invalid("item", detail).allowing(known)
    })
}

/// The narrowest thing that it names: the comment, else the media or post.
fn social_id(value: &mut Foreign<'_>) -> Result<OwnKey, Problem> {
    for name in ["comment_id", "id", "media_id", "post_id"] {
        if let Some(Key(id)) = value.optional(name)? {
            return OwnKey::new(id).map_err(|error| value.invalid(name, error.to_string()));
        }
    }
    let detail = "missing, and so are `comment_id`, `media_id` and `post_id`";
    Err(value.invalid("id", detail))
}

/// What it hangs on, by the platform's name: the comment before it, else the media or post.
fn in_reply_to(value: &Foreign<'_>) -> Result<Option<OwnKey>, Problem> {
    let media = value.peek_object("media")?;
    let media = media.map(|media| media.peek("id")).transpose()?.flatten();
    let named = match value.peek("parent_id")? {
        Some(parent) => Some(parent),
        None => value.peek("media_id")?.or(value.peek("post_id")?).or(media),
    };
    let named = named.map(|Key(id)| OwnKey::new(id)).transpose();
    named.map_err(|error| value.invalid("parent_id", error.to_string()))
}

fn content(value: &mut Foreign<'_>, payload: &mut Payload) -> Result<(), Problem> {
    let content = match value.member::<Body>("text")? {
        Member::Absent => value.member::<Body>("message")?,
        text => text,
    };
    payload.member("content", content);
    Ok(())
}

/// Who wrote it; mentions don't say.
#[derive(Default)]
struct Author {
    id: Option<String>,
    username: Option<Address>,
    name: Option<Text<200>>,
}

impl Author {
    fn of(value: &Foreign<'_>) -> Result<Self, Problem> {
        let Some(from) = value.peek_object("from")? else {
            return Ok(Self::default());
        };
        Ok(Self {
            id: from.peek("id")?.map(|Key(id)| id),
            username: from.peek("username")?,
            name: from.peek("name")?,
        })
    }

    fn handle(&self) -> Option<Address> {
        let id = || {
            self.id
                .as_ref()
                .and_then(|id| Address::new(id.as_str()).ok())
        };
        self.username.clone().or_else(id)
    }

    fn reference(&self, platform: &str) -> Reference {
        let handle = self
            .handle()
            .and_then(|handle| platform_handle(platform, &handle));
        Reference {
            handle: handle.and_then(|handle| Address::new(handle).ok()),
            name: self.name.clone(),
            ..Reference::default()
        }
    }
}
