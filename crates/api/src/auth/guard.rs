//! What a handler has of who came: what they may do, and how they are turned away.

use super::refusals::{Refusal, Refusals};
use crate::problem::Problem;
use axum::http::StatusCode;
use std::sync::Arc;
use touchbook_accounts::{Action, Scope};
use touchbook_engine::Tenant;
use touchbook_events::catalogue::access::Role;
use touchbook_events::{self as events, CustomerId, EventType};

/// A caller's rights.
#[derive(Clone)]
pub(crate) enum Guard {
    /// Nobody had to say who they are.
    Open,
    Role(Rights),
}

#[derive(Clone)]
pub(crate) struct Rights {
    pub(crate) role: Role,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) principal: Box<str>,
    /// As the router knows it.
    pub(crate) route: &'static str,
    /// The customer that the caller is, where nothing else is its business.
    pub(crate) own: Option<CustomerId>,
    pub(crate) refusals: Arc<Refusals>,
}

impl Guard {
    /// # Errors
    /// 403 where the caller's role has not this action at all.
    pub(crate) fn admit(&self, action: Action) -> Result<Scope, Problem> {
        let Self::Role(rights) = self else {
            return Ok(Scope::Tenant);
        };
        action.scope(rights.role).ok_or_else(|| {
            self.note("");
            not_allowed(rights.role)
        })
    }

    /// # Errors
    /// 404, in the words for what does not exist, where a customer is not the caller's business.
    pub(crate) fn admit_to(&self, customer: CustomerId) -> Result<(), Problem> {
        match self.own() {
            Some(own) if own != customer => {
                self.note(&customer.to_string());
                Err(Problem::not_found())
            }
            _ => Ok(()),
        }
    }

    /// The customer that the caller is, where nothing else is its business.
    pub(crate) fn own(&self) -> Option<CustomerId> {
        match self {
            Self::Open => None,
            Self::Role(rights) => rights.own,
        }
    }

    /// Whether the caller may know of a tenant.
    pub(crate) fn sees_tenant(&self, slug: &str) -> bool {
        match self {
            Self::Open => true,
            Self::Role(rights) => rights.tenant.slug() == slug,
        }
    }

    /// # Errors
    /// Where the caller's role may not send events of this type.
    pub(crate) fn admit_event(&self, event_type: EventType) -> Result<(), events::Problem> {
        let Self::Role(rights) = self else {
            return Ok(());
        };
        match Action::of_event(event_type) {
            Some(action) if action.scope(rights.role).is_none() => {
                self.note(event_type.as_str());
                let detail = format!("the role `{}` may not send `{event_type}`", rights.role);
                Err(events::Problem::new(NOT_ALLOWED, "/type", detail))
            }
            // What is sent by nobody is refused in its own words.
            _ => Ok(()),
        }
    }

    /// Writes down that the caller was refused, and what it wanted.
    fn note(&self, resource: &str) {
        if let Self::Role(rights) = self {
            rights.refusals.note(&Refusal {
                tenant: &rights.tenant,
                principal: &rights.principal,
                route: rights.route,
                resource,
            });
        }
    }
}

/// The code of what somebody signed in may not do.
pub(crate) const NOT_ALLOWED: &str = "not_allowed";

fn not_allowed(role: Role) -> Problem {
    let detail = format!("the role `{role}` may not do this");
    Problem::new(StatusCode::FORBIDDEN, NOT_ALLOWED, detail)
}
