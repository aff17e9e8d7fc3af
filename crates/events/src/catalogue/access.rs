//! Who may do what: users, keys, subscriptions and refusals.

use crate::id::CustomerId;
use crate::text::{Address, Code, Name, OwnKey, Reason, Text, Url};

closed_enum!(
    /// What a user or a key may do (C20).
    Role {
        CustomerSelf = "customer_self",
        Agent = "agent",
        Manager = "manager",
        Compliance = "compliance",
        SuperAdmin = "super_admin",
        /// A program that brings events, and reads nothing.
        Producer = "producer",
    }
);

closed_enum!(
    /// What a webhook's sender is, which decides how its deliveries are read and signed.
    WebhookKind {
        /// Document 001's own types.
        Timeline = "timeline",
        CallSystem = "call_system",
        Meta = "meta",
        Shopify = "shopify",
    }
);

event_object! {
    /// The webhook that a key opens, and nothing else.
    #[derive(Eq)]
    fact WebhookKey {
        kind: WebhookKind,
        /// The name of the secret that signs its deliveries, never the secret.
        secret_reference: Option<Code<200>>,
    }
}

event_data! {
    /// A user as it stands.
    UserDefined: UserDefinedFacts, UserDefinedPersonal {
        facts {
            role: Role,
            /// The customer that a `customer_self` is.
            customer: Option<CustomerId>,
        }
        personal {
            user_id: Option<OwnKey>,
            name: Option<Name>,
            email: Option<Address>,
        }
    }
}

event_data! {
    /// A key begins; only its hash is kept.
    KeyCreated: KeyCreatedFacts, KeyCreatedPersonal {
        facts {
            /// Its first characters, by which people tell keys apart, and we find it.
            prefix: Code<20>,
            /// Of the whole key, hexadecimal.
            hash: Code<128>,
            role: Role,
            /// The one tenant it opens; absent, the tenant of this ledger.
            tenant_scope: Option<Code<40>>,
            webhook: Option<WebhookKey>,
        }
        personal {
            name: Option<Name>,
            user_id: Option<OwnKey>,
        }
    }
}

event_data! {
    /// A key opens nothing any more.
    KeyRevoked: KeyRevokedFacts, KeyRevokedPersonal {
        facts {
            prefix: Code<20>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}

event_data! {
    /// What is sent to another system.
    SubscriptionDefined: SubscriptionDefinedFacts, SubscriptionDefinedPersonal {
        facts {
            /// Event types; none = all.
            types: Vec<Code<100>>,
            /// The name of the secret that signs, never the secret.
            secret_reference: Option<Code<200>>,
        }
        personal {
            subscription_id: Option<OwnKey>,
            url: Url,
        }
    }
}

event_data! {
    /// Nothing is sent any more.
    SubscriptionRemoved: SubscriptionRemovedFacts, SubscriptionRemovedPersonal {
        facts {}
        personal {
            subscription_id: Option<OwnKey>,
            reason: Option<Reason>,
        }
    }
}

event_data! {
    /// Its receiver failed too long.
    SubscriptionDisabled: SubscriptionDisabledFacts, SubscriptionDisabledPersonal {
        facts {}
        personal {
            subscription_id: Option<OwnKey>,
            reason: Option<Reason>,
        }
    }
}

event_data! {
    /// Somebody signed in was refused; one per principal, route and minute.
    AccessRefused: AccessRefusedFacts, AccessRefusedPersonal {
        facts {
            /// As the router knows it, such as `/customers/{ref}`.
            route: Code<200>,
            /// How often within the minute.
            count: u32,
        }
        personal {
            principal: Option<Text<200>>,
            resource: Option<Text<500>>,
        }
    }
}
