//! Customer files through the whole service: in, in again, and out.

mod again;
mod undo;
mod whom;

use super::*;
use touchbook_testkit::eventually;

/// What a test imports into where it needs two.
const OTHER: &str = "other";

impl Service {
    async fn send_as(&self, tenant: &str, request: Request<Body>) -> Answer {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert("X-Tenant-ID", tenant.parse().unwrap());
        self.send(Request::from_parts(parts, body)).await
    }

    async fn get_of(&self, tenant: &str, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.send_as(tenant, request).await
    }

    /// Imports a file and answers the import as it ended.
    async fn import_as(&self, tenant: &str, query: &str, file: &str) -> Value {
        let request = Request::post(format!("/api/v1/customers/import?{query}"));
        let request = request.header(header::CONTENT_TYPE, "text/csv; charset=utf-8");
        let request = request.body(Body::from(file.to_owned())).unwrap();
        let begun = self.send_as(tenant, request).await;
        assert_eq!(begun.status, StatusCode::ACCEPTED, "{:?}", begun.body);
        let path = begun.header("location").to_owned();
        let ended = || async { self.get_of(tenant, &path).await.body };
        eventually("the import ends", || async {
            ended().await["state"] != "running"
        })
        .await;
        let import = ended().await;
        // Whoever asks what was imported sees it.
        let head = self.api.engine().tenant(tenant).unwrap().head();
        let path = format!("/api/v1/customers?min_position={head}");
        assert_eq!(self.get_of(tenant, &path).await.status, 200);
        import
    }

    async fn import(&self, query: &str, file: &str) -> Value {
        self.import_as("default", query, file).await
    }

    fn last(&self) -> u64 {
        self.api.engine().tenant("default").unwrap().head()
    }

    async fn known(&self, reference: &str) -> Answer {
        self.get(&format!("/api/v1/customers/{reference}")).await
    }
}

/// Created, updated, unchanged and failed, which add up to the rows.
fn counts(import: &Value) -> [u64; 4] {
    let counts = ["created", "updated", "unchanged", "failed"];
    let counts = counts.map(|name| import["counts"][name].as_u64().unwrap());
    assert_eq!(
        import["rows"].as_u64(),
        Some(counts.iter().sum()),
        "{import}"
    );
    counts
}

/// S0-023: the sample goes in as it is; sent again, it changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_imported_and_a_repeat_changes_nothing() {
    let service = Service::start().await;
    let sample = service.get("/api/customers/import/sample.csv").await;
    let sample = sample.body.as_str().unwrap();
    let import = service.import("file_name=sample.csv", sample).await;
    assert_eq!(import["state"], "succeeded", "{import}");
    assert_eq!(counts(&import), [3, 0, 0, 0], "{import}");
    assert_eq!(import["errors"], json!([]));
    assert_eq!(import["errors_url"], Value::Null);
    assert_eq!(import["file_name"], "sample.csv");
    let nora = service.known("external_id:opencart:67890").await;
    assert_eq!(nora.body["name"], "Nora Jacobs", "{:?}", nora.body);
    assert_eq!(nora.body["total_agent_calls"], 12, "{:?}", nora.body);
    assert_eq!(
        nora.body["custom_fields"],
        json!({"Favourite_Colour": "green"})
    );

    let head = service.last();
    let again = service.import("", sample).await;
    assert_eq!(counts(&again), [0, 0, 3, 0], "{again}");
    assert_eq!(again["id"], import["id"]);
    assert_eq!(service.last(), head, "a repeat is no news");
    let listed = service.get("/api/v1/imports").await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    let known: Vec<_> = std::fs::read_dir(service.api.engine().data_dir().join("imports"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let id = import["id"].as_str().unwrap();
    assert_eq!(known, [format!("{id}.json")], "the file is gone");
}

/// S0-015, S0-024, S0-025: each bad cell is named; good rows go in, or none with `atomic`.
#[tokio::test(flavor = "multi_thread")]
async fn bad_cells_are_named_and_their_rows_come_back_as_a_file() {
    let service = Service::start().await;
    let file = "External_ID,Name,Total_Agent_Calls,Last_Agent_Call_Date\n\
                a,Anna,1,2024-01-15\n\
                b,Ben,-1,15/01/24\n\
                c,\"Cleo\nof Cape Town\",2,2024-01-15T10:00:00Z\n\
                d,Dora,3.5,\n";
    let dry = service.import("dry_run=true", file).await;
    assert_eq!((counts(&dry), service.last()), ([2, 0, 0, 2], 1), "{dry}");
    let atomic = service.import("atomic=true", file).await;
    assert_eq!(atomic["state"], "refused", "{atomic}");
    assert_eq!((counts(&atomic), service.last()), ([0, 0, 2, 2], 1));
    let import = service.import("", file).await;
    assert_eq!(counts(&import), [2, 0, 0, 2]);
    for import in [&dry, &atomic, &import] {
        let errors = import["errors"].as_array().unwrap();
        let named: Vec<_> = errors
            .iter()
            .map(|error| json!([error["row"], error["line"], error["column"], error["value"]]))
            .collect();
        let expected = json!([
            [2, 3, "Total_Agent_Calls", "-1"],
            [2, 3, "Last_Agent_Call_Date", "15/01/24"],
            [4, 6, "Total_Agent_Calls", "3.5"],
        ]);
        assert_eq!(json!(named), expected);
    }
    let errors = service.get(import["errors_url"].as_str().unwrap()).await;
    let errors = errors.body.as_str().unwrap();
    assert!(errors.starts_with("External_ID,Name,Total_Agent_Calls,Last_Agent_Call_Date,Import"));
    assert!(errors.contains("b,Ben,'-1,15/01/24,") || errors.contains("b,Ben,-1,15/01/24,"));
    assert_eq!(errors.lines().count(), 3, "{errors}");
    let mended = errors
        .replace("'-1", "1")
        .replace("-1,", "1,")
        .replace("15/01/24", "2024-01-15")
        .replace("3.5", "3");
    let mended = service.import("", &mended).await;
    assert_eq!(counts(&mended), [2, 0, 0, 0], "{mended}");
}

/// S0-026, S0-027, S0-028.
#[tokio::test(flavor = "multi_thread")]
async fn history_stands_at_its_own_date_and_agent_columns_are_no_custom_fields() {
    let service = Service::start().await;
    let file = "External_ID,Total_Agent_SMS,Favourite_Colour,Interaction_Type,Interaction_Date,\
                Notes\n\
                h,,green,email,2023-11-05T08:30:00Z,He asked for a sample.\n\
                t,4,,,,\n";
    let import = service.import("", file).await;
    assert_eq!(counts(&import), [2, 0, 0, 0], "{import}");
    let timeline = service
        .get("/api/v1/customers/external_id:h/timeline")
        .await;
    let items = timeline.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["occurred_at"], "2023-11-05T08:30:00Z");
    let customer = service.known("external_id:h").await;
    assert_eq!(
        customer.body["custom_fields"],
        json!({"Favourite_Colour": "green"})
    );
    let standard = service
        .import("", "Name,Email\nZoe,zoe@example.com\n")
        .await;
    assert_eq!(counts(&standard), [1, 0, 0, 0]);
    let zoe = service.known("email:zoe@example.com").await;
    assert_eq!(zoe.body["name"], "Zoe");
}

/// C17: totals and history of one customer only where totals leave the history out.
#[tokio::test(flavor = "multi_thread")]
async fn totals_and_history_of_one_customer_are_refused_unless_one_excludes_the_other() {
    let service = Service::start().await;
    let file = "External_ID,Total_Agent_Calls,Interaction_Type,Interaction_Date\n\
                a,5,,\n\
                a,,call,2024-01-15\n\
                b,2,,\n";
    let refused = service.import("", file).await;
    assert_eq!(counts(&refused)[3], 2, "{refused}");
    let file = format!("{file}c,,,\n");
    let import = service.import("excludes_history=true", &file).await;
    assert_eq!(counts(&import)[3], 0, "{import}");
    let customer = service.known("external_id:a").await;
    assert_eq!(customer.body["total_agent_calls"], 6, "{:?}", customer.body);
}

/// Rows of one customer are compared with what the rows before made of it.
#[tokio::test(flavor = "multi_thread")]
async fn two_rows_of_one_customer_are_told_apart() {
    let service = Service::start().await;
    let file = "External_ID,Email,Name,Status,Total_Agent_Calls\n\
                a,a@example.com,Anna,active,1\n\
                ,a@example.com,Anna,,1\n\
                a,,Anna B,vip,\n\
                a,,,vip,2\n";
    for query in ["dry_run=true", ""] {
        let import = service.import(query, file).await;
        assert_eq!(counts(&import), [1, 2, 1, 0], "{query} {import}");
    }
    let again = service.import("", file).await;
    assert_eq!(counts(&again), [0, 0, 4, 0], "{again}");
    let anna = service.known("email:a@example.com").await.body;
    assert_eq!(anna["name"], "Anna B");
    assert_eq!(
        (&anna["status"], &anna["total_agent_calls"]),
        (&json!("vip"), &json!(2))
    );
}

/// S0-043: out, into an empty tenant, and out again.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_imported_elsewhere_is_exported_the_same() {
    let service = Service::start().await;
    let sample = service.get("/api/v1/customers/import/sample.csv").await;
    let mut file = sample.body.as_str().unwrap().to_owned();
    file.push_str("=1+1,\"'@sum\",-x,dash@example.com,,blocked,,,,,,,,\"+a\nb\"\n");
    service.import("", &file).await;
    for (id, customer) in [("1", "zoe"), ("2", "anna")] {
        service.stored(&order(id, customer, json!({}))).await;
    }
    for (number, kind) in ["call.started", "call.ended"].iter().enumerate() {
        let mut call = json!({
            "specversion": "1.0", "id": format!("c-{number}"), "source": "alex", "type": kind,
            "time": format!("2024-05-01T1{number}:00:00Z"),
            "data": {"call_id": "c", "agent_id": "alex"},
        });
        call["data"]["customer"] = json!({"external_id": "shop:anna"});
        if number == 1 {
            call["data"]["duration_seconds"] = json!(61);
        }
        service.stored(&call).await;
    }
    let path = |head: u64| format!("/api/v1/customers/export?min_position={head}");
    let before = service.get(&path(service.last())).await.body;
    let import = service.import_as(OTHER, "", before.as_str().unwrap()).await;
    assert_eq!(counts(&import), [6, 0, 0, 0], "{import}");
    let head = service.api.engine().tenant(OTHER).unwrap().head();
    let after = service.get_of(OTHER, &path(head)).await.body;
    assert_eq!(after.as_str(), before.as_str());
    let id = import["id"].as_str().unwrap();
    let foreign = service.get(&format!("/api/v1/imports/{id}")).await;
    assert_eq!(foreign.problem(), (404, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_customer_file_is_refused_at_once() {
    let service = Service::start().await;
    let path = "/api/v1/customers/import";
    let refused = service.post(path, "application/json", "{}").await;
    assert_eq!(refused.problem(), (415, "unsupported_media_type"));
    let refused = service.post(path, "text/csv", "").await;
    assert_eq!(refused.problem(), (422, "unusable_file"));
    let refused = service.post(path, "text/csv", "Name,Name\nA,B\n").await;
    assert_eq!(refused.problem(), (422, "unusable_file"));
    let imports = service.get("/api/v1/imports").await;
    assert_eq!(imports.body["items"], json!([]));
    let folder = service.api.engine().data_dir().join("imports");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

/// Nobody else's events are taken back with an import's.
#[tokio::test(flavor = "multi_thread")]
async fn only_imports_send_from_their_source() {
    let service = Service::start().await;
    let mut event = order("1", "zoe", json!({}));
    event["source"] = json!("touchbook/csv");
    let refused = service.events(&event).await;
    assert_eq!(refused.body["pointer"], "/source", "{:?}", refused.body);
}
