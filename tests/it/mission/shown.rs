//! What document 001 shows, word for word; where it leaves out (`[...]`), something small stands.

pub(super) const ORDER: &str = include_str!("shown/order.json");
pub(super) const SOCIAL: &str = include_str!("shown/social.json");
pub(super) const QUOTE: &str = include_str!("shown/quote.json");
pub(super) const EMAIL: &str = include_str!("shown/email.json");
pub(super) const PROFILES: &str = include_str!("shown/profiles.json");
pub(super) const UPDATE_PROFILE: &str = include_str!("shown/update_profile.json");

/// What `/api/webhooks/timeline` takes, by type.
pub(super) const WEBHOOKS: [(&str, &str); 4] = [
    (
        "quote_session_update",
        include_str!("shown/webhook_quote.json"),
    ),
    (
        "social_interaction",
        include_str!("shown/webhook_social.json"),
    ),
    ("opencart_order", include_str!("shown/webhook_order.json")),
    ("email_thread", include_str!("shown/webhook_email.json")),
];

/// The document names what a call brings and shows no body; this has every member.
pub(super) const CALL: &str = include_str!("shown/call.json");
