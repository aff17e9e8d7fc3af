//! The event that begins a tenant.

use crate::engine::Submission;
use serde_json::json;
use touchbook_events::digest::hex;
use touchbook_events::incoming::Entrance;
use touchbook_events::limits::SLUG_CHARS_MAX;
use touchbook_events::{Incoming, Principal, Problem, TenantKey};

const SALT_BYTES: usize = 32;

/// # Errors
/// When `slug` can't be a tenant's.
pub(crate) fn submission(slug: &str) -> Result<Submission, Problem> {
    check(slug)?;
    let salt = salt()?;
    let event = json!({
        "specversion": "1.0",
        "id": slug,
        "source": "touchbook/tenants",
        "type": "tenant.created",
        "subject": format!("tenant/{slug}"),
        "tenantid": slug,
        "authtype": "system",
        "data": { "slug": slug, "salt": salt },
    })
    .to_string();
    let key = TenantKey::from_salt(salt.as_bytes());
    let incoming = Incoming::read(&event, Entrance::Service, &Principal::touchbook(), &key)?;
    Ok(Submission {
        incoming,
        json: event.into(),
    })
}

/// `[a-z0-9-]{1,40}`, so that it can stand in subjects, headers and paths.
fn check(slug: &str) -> Result<(), Problem> {
    let fits = (1..=SLUG_CHARS_MAX).contains(&slug.len())
        && slug
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if fits {
        return Ok(());
    }
    let detail = format!(
        "{slug:?} is no tenant name; write 1 to {SLUG_CHARS_MAX} of the characters a-z, 0-9 and -"
    );
    Err(Problem::new("invalid_tenant", "", detail))
}

fn salt() -> Result<String, Problem> {
    let mut bytes = [0_u8; SALT_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        Problem::new(
            "no_randomness",
            "",
            format!("the system gave no random bytes: {error}"),
        )
    })?;
    Ok(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_few_characters_and_not_many_of_them() {
        for slug in ["acme", "a", "shop-2", &"x".repeat(40)] {
            assert!(submission(slug).is_ok(), "{slug}");
        }
        for slug in ["", "Acme", "a.b", "a b", "_node", "ä", &"x".repeat(41)] {
            assert_eq!(
                submission(slug).unwrap_err().code,
                "invalid_tenant",
                "{slug}"
            );
        }
    }

    #[test]
    fn two_tenants_never_share_a_salt() {
        assert_ne!(submission("a").unwrap().json, submission("a").unwrap().json);
    }
}
