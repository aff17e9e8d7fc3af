//! Social media: mentions, comments and direct messages.

use super::typed::{Object, not_blank};
use crate::customer_ref::CustomerRef;
use crate::member::Member;
use crate::problem::Problem;
use crate::text::{Address, Body, OwnKey, Url, Word};
use crate::time::Moment;
use std::borrow::Cow;

event_data! {
    /// A customer writes to us or of us (⟳).
    Received: ReceivedFacts, ReceivedPersonal {
        facts {
            /// Such as `instagram`.
            platform: Member<Word>,
            /// Such as `mention`, `comment`, `dm`.
            interaction_type: Member<Word>,
            requires_response: Member<bool>,
            interaction_date: Member<Moment>,
        }
        personal {
            customer: Option<CustomerRef>,
            /// The platform's own name for it.
            social_id: Option<OwnKey>,
            /// Who wrote, as sent; a subject made of it has it lower case without `@`.
            handle: Member<Address>,
            content: Member<Body>,
            post_url: Member<Url>,
            /// The platform's own name for what it answers.
            in_reply_to: Member<OwnKey>,
            metadata: Member<Object>,
        }
    }
}

event_data! {
    /// We write to a customer (⟳).
    Sent: SentFacts, SentPersonal {
        facts {
            /// Such as `instagram`.
            platform: Member<Word>,
            /// Such as `reply`, `dm`.
            interaction_type: Member<Word>,
            requires_response: Member<bool>,
            interaction_date: Member<Moment>,
        }
        personal {
            customer: Option<CustomerRef>,
            /// The platform's own name for it.
            social_id: Option<OwnKey>,
            /// To whom, as sent; a subject made of it has it lower case without `@`.
            handle: Member<Address>,
            content: Member<Body>,
            post_url: Member<Url>,
            /// The platform's own name for what it answers.
            in_reply_to: Member<OwnKey>,
            metadata: Member<Object>,
        }
    }
}

impl Received {
    pub(crate) fn check_names(&self) -> Result<(), Problem> {
        match &self.personal {
            Some(personal) => not_blank(&personal.social_id, "/social_id"),
            None => Ok(()),
        }
    }

    pub(crate) fn own_key(&self) -> Option<Cow<'_, str>> {
        let personal = self.personal.as_ref()?;
        let names = Names {
            social_id: &personal.social_id,
            platform: &self.facts.platform,
            handle: &personal.handle,
            post_url: &personal.post_url,
            interaction_type: &self.facts.interaction_type,
            interaction_date: &self.facts.interaction_date,
        };
        names.own_key()
    }
}

impl Sent {
    pub(crate) fn check_names(&self) -> Result<(), Problem> {
        match &self.personal {
            Some(personal) => not_blank(&personal.social_id, "/social_id"),
            None => Ok(()),
        }
    }

    pub(crate) fn own_key(&self) -> Option<Cow<'_, str>> {
        let personal = self.personal.as_ref()?;
        let names = Names {
            social_id: &personal.social_id,
            platform: &self.facts.platform,
            handle: &personal.handle,
            post_url: &personal.post_url,
            interaction_type: &self.facts.interaction_type,
            interaction_date: &self.facts.interaction_date,
        };
        names.own_key()
    }
}

/// What tells one entry from another where the platform gives it no id.
struct Names<'a> {
    social_id: &'a Option<OwnKey>,
    platform: &'a Member<Word>,
    handle: &'a Member<Address>,
    post_url: &'a Member<Url>,
    interaction_type: &'a Member<Word>,
    interaction_date: &'a Member<Moment>,
}

impl<'a> Names<'a> {
    /// The platform's id, else a digest; `None` where only platform and type are known, which many
    /// entries share.
    fn own_key(&self) -> Option<Cow<'a, str>> {
        if let Some(id) = self.social_id {
            return Some(Cow::Borrowed(id));
        }
        let telling = self.handle.value().is_some()
            || self.post_url.value().is_some()
            || self.interaction_date.value().is_some();
        telling.then(|| Cow::Owned(self.digest()))
    }

    fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("touchbook social subject v1");
        let mut part = |text: Option<&str>| {
            let text = text.unwrap_or_default();
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        let handle = self
            .handle
            .value()
            .map(|handle| crate::identifier::handle(handle));
        let date = self.interaction_date.value().map(|moment| match moment {
            Moment::At(at) => format!("at {}", at.micros()),
            Moment::Local(at) => format!("local {}", at.micros()),
        });
        part(self.platform.value().map(|platform| platform.as_str()));
        part(handle.as_deref());
        part(self.post_url.value().map(|url| url.as_str()));
        part(self.interaction_type.value().map(|kind| kind.as_str()));
        part(date.as_deref());
        let digest = hasher.finalize();
        digest.to_hex()[..32].to_owned()
    }
}
