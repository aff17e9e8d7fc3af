//! How foreign systems name a customer.

use crate::foreign::{Foreign, Key, NotBlank};
use serde::Serialize;
use touchbook_events::identifier::{handle, normal_form};
use touchbook_events::text::{Address, Name};
use touchbook_events::{CustomerId, IdentifierKind, Problem, Text};

/// A payload's `customer`.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Reference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<CustomerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<Text<320>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<Text<320>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) company: Option<Name>,
}

impl Reference {
    /// `customer_name`, `customer_email` and `customer_phone`, as most foreign systems have them.
    pub(crate) fn take(foreign: &mut Foreign<'_>) -> Result<Self, Problem> {
        Ok(Self {
            name: foreign.optional("customer_name")?,
            email: email(foreign, "customer_email")?,
            phone: foreign.optional("customer_phone")?,
            ..Self::default()
        })
    }

    /// `customer_id` as an API of ours takes it: our own id, an e-mail address, `kind:value`, or
    /// what the producer made unique (C1).
    pub(crate) fn identify(&mut self, foreign: &mut Foreign<'_>) -> Result<(), Problem> {
        const NAME: &str = "customer_id";
        let Some(Key(text)) = foreign.optional(NAME)? else {
            return Ok(());
        };
        if let Ok(id) = text.parse() {
            self.id = Some(id);
            return Ok(());
        }
        let (kind, value) = match text.split_once(':') {
            Some((kind, value)) => match IdentifierKind::parse(kind) {
                Some(kind) => (kind, value),
                None => (IdentifierKind::ExternalId, text.as_str()),
            },
            None if text.contains('@') => (IdentifierKind::Email, text.as_str()),
            None => (IdentifierKind::ExternalId, text.as_str()),
        };
        // A phone number may be a local one, which only the tenant's region makes sense of.
        if kind != IdentifierKind::Phone && normal_form(kind, value, None).is_none() {
            return Err(foreign.invalid(NAME, format!("is no {kind}")));
        }
        let value = limited(foreign, NAME, value)?;
        *self.slot(kind) = Some(value);
        Ok(())
    }

    fn slot(&mut self, kind: IdentifierKind) -> &mut Option<Text<320>> {
        match kind {
            IdentifierKind::ExternalId => &mut self.external_id,
            IdentifierKind::User => &mut self.user,
            IdentifierKind::Email => &mut self.email,
            IdentifierKind::Phone => &mut self.phone,
            IdentifierKind::Handle => &mut self.handle,
        }
    }

    /// `None` where it says nothing at all.
    pub(crate) fn some(self) -> Option<Self> {
        let says_something = self.id.is_some()
            || self.name.is_some()
            || self.company.is_some()
            || [
                &self.external_id,
                &self.user,
                &self.email,
                &self.phone,
                &self.handle,
            ]
            .iter()
            .any(|text| text.is_some());
        says_something.then_some(self)
    }
}

/// An e-mail address; a blank one is none.
///
/// # Errors
/// When it is something else.
pub(crate) fn email(foreign: &mut Foreign<'_>, name: &str) -> Result<Option<Address>, Problem> {
    let address = peek_email(foreign, name)?;
    foreign.raw(name);
    Ok(address)
}

/// As [`email`], but what was sent stays.
pub(crate) fn peek_email(foreign: &Foreign<'_>, name: &str) -> Result<Option<Address>, Problem> {
    let address: Option<Address> = foreign.peek(name)?;
    match address.filter(|address| !address.trim().is_empty()) {
        Some(address) if normal_form(IdentifierKind::Email, &address, None).is_none() => {
            Err(foreign.invalid(name, "is no e-mail address"))
        }
        address => Ok(address),
    }
}

/// `platform:handle` in lower case without `@`; `None` where either says nothing.
pub(crate) fn platform_handle(platform: &str, name: &str) -> Option<String> {
    let (platform, name) = (platform.trim().to_lowercase(), handle(name));
    let text = format!("{platform}:{name}");
    (!platform.is_empty() && !platform.contains(':') && !name.is_empty())
        .then_some(text)
        .filter(|text| normal_form(IdentifierKind::Handle, text, None).is_some())
}

/// A name that is unique in the tenant: the foreign system's own, after the system's.
///
/// # Errors
/// When it is longer than `CHARS_MAX`.
pub(crate) fn prefixed<const CHARS_MAX: usize>(
    foreign: &Foreign<'_>,
    name: &str,
    system: &str,
    key: &str,
) -> Result<Text<CHARS_MAX>, Problem> {
    limited(foreign, name, &format!("{system}:{key}"))
}

fn limited<const CHARS_MAX: usize>(
    foreign: &Foreign<'_>,
    name: &str,
    text: &str,
) -> Result<Text<CHARS_MAX>, Problem> {
    Text::new(text).map_err(|error| foreign.invalid(name, error.to_string()))
}

/// A member that names the object itself, so it must be there and say something.
pub(crate) fn own_key<const CHARS_MAX: usize>(
    foreign: &mut Foreign<'_>,
    name: &str,
) -> Result<Text<CHARS_MAX>, Problem> {
    let NotBlank(key) = foreign.required(name)?;
    limited(foreign, name, &key)
}
