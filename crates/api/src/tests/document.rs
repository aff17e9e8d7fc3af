use super::*;
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
    assert!(committed == document, "schemas/openapi.json is outdated; run `cargo xtask gen`");
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
                assert_eq!(schema, "#/components/schemas/ProblemDetails", "{what} {status}");
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
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not defined");
    }
}
