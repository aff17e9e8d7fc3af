//! Who comes in with what, and what each may do.

use super::document::{is_of_tenant, is_open, requests};
use super::*;
use crate::auth::refusals::Refusals;
use crate::keys::{NewKey, issue_key};
use crate::{Accounts, Hosts, SecretTexts, Secrets, Tokens};
use axum::http::HeaderValue;
use touchbook_accounts::Action;
use touchbook_events::Principal;
use touchbook_events::catalogue::access::Role;

pub(super) const TOKEN_SECRET: &[u8] = b"a secret that both sides know";

pub(super) fn access() -> Accounts {
    let texts = SecretTexts {
        session: "the secret of sessions".to_owned(),
        ..SecretTexts::default()
    };
    Accounts {
        default_tenant: "default".to_owned(),
        secrets: Arc::new(Secrets::new(texts)),
        tokens: Some(Tokens::of_secret(TOKEN_SECRET).meant_for(Some("touchbook".to_owned()))),
        hosts: Hosts::LOOPBACK,
        is_secure: false,
    }
}

pub(super) fn of_role(role: Role) -> NewKey {
    NewKey {
        role,
        name: Some("made by a test".to_owned()),
        user_id: None,
        webhook: None,
        is_signed: false,
    }
}

impl Service {
    pub(super) async fn key(&self, tenant: &str, new: &NewKey) -> String {
        let engine = self.api.engine();
        let tenant = engine.create_tenant(tenant).await.unwrap();
        let issued = issue_key(engine, &tenant, &Principal::touchbook(), new).await;
        issued.unwrap().key.as_str().to_owned()
    }

    pub(super) async fn as_key(
        &self,
        key: &str,
        request: axum::http::request::Builder,
        body: Value,
    ) -> Answer {
        let request = request
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json");
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(super) async fn get_as(&self, key: &str, path: &str) -> Answer {
        self.as_key(key, Request::get(path), Value::Null).await
    }

    pub(super) async fn user(&self, admin: &str, user_id: &str, body: Value) -> Answer {
        let request = Request::put(format!("/api/v1/users/{user_id}"));
        self.as_key(admin, request, body).await
    }
}

pub(super) fn refused(answer: &Answer) -> (u16, &str) {
    answer.problem()
}

/// C20, S0-048: the role × route table, walked with a key of each role.
#[tokio::test(flavor = "multi_thread")]
async fn each_route_is_open_to_its_roles_and_closed_to_all_others() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    let jane = service
        .as_key(
            &admin,
            Request::post("/api/v1/events"),
            order("1", "7", json!({})),
        )
        .await;
    let jane = &jane.body["customer_id"];
    let user = service
        .user(
            &admin,
            "jane",
            json!({"role": "customer_self", "customer": jane}),
        )
        .await;
    assert_eq!(user.status, 200, "{:?}", user.body);
    for role in Role::ALL {
        let new = NewKey {
            user_id: (*role == Role::CustomerSelf).then(|| "jane".to_owned()),
            ..of_role(*role)
        };
        let key = service.key("acme", &new).await;
        for (operation, what, mut request) in requests("") {
            if !is_of_tenant(&what) || is_open(&what) {
                continue;
            }
            let value = HeaderValue::try_from(format!("Bearer {key}")).unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
            // A body may be missing, but never be waited for.
            let path = request.uri().path().to_owned();
            if path == "/api/v1/stream" {
                *request.uri_mut() = "/api/v1/stream?after=9999999".parse().unwrap();
            }
            let answer = service.send(request).await;
            let roles = operation["x-roles"].as_array().unwrap();
            let is_allowed = roles.contains(&json!(role.as_str()));
            let status = answer.status.as_u16();
            assert_ne!(status, 401, "{role} {what}");
            assert_eq!(
                status != 403,
                is_allowed,
                "{role} {what}: {:?}",
                answer.body
            );
            if !is_allowed {
                assert_eq!(refused(&answer), (403, "not_allowed"), "{role} {what}");
            }
        }
    }
}

/// S0-048, design law 7.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_its_own_tenant_alone() {
    let service = Service::with_accounts().await;
    let ours = service.key("acme", &of_role(Role::SuperAdmin)).await;
    let theirs = service.key("other", &of_role(Role::SuperAdmin)).await;
    let event = order("1", "7", json!({}));
    let stored = service
        .as_key(&ours, Request::post("/api/v1/events"), event)
        .await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
    let path = format!(
        "/api/v1/customers/{}",
        stored.body["customer_id"].as_str().unwrap()
    );
    let read = format!("{path}?min_position={}", stored.body["position"]);
    assert_eq!(service.get_as(&ours, &read).await.status, 200);
    let foreign = service.get_as(&theirs, &path).await;
    assert_eq!(refused(&foreign), (404, "not_found"));
    let request = Request::get(&path).header("X-Tenant-ID", "acme");
    let named = service.as_key(&theirs, request, Value::Null).await;
    assert_eq!(refused(&named), (403, "tenant_mismatch"));
    let tenants = service.get_as(&theirs, "/api/v1/tenants").await;
    assert_eq!(
        tenants.body["items"].as_array().unwrap().len(),
        1,
        "{:?}",
        tenants.body
    );
    let forged = ours.replace("_acme_", "_other_");
    assert_eq!(
        refused(&service.get_as(&forged, &path).await),
        (401, "not_authenticated")
    );
}

/// S2-068, S2-070: nothing but one's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_reads_its_own_record_and_is_written_down_where_it_tries_others() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    let send = |event| service.as_key(&admin, Request::post("/api/v1/events"), event);
    let jane = send(order("1", "jane", json!({}))).await.body["customer_id"].clone();
    let joe = send(order("2", "joe", json!({}))).await.body["customer_id"].clone();
    let user = json!({"role": "customer_self", "customer": jane});
    let linked = service.user(&admin, "u-jane", user).await;
    let applied = format!("/api/v1/customers?min_position={}", linked.body["position"]);
    assert_eq!(service.get_as(&admin, &applied).await.status, 200);
    let key = NewKey {
        user_id: Some("u-jane".to_owned()),
        ..of_role(Role::CustomerSelf)
    };
    let key = service.key("acme", &key).await;
    for path in ["", "/timeline"] {
        let own = format!("/api/v1/customers/external_id:shop:jane{path}");
        assert_eq!(service.get_as(&key, &own).await.status, 200, "{path}");
        let other = format!("/api/v1/customers/{}{path}", joe.as_str().unwrap());
        assert_eq!(
            refused(&service.get_as(&key, &other).await),
            (404, "not_found")
        );
    }
    assert_eq!(
        service
            .get_as(&key, "/api/v1/entries/order%2F1")
            .await
            .status,
        200
    );
    let entry = service.get_as(&key, "/api/v1/entries/order%2F2").await;
    assert_eq!(refused(&entry), (404, "not_found"));
    let list = service.get_as(&key, "/api/v1/customers").await;
    assert_eq!(refused(&list), (403, "not_allowed"));

    let refusals: &Refusals = service.api.refusals();
    refusals.write_before(i64::MAX).await;
    let written = service
        .get_as(&admin, "/api/v1/ledger/events?after=0&limit=500")
        .await;
    let written = written.body["items"].as_array().unwrap().iter();
    let refusals: Vec<_> = written
        .filter(|record| record["type"] == "access.refused")
        .map(|record| {
            assert_eq!(record["data"]["principal"], "u-jane");
            (
                record["data"]["route"].as_str().unwrap(),
                record["data"]["count"].clone(),
            )
        })
        .collect();
    assert_eq!(refusals.len(), 4, "one for each route: {refusals:?}");
    assert!(
        refusals.contains(&("/api/v1/customers/{ref}/timeline", json!(1))),
        "{refusals:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_no_customer_yet_is_told_so() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    service
        .user(&admin, "new", json!({"role": "customer_self"}))
        .await;
    let key = NewKey {
        user_id: Some("new".to_owned()),
        ..of_role(Role::CustomerSelf)
    };
    let key = service.key("acme", &key).await;
    let answer = service
        .get_as(&key, "/api/v1/customers/x@example.com")
        .await;
    assert_eq!(refused(&answer), (403, "no_customer_record"));
}

/// S2-005: who was made a customer is one from the next request on.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_was_just_linked_to_a_customer_is_let_in() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    for number in 0..20 {
        let user_id = format!("user-{number}");
        let nobody = json!({ "role": "customer_self" });
        service.user(&admin, &user_id, nobody).await;
        let key = NewKey {
            user_id: Some(user_id.clone()),
            ..of_role(Role::CustomerSelf)
        };
        let key = service.key("acme", &key).await;
        let id = number.to_string();
        let event = order(&id, &id, json!({}));
        let stored = service
            .as_key(&admin, Request::post("/api/v1/events"), event)
            .await;
        let customer = stored.body["customer_id"].as_str().unwrap();
        let somebody = json!({ "role": "customer_self", "customer": customer });
        let linked = service.user(&admin, &user_id, somebody).await;
        assert_eq!(linked.status, 200, "{:?}", linked.body);
        let position = &stored.body["position"];
        let path = format!("/api/v1/customers/{customer}?min_position={position}");
        let own = service.get_as(&key, &path).await;
        assert_eq!(own.status, 200, "{:?}", own.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_sends_its_own_types_of_events() {
    let service = Service::with_accounts().await;
    let policy = json!({
        "specversion": "1.0", "id": "p-1", "source": "test", "type": "policy.defined",
        "data": {"name": "zone", "value": "Africa/Johannesburg"},
    });
    let producer = service.key("acme", &of_role(Role::Producer)).await;
    let refusal = service
        .as_key(&producer, Request::post("/api/v1/events"), policy.clone())
        .await;
    assert_eq!(refused(&refusal), (403, "not_allowed"));
    assert_eq!(refusal.body["pointer"], "/type");
    let batch = json!([policy.clone(), order("1", "7", json!({}))]);
    let batch = service
        .as_key(&producer, Request::post("/api/v1/events"), batch)
        .await;
    assert_eq!(
        (&batch.body["accepted"], &batch.body["errors"][0]["index"]),
        (&json!(1), &json!(0))
    );
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    let stored = service
        .as_key(&admin, Request::post("/api/v1/events"), policy)
        .await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
}

/// Who did it stands in the record, from the credential and never from the sender's word.
#[tokio::test(flavor = "multi_thread")]
async fn records_name_who_caused_them() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    service
        .user(&admin, "ann", json!({"role": "manager"}))
        .await;
    let ann = NewKey {
        user_id: Some("ann".to_owned()),
        ..of_role(Role::Manager)
    };
    let ann = service.key("acme", &ann).await;
    let mut event = order("1", "7", json!({}));
    event["authid"] = json!("somebody else");
    let stored = service
        .as_key(&ann, Request::post("/api/v1/events"), event)
        .await;
    let path = format!("/api/v1/events/{}", stored.body["position"]);
    let record = service.get_as(&ann, &path).await;
    assert_eq!(
        (&record.body["authtype"], &record.body["authid"]),
        (&json!("user"), &json!("ann")),
        "{:?}",
        record.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_more_than_the_policy_allows_is_asked_to_wait() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    let policy = json!({"value": {"requests_per_second": {"agent": 1}}});
    let put = Request::put("/api/v1/policies/limits");
    let set = service.as_key(&admin, put, policy).await;
    assert_eq!(set.status, 200, "{:?}", set.body);
    let agent = service.key("acme", &of_role(Role::Agent)).await;
    assert_eq!(service.get_as(&agent, "/api/v1/session").await.status, 200);
    let more = service.get_as(&agent, "/api/v1/session").await;
    assert_eq!(refused(&more), (429, "too_many_requests"));
    assert_eq!(more.header("retry-after"), "1");
    assert_eq!(service.get_as(&admin, "/api/v1/session").await.status, 200);
}

/// The operator's own super admins read what no tenant's ledger could hold, and nobody else does.
#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_dead_letters_are_the_operators() {
    let service = Service::with_accounts().await;
    let of_node = |key: String| async {
        let request = Request::get("/api/v1/dead-letters").header("X-Tenant-ID", "_node");
        service.as_key(&{ key }, request, Value::Null).await
    };
    let operator = service.key("default", &of_role(Role::SuperAdmin)).await;
    assert_eq!(of_node(operator).await.status, 200);
    for (tenant, role) in [("acme", Role::SuperAdmin), ("default", Role::Manager)] {
        let other = service.key(tenant, &of_role(role)).await;
        assert_eq!(
            refused(&of_node(other).await),
            (403, "tenant_mismatch"),
            "{tenant} {role}"
        );
    }
}

#[test]
fn every_action_is_some_routes() {
    let of_routes = |action: &Action| {
        let routes = crate::auth::routes::ROUTES.iter();
        routes
            .map(|(_, _, of_route)| of_route)
            .any(|of_route| of_route == action)
    };
    let later = [
        Action::CorrectRecords,
        Action::ChangeInteractions,
        Action::ChangeTemplates,
        Action::Erase,
    ];
    for action in Action::ALL {
        assert_ne!(of_routes(action), later.contains(action), "{action:?}");
    }
}

/// Audit by principal, in the ledger itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_read_by_who_caused_its_records() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    let other = service.key("acme", &of_role(Role::Manager)).await;
    for (key, id) in [(&admin, "1"), (&other, "2"), (&admin, "3")] {
        let sent = service
            .as_key(
                key,
                Request::post("/api/v1/events"),
                order(id, id, json!({})),
            )
            .await;
        assert_eq!(sent.status, 200, "{:?}", sent.body);
    }
    let read = async |query: &str| {
        let path = format!("/api/v1/ledger/events?limit=500{query}");
        let answer = service.get_as(&admin, &path).await;
        answer.body["items"].as_array().unwrap().clone()
    };
    let all = read("").await;
    let of = |id: &str| all.iter().find(|item| item["event_id"] == id).unwrap();
    let principal = of("delivery-1")["authid"].as_str().unwrap();
    let found = read(&format!("&principal={principal}")).await;
    let ids = |ids: &[Value]| {
        ids.iter()
            .filter(|item| item["type"] == "order.updated")
            .count()
    };
    assert_eq!(ids(&found), 2, "{found:?}");
    assert!(found.iter().all(|item| item["authid"] == principal));
    assert!(read("&principal=nobody").await.is_empty());
}
