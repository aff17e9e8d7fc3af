//! Files that come again: after failures, after a stop, and once everything but the ledger is
//! forgotten.

use super::*;
use crate::imports::resume;
use std::fs;
use std::path::PathBuf;
use tokio::runtime::Handle;

/// The second row is wrong until its outcome is registered.
const SAMPLED: &str = "External_ID,Name,Interaction_Type,Interaction_Date,Outcome\n\
                       a,Anna,,,\n\
                       b,Ben,call,2024-01-15,sampled\n\
                       c,Cleo,,,\n";

impl Service {
    fn folder(&self) -> PathBuf {
        self.api.engine().data_dir().join("imports")
    }

    /// Ends the service, changes its files, and starts another one over them.
    async fn restarted(self, change: impl FnOnce(PathBuf)) -> Self {
        let folder = self.folder();
        self.api.stopping().cancel();
        let Self {
            router,
            api,
            _dir: dir,
        } = self;
        drop(router);
        let engine = api.engine().clone();
        tokio::task::spawn_blocking(move || engine.shutdown(&Handle::current()))
            .await
            .unwrap();
        drop(api);
        change(folder);
        let access = Access::Dev {
            default_tenant: "default".to_owned(),
        };
        let service = Self::in_dir(dir, registry(), access, CONNECTIONS_MAX).await;
        resume(&service.api);
        service
    }

    async fn import_ended(&self, import: &Value) -> Value {
        let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap());
        eventually("the import ends", || async {
            self.get(&path).await.body["state"] != "running"
        })
        .await;
        self.get(&path).await.body
    }
}

fn remove(folder: &std::path::Path, extension: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == extension) {
            fs::remove_file(path).unwrap();
        }
    }
}

/// What was known when a row's turn came is what counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_row_that_failed_brings_no_old_value_back() {
    let service = Service::start().await;
    service.import("", "External_ID,Name\na,A\n").await;
    let file = "External_ID,Name,Total_Agent_Calls\na,A,\na,B,\nb,Ben,-1\n";
    let import = service.import("", file).await;
    assert_eq!(counts(&import), [0, 1, 1, 1], "{import}");
    let head = service.last();
    for _ in 0..2 {
        let again = service.import("", file).await;
        assert_eq!(counts(&again), [0, 0, 2, 1], "{again}");
        assert_eq!(service.last(), head, "it changed nothing");
    }
    assert_eq!(service.known("external_id:a").await.body["name"], "B");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_failed_is_tried_again_though_its_import_is_forgotten() {
    let service = Service::start().await;
    let import = service.import("", SAMPLED).await;
    assert_eq!(counts(&import), [2, 0, 0, 1], "{import}");
    let service = service.restarted(|folder| remove(&folder, "json")).await;
    let listed = service.get("/api/v1/imports").await;
    assert_eq!(listed.body["items"], json!([]));
    service.set_policy("outcomes", json!(["sampled"])).await;
    let again = service.import("", SAMPLED).await;
    assert_eq!(counts(&again), [1, 0, 2, 0], "{again}");
    let again = service.import("", SAMPLED).await;
    assert_eq!(counts(&again), [0, 0, 3, 0], "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_which_nothing_is_known_any_more_is_told_and_not_guessed() {
    let service = Service::start().await;
    service.import("", SAMPLED).await;
    let forget = |folder: PathBuf| fs::remove_dir_all(folder).unwrap();
    let service = service.restarted(forget).await;
    service.set_policy("outcomes", json!(["sampled"])).await;
    for _ in 0..2 {
        let again = service.import("", SAMPLED).await;
        assert_eq!(counts(&again), [0, 0, 2, 1], "{again}");
        let errors = service.get(again["errors_url"].as_str().unwrap()).await;
        let errors = errors.body.as_str().unwrap();
        assert!(errors.contains("b,Ben,call,"), "{errors}");
        assert!(errors.contains("not known any"), "{errors}");
    }
    let rest = service.import("", "External_ID,Name\nb,Ben\n").await;
    assert_eq!(counts(&rest), [1, 0, 0, 0], "{rest}");
}

/// The second sending leaves nothing but its journal, in which nothing stands yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_sending_that_ended_at_once_forgets_nothing() {
    let service = Service::start().await;
    service.import("", "External_ID,Name\na,Anna\n").await;
    let file = "External_ID,Name\na,Anna\n\n";
    let import = service.import("", file).await;
    assert_eq!(counts(&import), [0, 0, 1, 0], "{import}");
    service.import("", "External_ID,Name\na,Zoe\n").await;
    let id = import["id"].as_str().unwrap().to_owned();
    let empty = |folder: PathBuf| fs::write(folder.join(format!("{id}.rows")), "").unwrap();
    let service = service.restarted(empty).await;
    for _ in 0..2 {
        let again = service.import("", file).await;
        assert_eq!(counts(&again), [0, 0, 1, 0], "{again}");
    }
    assert_eq!(service.known("external_id:a").await.body["name"], "Zoe");
}

/// As if the service had been killed in the middle of all: one job of a tenant goes on at a time,
/// and each wakes the next.
#[tokio::test(flavor = "multi_thread")]
async fn imports_and_undoings_that_were_interrupted_go_on_one_after_the_other() {
    let service = Service::start().await;
    let states = ["running", "undoing", "running", "undoing"];
    let file = |number: usize| format!("External_ID,Name\nc{number},Cleo\n");
    let mut imports = Vec::new();
    for number in 0..states.len() {
        imports.push(service.import("", &file(number)).await);
    }
    let interrupted = imports.clone();
    let service = service.restarted(move |folder| {
        for (number, (import, state)) in interrupted.iter().zip(states).enumerate() {
            let id = import["id"].as_str().unwrap();
            fs::write(folder.join(format!("{id}.csv")), file(number)).unwrap();
            let path = folder.join(format!("{id}.json"));
            let manifest = fs::read(&path).unwrap();
            let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
            manifest["state"] = json!(state);
            fs::write(&path, manifest.to_string()).unwrap();
        }
    });
    let service = service.await;
    for (import, state) in imports.iter().zip(states) {
        let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap());
        let ended = if state == "undoing" {
            "undone"
        } else {
            "succeeded"
        };
        eventually("it goes on and ends", || async {
            service.get(&path).await.body["state"] == ended
        })
        .await;
    }
    let uploads = fs::read_dir(service.folder()).unwrap();
    let mut left = uploads.map(|entry| entry.unwrap().path().extension().unwrap().to_owned());
    assert!(left.all(|extension| extension != "csv"));
}

/// As if the service had been killed in the middle of both, and policies were others since.
#[tokio::test(flavor = "multi_thread")]
async fn all_imports_that_were_interrupted_go_on_and_count_every_row() {
    let service = Service::start().await;
    service.set_policy("outcomes", json!(["sampled"])).await;
    let files = [SAMPLED, "External_ID,Name\nx,Xola\ny,Yoko\n"];
    let mut imports = Vec::new();
    for file in files {
        imports.push(service.import("atomic=true", file).await);
    }
    service.set_policy("outcomes", Value::Null).await;
    let interrupted = imports.clone();
    let service = service.restarted(move |folder| {
        for (import, file) in interrupted.iter().zip(files) {
            let id = import["id"].as_str().unwrap();
            fs::write(folder.join(format!("{id}.csv")), file).unwrap();
            let path = folder.join(format!("{id}.json"));
            let manifest = fs::read(&path).unwrap();
            let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
            manifest["state"] = json!("running");
            fs::write(&path, manifest.to_string()).unwrap();
        }
    });
    let service = service.await;
    for import in &imports {
        let ended = service.import_ended(import).await;
        assert_eq!(ended["state"], "succeeded", "{ended}");
        assert_eq!(counts(&ended), counts(import), "{ended}");
        let path = format!("/api/v1/imports/{}/cancel", ended["id"].as_str().unwrap());
        let again = service.post(&path, "application/json", "").await;
        assert_eq!(
            (again.status, &again.body["state"]),
            (StatusCode::ACCEPTED, &json!("succeeded"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_of_a_tenant_arrives_at_a_time() {
    let service = Service::start().await;
    let send = |tenant: &str, body: Body| {
        let request = Request::post("/api/v1/customers/import").header("X-Tenant-ID", tenant);
        service.send(
            request
                .header(header::CONTENT_TYPE, "text/csv")
                .body(body)
                .unwrap(),
        )
    };
    let endless = Body::from_stream(futures::stream::pending::<Result<String, std::io::Error>>());
    let first = send("default", endless);
    let is_part = |path: PathBuf| path.extension().is_some_and(|found| found == "part");
    let second = async {
        eventually("the first one arrives", || async {
            let files = fs::read_dir(service.folder()).into_iter().flatten();
            files.flatten().any(|file| is_part(file.path()))
        })
        .await;
        let refused = send("default", Body::from("External_ID\na\n")).await;
        let taken = send(OTHER, Body::from("External_ID\na\n")).await;
        (refused, taken)
    };
    tokio::select! {
        biased;
        _ = first => panic!("it never ends"),
        (refused, taken) = second => {
            assert_eq!(refused.problem(), (429, "too_many_requests"));
            assert_eq!(taken.status, StatusCode::ACCEPTED, "{:?}", taken.body);
        }
    }
}
