//! Customer files through the real binary: over HTTP, on the command line, and through a crash.

use crate::service::{Service, TENANT};
use reqwest::Method;
use serde_json::Value;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use touchbook_testkit::eventually;

/// Enough for an import that takes a moment.
const ROWS: u64 = 12_000;
/// Of them, each so-many-th names a customer that came before.
const REPEATED_EVERY: u64 = 50;

fn file(rows: u64) -> String {
    let mut file = "External_ID,Name,Email,Status,Total_Agent_Calls,Colour\n".to_owned();
    for row in 0..rows {
        let (person, status) = match row % REPEATED_EVERY {
            0 if row > 0 => (row - 1, "blocked"),
            _ => (row, "active"),
        };
        let calls = row % 7;
        writeln!(
            file,
            "shop:{person},Customer {person},c{person}@example.com,{status},{calls},green"
        )
        .unwrap();
    }
    file
}

async fn begin(service: &Service, file: String) -> String {
    let request = service.request(Method::POST, "/api/v1/customers/import");
    let request = request.header("Content-Type", "text/csv").body(file);
    let response = request.send().await.unwrap();
    let status = response.status();
    let import: Value = response.json().await.unwrap();
    assert_eq!(status, 202, "{import}");
    format!("/api/v1/imports/{}", import["id"].as_str().unwrap())
}

async fn ended(service: &Service, path: &str) -> Value {
    eventually("the import ends", || async {
        service.json(path).await["state"] != "running"
    })
    .await;
    service.json(path).await
}

async fn exported(service: &Service) -> String {
    service.caught_up().await;
    let path = "/api/v1/customers/export?columns=External_ID,Status,Total_Agent_Calls";
    service.get(path).await.text().await.unwrap()
}

/// A file of which much changes nothing, and much is wrong.
fn motley_file(rows: u64) -> String {
    let mut file = "External_ID,Name,Status,Total_Agent_Calls\n".to_owned();
    for row in 0..rows {
        let (person, status, calls) = match row % 10 {
            3 => (row, "active", "many"),
            // What is known already; then something else; then what is no longer known.
            5 => (row - 1, "active", "4"),
            6 => (row - 2, "vip", "4"),
            7 => (row - 3, "active", "4"),
            _ => (row, "active", "4"),
        };
        writeln!(file, "shop:{person},Customer {person},{status},{calls}").unwrap();
    }
    file
}

/// Imports a file into a service that is killed twice meanwhile; answers the import.
async fn import_through_kills(service: &mut Service, file: String) -> Value {
    let path = begin(service, file).await;
    for part in 1..3 {
        eventually("some rows are in", || async {
            let import = service.json(&path).await;
            assert_eq!(import["state"], "running", "it ended too soon: {import}");
            import["done"].as_u64().unwrap() > part * ROWS / 4
        })
        .await;
        let folder = service.data_dir().join("imports");
        for file in std::fs::read_dir(&folder).unwrap().flatten() {
            // What is half written has gone by its name already, perhaps.
            let Ok(metadata) = file.metadata() else {
                continue;
            };
            let mode = metadata.permissions().mode();
            assert_eq!(mode & 0o077, 0, "{:?} is for others to read", file.path());
        }
        service.kill();
        service.restart();
    }
    let import = ended(service, &path).await;
    assert_eq!(import["state"], "succeeded", "{import}");
    import
}

/// S0-029: killed half-way, an import goes on by itself, and counts every row once.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_goes_on_at_the_next_start() {
    let mut service = Service::start();
    let import = import_through_kills(&mut service, file(ROWS)).await;
    let repeated = ROWS.div_ceil(REPEATED_EVERY) - 1;
    let counts = &import["counts"];
    assert_eq!(counts["created"], ROWS - repeated, "{counts}");
    assert_eq!(counts["updated"], repeated, "{counts}");
    assert_eq!(
        (&counts["unchanged"], &counts["failed"]),
        (&0.into(), &0.into())
    );

    let undisturbed = Service::start();
    let path = begin(&undisturbed, file(ROWS)).await;
    assert_eq!(&ended(&undisturbed, &path).await["counts"], counts);
    assert!(exported(&service).await == exported(&undisturbed).await);
}

/// S0-029: neither kills nor sending the file again bring an old value back, or count a row twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_which_much_fails_is_imported_once_through_kills_and_repeats() {
    let mut service = Service::start();
    let import = import_through_kills(&mut service, motley_file(ROWS)).await;
    let undisturbed = Service::start();
    let path = begin(&undisturbed, motley_file(ROWS)).await;
    let counts = &ended(&undisturbed, &path).await["counts"];
    assert_eq!(&import["counts"], counts);
    assert_eq!(counts["failed"], ROWS / 10);
    assert!(exported(&service).await == exported(&undisturbed).await);

    let path = begin(&service, motley_file(ROWS)).await;
    let again = ended(&service, &path).await;
    assert_eq!(again["counts"]["unchanged"], ROWS - ROWS / 10, "{again}");
    assert_eq!(again["counts"]["failed"], ROWS / 10, "{again}");
    let errors = service.get(again["errors_url"].as_str().unwrap()).await;
    let lines = errors.text().await.unwrap().lines().count() as u64;
    assert_eq!(lines, 1 + ROWS / 10);
    assert!(exported(&service).await == exported(&undisturbed).await);
}

fn touchbook(service: &Service, arguments: &[&str]) -> Output {
    let url = format!("http://{}", service.address());
    let to = ["--url", &url, "--tenant", TENANT];
    service.command(&[arguments, &to].concat())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// S0-023, S0-024, S0-043; S0-056, import and export: from a file and into one, on the command
/// line.
#[tokio::test(flavor = "multi_thread")]
async fn files_go_in_and_out_on_the_command_line() {
    let (service, elsewhere) = (Service::start(), Service::start());
    let dir = tempfile::tempdir().unwrap();
    let sample = service.get("/api/v1/customers/import/sample.csv").await;
    let sample = write(dir.path(), "sample.csv", &sample.text().await.unwrap());

    let dry = touchbook(&service, &["import", &sample, "--dry-run"]);
    assert!(dry.status.success(), "{dry:?}");
    assert!(
        text(&dry.stdout).contains("nothing was written: 3 created, 0 updated"),
        "{dry:?}"
    );
    let import = touchbook(&service, &["import", &sample]);
    assert!(import.status.success(), "{import:?}");
    assert_eq!(
        text(&import.stdout),
        "3 created, 0 updated, 0 unchanged, 0 failed, of 3 rows\n"
    );

    let bad = write(
        dir.path(),
        "bad.csv",
        "External_ID,Total_Agent_Calls\na,1\nb,-1\n",
    );
    let errors = dir.path().join("errors.csv");
    let errors_flag = errors.to_str().unwrap();
    let failed = touchbook(&service, &["import", &bad, "--errors", errors_flag]);
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    let said = text(&failed.stdout);
    assert!(
        said.contains("row 2, line 3, Total_Agent_Calls \"-1\": "),
        "{said}"
    );
    assert!(text(&failed.stderr).contains("1 row failed"), "{failed:?}");
    let errors = std::fs::read_to_string(errors).unwrap();
    assert!(
        errors.lines().count() == 2 && errors.contains("\nb,"),
        "{errors}"
    );

    service.caught_up().await;
    let out = dir.path().join("all.csv");
    let out_flag = out.to_str().unwrap();
    let export = touchbook(&service, &["export", "--out", out_flag]);
    assert!(export.status.success(), "{export:?}");
    let import = touchbook(&elsewhere, &["import", out_flag]);
    assert!(import.status.success(), "{import:?}");
    elsewhere.caught_up().await;
    let again = touchbook(&elsewhere, &["export"]);
    assert_eq!(text(&again.stdout), std::fs::read_to_string(&out).unwrap());
    let columns = [
        "export",
        "--columns",
        "Email,Total_Agent_Calls",
        "--headers",
        "snake",
    ];
    let columns = touchbook(&service, &columns);
    assert!(
        text(&columns.stdout).starts_with("Email,Total_Agent_Calls\nnora@example.com,12\n"),
        "{columns:?}"
    );

    let nobody = touchbook(&service, &["import", "/nowhere.csv"]);
    assert!(
        text(&nobody.stderr).contains("could not read /nowhere.csv"),
        "{nobody:?}"
    );
}

/// S0-049: a number is a number and a time a time, wherever it is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_has_one_type_in_files_answers_and_events() {
    const COLUMNS: [(&str, &str); 7] = [
        ("Total_Agent_Calls", "12"),
        ("Total_Agent_Emails", "4"),
        ("Total_Agent_SMS", "3"),
        ("Agent_Call_Duration_Total", "90.50"),
        ("Last_Agent_Call_Date", "2024-01-10T09:30:00Z"),
        ("Last_Agent_Interaction_Type", "call"),
        ("Last_Agent_Interaction_Date", "2024-01-10T09:30:00Z"),
    ];
    let service = Service::start();
    let (names, cells): (Vec<_>, Vec<_>) = COLUMNS.into_iter().unzip();
    let (names, cells) = (names.join(","), cells.join(","));
    let file = format!("External_ID,{names}\nshop:1,{cells}\n");
    let path = begin(&service, file).await;
    assert_eq!(ended(&service, &path).await["counts"]["created"], 1);
    service.caught_up().await;
    let export = format!("/api/v1/customers/export?columns={names}");
    let exported = service.get(&export).await.text().await.unwrap();
    assert_eq!(exported.lines().nth(1), Some(&*cells), "{exported}");

    let customer = service.json("/api/v1/customers/external_id:shop:1").await;
    let guide = service.json("/api/v1/customers/import/columns").await;
    for (name, cell) in COLUMNS {
        let value = &customer[name.to_lowercase()];
        let columns = guide["items"].as_array().unwrap();
        let column = columns.iter().find(|column| column["name"] == name);
        let is_number = match column.unwrap()["type"].as_str().unwrap() {
            "integer" | "minutes" => true,
            "date_time" | "choice" => false,
            other => panic!("{name} is of an unknown type: {other}"),
        };
        let same = match is_number {
            true => value.as_f64() == cell.parse().ok(),
            false => value.as_str() == Some(cell),
        };
        assert!(same, "{name}: {cell} in the file, {value} in the answer");
    }
    let records = service.records().await;
    let kind = "customer.opening_balance_imported";
    let event = records.iter().find(|record| record["type"] == kind);
    let data = &event.unwrap()["data"];
    assert_eq!(
        [&data["agent_calls"], &data["call_duration_seconds"]],
        [&customer["total_agent_calls"], &Value::from(5430)],
        "{data}"
    );
    assert_eq!(data["last_agent_call_at"], customer["last_agent_call_date"]);
}
