//! What of a customer a search met, and how well.

use touchbook_events::IdentifierKind;

/// What of a customer matched; better ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    ExternalId = 1,
    User,
    Email,
    Phone,
    Handle,
    Name,
    Company,
}

impl Field {
    pub(super) fn of_tag(tag: u8) -> Option<Self> {
        let all = [
            Self::ExternalId,
            Self::User,
            Self::Email,
            Self::Phone,
            Self::Handle,
            Self::Name,
            Self::Company,
        ];
        all.into_iter().find(|field| *field as u8 == tag)
    }

    pub(super) fn of(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::ExternalId => Self::ExternalId,
            IdentifierKind::User => Self::User,
            IdentifierKind::Email => Self::Email,
            IdentifierKind::Phone => Self::Phone,
            IdentifierKind::Handle => Self::Handle,
        }
    }

    /// As in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExternalId => "external_id",
            Self::User => "user",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Handle => "handle",
            Self::Name => "name",
            Self::Company => "company",
        }
    }
}

/// How it matched; better ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum How {
    Exact,
    /// The text begins with what was asked; a phone number ends with it.
    Partly,
    Within,
}

/// Why a customer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matched {
    pub how: How,
    pub field: Field,
}
