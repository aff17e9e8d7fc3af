//! Keys, sessions and tokens: what opens, and until when.

use super::accounts::{TOKEN_SECRET, of_role, refused};
use super::*;
use crate::keys::NewKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use touchbook_events::catalogue::access::{Role, WebhookKind};

const NOW_SECONDS: i64 = NOW_MICROS / 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_opens_nothing_and_neither_does_its_session() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    let request = json!({"role": "agent", "name": "Ann"});
    let issued = service
        .as_key(&admin, Request::post("/api/v1/keys"), request)
        .await;
    assert_eq!(issued.status, 201, "{:?}", issued.body);
    let key = issued.body["key"].as_str().unwrap();
    let session = service.sign_in(key).await;
    let cookie = session
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let with_cookie = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path);
        request.header(header::COOKIE, &cookie)
    };
    let read = with_cookie("GET", "/api/v1/session")
        .body(Body::empty())
        .unwrap();
    assert_eq!(service.send(read).await.body["role"], "agent");
    let change = with_cookie("POST", "/api/v1/customers")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        refused(&service.send(change).await),
        (403, "own_header_missing")
    );
    let change = with_cookie("POST", "/api/v1/customers").header("X-Touchbook", "1");
    let change = service.send(change.body(Body::empty()).unwrap()).await;
    assert_ne!(change.status, 403, "{:?}", change.body);

    let prefix = issued.body["prefix"].as_str().unwrap();
    let revoke = format!("/api/v1/keys/{prefix}/revoke");
    let revoked = service
        .as_key(&admin, Request::post(&revoke), Value::Null)
        .await;
    assert_eq!(revoked.status, 200, "{:?}", revoked.body);
    let late = service.get_as(key, "/api/v1/session").await;
    assert_eq!(refused(&late), (401, "not_authenticated"));
    let read = with_cookie("GET", "/api/v1/session")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        refused(&service.send(read).await),
        (401, "not_authenticated")
    );
    let keys = service.get_as(&admin, "/api/v1/keys").await;
    let listed = keys.body["items"].as_array().unwrap();
    let listed = listed.iter().find(|item| item["prefix"] == prefix).unwrap();
    assert_eq!(
        (&listed["name"], &listed["role"]),
        (&json!("Ann"), &json!("agent"))
    );
    assert_eq!(listed["revoked_position"], revoked.body["position"]);
    assert!(!keys.body.to_string().contains(key), "no key is told again");
}

impl Service {
    async fn sign_in(&self, key: &str) -> Answer {
        let body = json!({"key": key}).to_string();
        self.post("/api/v1/session", "application/json", body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_can_not_sign_in_learns_no_more_than_that() {
    let service = Service::with_accounts().await;
    let hook = NewKey {
        webhook: Some(WebhookKind::Timeline),
        ..of_role(Role::Producer)
    };
    let hook = service.key("acme", &hook).await;
    for key in ["", "secret", &hook, &hook.replace("_acme_", "_nobody_")] {
        let answer = service.sign_in(key).await;
        assert_eq!(refused(&answer), (401, "not_authenticated"), "{key}");
    }
    assert_eq!(
        refused(&service.get_as(&hook, "/api/v1/customers").await),
        (403, "webhook_key")
    );
    let basic = Request::get("/api/v1/customers").header(header::AUTHORIZATION, "Basic eDp5");
    let basic = service.send(basic.body(Body::empty()).unwrap()).await;
    assert_eq!(refused(&basic), (401, "not_authenticated"));
    assert_eq!(basic.header("www-authenticate"), "Bearer");
}

fn token(claims: Value, secret: &[u8]) -> String {
    let key = EncodingKey::from_secret(secret);
    encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_while_it_is_signed_and_lasts() {
    let service = Service::with_accounts().await;
    let admin = service.key("acme", &of_role(Role::SuperAdmin)).await;
    service.user(&admin, "ann", json!({"role": "agent"})).await;
    let good = json!({
        "sub": "ann", "tenant": "acme", "aud": "touchbook", "exp": NOW_SECONDS + 60,
    });
    let session = service
        .get_as(&token(good.clone(), TOKEN_SECRET), "/api/v1/session")
        .await;
    assert_eq!(session.body["principal"], "ann", "{:?}", session.body);
    assert_eq!(session.body["role"], "agent", "as the tenant has her");
    let changed = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        token(claims, TOKEN_SECRET)
    };
    let manager = service
        .get_as(&changed("role", json!("manager")), "/api/v1/session")
        .await;
    assert_eq!(manager.body["role"], "manager", "as the token has her");
    for (what, token) in [
        ("expired", changed("exp", json!(NOW_SECONDS - 120))),
        ("early", changed("nbf", json!(NOW_SECONDS + 120))),
        ("another audience", changed("aud", json!("another"))),
        ("no audience", changed("aud", Value::Null)),
        ("no such tenant", changed("tenant", json!("nobody"))),
        ("no such role", changed("role", json!("god"))),
        ("another secret", token(good.clone(), b"another")),
        ("unsigned", unsigned(&good)),
    ] {
        let answer = service.get_as(&token, "/api/v1/session").await;
        assert_eq!(refused(&answer), (401, "not_authenticated"), "{what}");
    }
    let unknown = service
        .get_as(&changed("sub", json!("nobody")), "/api/v1/session")
        .await;
    assert_eq!(refused(&unknown), (403, "no_role"));
}

/// `alg: none`, which some libraries take.
fn unsigned(claims: &Value) -> String {
    let signed = token(claims.clone(), TOKEN_SECRET);
    let payload = signed.split('.').nth(1).unwrap();
    // {"alg":"none"}
    format!("eyJhbGciOiJub25lIn0.{payload}.")
}
