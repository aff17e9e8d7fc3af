//! Secrets that must be known in the clear.

use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What signs sessions, and what others sign with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretTexts {
    /// Signs the cookies of sessions.
    pub session: String,
    /// By the references that records name.
    pub webhooks: BTreeMap<String, String>,
}

/// The names alone.
impl fmt::Debug for SecretTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let webhooks: Vec<_> = self.webhooks.keys().collect();
        f.debug_struct("SecretTexts")
            .field("webhooks", &webhooks)
            .finish_non_exhaustive()
    }
}

/// Secrets as they stand; others may take their place while the service runs.
#[derive(Debug, Default)]
pub struct Secrets(ArcSwap<SecretTexts>);

impl Secrets {
    pub fn new(texts: SecretTexts) -> Self {
        Self(ArcSwap::from_pointee(texts))
    }

    pub fn replace(&self, texts: SecretTexts) {
        self.0.store(Arc::new(texts));
    }

    pub(crate) fn session(&self) -> String {
        self.0.load().session.clone()
    }

    /// The secret that a record refers to.
    pub fn webhook(&self, reference: &str) -> Option<String> {
        self.0.load().webhooks.get(reference).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let texts = SecretTexts {
            session: "hidden-session".to_owned(),
            webhooks: [("acme/shop".to_owned(), "hidden-hook".to_owned())].into(),
        };
        let secrets = Secrets::new(texts);
        let shown = format!("{secrets:?}");
        assert!(
            shown.contains("acme/shop") && !shown.contains("hidden"),
            "{shown}"
        );
        assert_eq!(secrets.webhook("acme/shop").as_deref(), Some("hidden-hook"));
        secrets.replace(SecretTexts::default());
        assert_eq!(secrets.webhook("acme/shop"), None);
    }
}
