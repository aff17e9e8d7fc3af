use super::*;
use crate::auth::routes;
use crate::auth::routes::OPEN;
use std::fs;

/// Writes the document instead of comparing it when it is `1`.
const UPDATE: &str = "TOUCHBOOK_UPDATE";

#[test]
fn the_committed_document_is_that_of_the_handlers() {
    let path = touchbook_testkit::workspace_dir().join("schemas/openapi.json");
    let document = serde_json::to_string_pretty(&crate::openapi()).unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    let is_update = std::env::var(UPDATE).is_ok_and(|value| value == "1");
    if is_update {
        fs::write(&path, document).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "schemas/openapi.json is outdated; run `cargo xtask gen`"
    );
}

#[test]
fn every_operation_says_what_it_does_and_how_it_is_refused() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 25);
    let mut operation_ids = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what} has no summary");
            assert!(operation["tags"][0].is_string(), "{what} has no tag");
            operation_ids.push(operation["operationId"].clone());
            for status in ["4XX", "5XX"] {
                let content = &operation["responses"][status]["content"];
                let schema = &content[crate::problem::PROBLEM_JSON]["schema"]["$ref"];
                assert_eq!(
                    schema, "#/components/schemas/ProblemDetails",
                    "{what} {status}"
                );
            }
        }
    }
    let count = operation_ids.len();
    operation_ids.sort_by_key(Value::to_string);
    operation_ids.dedup();
    assert_eq!(operation_ids.len(), count, "two operations have one name");
}

/// Every `$ref` leads somewhere.
#[test]
fn every_schema_that_is_named_is_there() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1) {
        let name = name.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name} is not defined"
        );
    }
}

/// Whether a method and path are about a tenant's things.
pub(super) fn is_of_tenant(what: &str) -> bool {
    let path = what.split_once(' ').map(|(_, path)| path);
    path.is_some_and(routes::is_of_tenant)
}

/// Whether a route is for who has no credential yet.
pub(super) fn is_open(what: &str) -> bool {
    OPEN.iter()
        .any(|(method, path)| what == format!("{method} {path}"))
}

/// Each documented operation as a request, its path filled in.
pub(super) fn requests(query: &str) -> Vec<(Value, String, Request<Body>)> {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let mut requests = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let mut filled = path.replace("{type}", "order.updated");
            while let (Some(from), Some(to)) = (filled.find('{'), filled.find('}')) {
                filled.replace_range(from..=to, "1");
            }
            let method = method.to_uppercase();
            let request = Request::builder()
                .method(&*method)
                .uri(format!("{filled}{query}"));
            let what = format!("{method} {path}");
            requests.push((
                operation.clone(),
                what,
                request.body(Body::empty()).unwrap(),
            ));
        }
    }
    requests
}

/// The names of an operation's query parameters, sorted.
fn documented(operation: &Value) -> Vec<&str> {
    let parameters = operation["parameters"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let of_query = parameters
        .iter()
        .filter(|parameter| parameter["in"] == "query");
    let mut names: Vec<_> = of_query
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_those_of_the_document() {
    let service = Service::start().await;
    for (operation, what, request) in requests("?no_such_parameter=1") {
        let answer = service.send(request).await;
        assert_eq!(
            answer.problem(),
            (400, "unknown_parameter"),
            "{what}: {:?}",
            answer.body
        );
        let allowed = answer.body["allowed"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let mut allowed: Vec<_> = allowed.iter().map(|name| name.as_str().unwrap()).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, documented(&operation), "{what}");
    }
}

/// Design law 10: who has no credential comes in nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_a_tenant_asks_for_a_credential() {
    let service = Service::with_accounts().await;
    for (_, what, request) in requests("") {
        if is_of_tenant(&what) && !is_open(&what) {
            let answer = service.send(request).await;
            assert_eq!(answer.problem(), (401, "not_authenticated"), "{what}");
        }
    }
}

/// Nor may a page of the web.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_a_tenant_is_for_loopback() {
    let service = Service::start().await;
    for (_, what, mut request) in requests("") {
        if is_of_tenant(&what) && !is_open(&what) {
            let origin = axum::http::HeaderValue::from_static("https://page.example");
            request.headers_mut().insert(header::ORIGIN, origin);
            let answer = service.send(request).await;
            assert_eq!(answer.problem(), (403, "not_loopback"), "{what}");
        }
    }
}
