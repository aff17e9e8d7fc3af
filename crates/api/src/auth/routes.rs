//! The one table of what each route does.
//!
//! A route under `/api/v1` that does not stand here is closed to everybody, so that none can be
//! forgotten.

use axum::http::Method;
use touchbook_accounts::Action;

/// Method, path as the router knows it, and what it does.
pub(crate) const ROUTES: &[(Method, &str, Action)] = &[
    (Method::POST, "/api/v1/events", Action::SendEvents),
    (Method::GET, "/api/v1/events/{position}", Action::ReadLedger),
    (
        Method::GET,
        "/api/v1/events/{position}/raw",
        Action::ReadLedger,
    ),
    (Method::GET, "/api/v1/ledger/events", Action::ReadLedger),
    (Method::POST, "/api/v1/ledger/verify", Action::VerifyLedger),
    (Method::GET, "/api/v1/stream", Action::FollowStream),
    (Method::GET, "/api/v1/dead-letters", Action::ReadLedger),
    (
        Method::POST,
        "/api/v1/dead-letters/{position}/resubmit",
        Action::ResolveDeadLetters,
    ),
    (
        Method::POST,
        "/api/v1/dead-letters/{position}/dismiss",
        Action::ResolveDeadLetters,
    ),
    (Method::GET, "/api/v1/customers", Action::ListCustomers),
    (Method::POST, "/api/v1/customers", Action::ChangeCustomer),
    (
        Method::POST,
        "/api/v1/customers/refresh",
        Action::ImportCustomers,
    ),
    (Method::GET, "/api/v1/customers/{ref}", Action::ReadCustomer),
    (
        Method::PATCH,
        "/api/v1/customers/{ref}",
        Action::ChangeCustomer,
    ),
    (
        Method::POST,
        "/api/v1/customers/{ref}/refresh",
        Action::ChangeCustomer,
    ),
    (
        Method::GET,
        "/api/v1/customers/{ref}/timeline",
        Action::ReadCustomer,
    ),
    (
        Method::PUT,
        "/api/v1/customers/{ref}/status",
        Action::ChangeCustomer,
    ),
    (
        Method::PUT,
        "/api/v1/customers/{ref}/consent",
        Action::ChangeCustomer,
    ),
    (
        Method::POST,
        "/api/v1/customers/{ref}/identifiers",
        Action::ChangeCustomer,
    ),
    (
        Method::POST,
        "/api/v1/customers/{ref}/identifiers/detach",
        Action::ChangeCustomer,
    ),
    (
        Method::POST,
        "/api/v1/customers/{ref}/merge",
        Action::MergeCustomers,
    ),
    (
        Method::POST,
        "/api/v1/customers/{ref}/unmerge",
        Action::MergeCustomers,
    ),
    (
        Method::GET,
        "/api/v1/customers/{ref}/threads",
        Action::ReadCustomer,
    ),
    (
        Method::GET,
        "/api/v1/customers/{ref}/quotes",
        Action::ReadCustomer,
    ),
    (
        Method::GET,
        "/api/v1/customers/{ref}/orders",
        Action::ReadCustomer,
    ),
    (
        Method::GET,
        "/api/v1/customers/{ref}/insights",
        Action::ReadCustomer,
    ),
    (
        Method::GET,
        "/api/v1/customers/{ref}/explain",
        Action::ReadCustomer,
    ),
    (
        Method::GET,
        "/api/v1/customers/{ref}/members",
        Action::ReadCustomer,
    ),
    (
        Method::GET,
        "/api/v1/entries/{entry_id}",
        Action::ReadCustomer,
    ),
    (Method::GET, "/api/v1/policies", Action::ReadPolicies),
    (Method::GET, "/api/v1/policies/{name}", Action::ReadPolicies),
    (
        Method::PUT,
        "/api/v1/policies/{name}",
        Action::ChangePolicies,
    ),
    (Method::GET, "/api/v1/event-types", Action::Introduce),
    (Method::POST, "/api/v1/event-types", Action::ChangePolicies),
    // Of a registered type; those of the catalogue are open to everybody.
    (
        Method::GET,
        "/schemas/events/{type}/{version}",
        Action::Introduce,
    ),
    (Method::GET, "/api/v1/projections", Action::ReadOperations),
    (
        Method::POST,
        "/api/v1/projections/{name}/rebuild",
        Action::Operate,
    ),
    (
        Method::POST,
        "/api/v1/projections/{name}/cancel",
        Action::Operate,
    ),
    (Method::GET, "/api/v1/jobs", Action::ReadOperations),
    (Method::GET, "/api/v1/jobs/{id}", Action::ReadOperations),
    (Method::POST, "/api/v1/jobs/{id}/cancel", Action::Operate),
    (Method::GET, "/api/v1/scorers", Action::ReadOperations),
    (
        Method::POST,
        "/api/v1/scorers/{name}/activate",
        Action::Operate,
    ),
    (Method::GET, "/api/v1/tenants", Action::ReadOperations),
    (Method::GET, "/api/v1/keys", Action::ManageKeys),
    (Method::POST, "/api/v1/keys", Action::ManageKeys),
    (
        Method::POST,
        "/api/v1/keys/{prefix}/revoke",
        Action::ManageKeys,
    ),
    (Method::GET, "/api/v1/users", Action::ReadUsers),
    (Method::PUT, "/api/v1/users/{user_id}", Action::ManageUsers),
    (Method::GET, "/api/v1/session", Action::Introduce),
    (Method::POST, "/api/v1/mail", Action::Sync),
    (
        Method::GET,
        "/api/v1/merge-suggestions",
        Action::ListCustomers,
    ),
    (
        Method::POST,
        "/api/v1/merge-suggestions/dismiss",
        Action::MergeCustomers,
    ),
    (Method::GET, "/api/v1/calls", Action::ListCustomers),
    (Method::GET, "/api/v1/calls/{id}", Action::ReadCustomer),
    (Method::GET, "/api/v1/reports/agents", Action::ReadReports),
    (Method::GET, "/api/timeline", Action::ReadCustomer),
    (Method::POST, "/api/timeline", Action::ChangeCustomer),
    (
        Method::GET,
        "/api/customer_interaction_summary",
        Action::ListCustomers,
    ),
    (
        Method::GET,
        "/api/customer_timeline_unified",
        Action::ReadCustomer,
    ),
    (
        Method::GET,
        "/api/v1/customers/import/columns",
        Action::ImportCustomers,
    ),
    (
        Method::GET,
        "/api/v1/customers/import/sample.csv",
        Action::ImportCustomers,
    ),
    (
        Method::POST,
        "/api/v1/customers/import",
        Action::ImportCustomers,
    ),
    (
        Method::POST,
        "/api/customers/import",
        Action::ImportCustomers,
    ),
    (Method::GET, "/api/v1/imports", Action::ImportCustomers),
    (Method::GET, "/api/v1/imports/{id}", Action::ImportCustomers),
    (
        Method::GET,
        "/api/v1/imports/{id}/errors.csv",
        Action::ImportCustomers,
    ),
    (
        Method::POST,
        "/api/v1/imports/{id}/cancel",
        Action::ImportCustomers,
    ),
    (
        Method::POST,
        "/api/v1/imports/{id}/undo",
        Action::ImportCustomers,
    ),
    (
        Method::GET,
        "/api/v1/customers/export",
        Action::ExportCustomers,
    ),
    (
        Method::GET,
        "/api/customers/import/columns",
        Action::ImportCustomers,
    ),
    (
        Method::GET,
        "/api/customers/import/sample.csv",
        Action::ImportCustomers,
    ),
    (
        Method::GET,
        "/api/customers/export",
        Action::ExportCustomers,
    ),
    (Method::POST, "/api/sync", Action::Sync),
];

/// Routes for whoever has no credential yet, or gives it up, or shows one of its own kind.
#[cfg(test)]
pub(crate) const OPEN: &[(Method, &str)] = &[
    (Method::POST, "/api/v1/session"),
    (Method::DELETE, "/api/v1/session"),
    // Of senders who show a webhook's key or signature.
    (Method::GET, "/api/webhooks/timeline"),
    (Method::POST, "/api/webhooks/timeline"),
    (Method::POST, "/api/integrations/call-system"),
    (Method::GET, "/api/v1/webhooks/meta"),
    (Method::POST, "/api/v1/webhooks/meta"),
    (Method::POST, "/api/v1/webhooks/shopify"),
];

/// Whether a path is about a tenant's things.
pub(crate) fn is_of_tenant(path: &str) -> bool {
    path.starts_with("/api/") && path != "/api/openapi.json"
}

/// What a route does, with its path as it stands in the table.
pub(crate) fn action(method: &Method, path: &str) -> Option<(&'static str, Action)> {
    // A request of `HEAD` is one of `GET`.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let found = ROUTES
        .iter()
        .find(|(known, route, _)| known == method && *route == path);
    found.map(|(_, route, action)| (*route, *action))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Design law 10.
    #[test]
    fn every_documented_route_stands_in_the_table_and_nothing_else_does() {
        let document = serde_json::to_value(crate::openapi()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let methods = methods.as_object().unwrap().keys();
            let routes = methods.map(|method| (method.to_uppercase(), path.clone()));
            let is_schema = |path: &str| path.starts_with("/schemas/");
            documented.extend(routes.filter(|(_, path)| is_of_tenant(path) || is_schema(path)));
        }
        let known = ROUTES.iter().map(|(method, path, _)| (method, path));
        let known = known.chain(OPEN.iter().map(|(method, path)| (method, path)));
        let known: BTreeSet<_> = known
            .map(|(method, path)| (method.to_string(), (*path).to_owned()))
            .collect();
        assert_eq!(documented, known);
    }
}
