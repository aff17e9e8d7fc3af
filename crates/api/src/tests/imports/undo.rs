//! Undoing imports: law 4, "import then undo = never imported".

mod half_way;
mod meanwhile;
mod scores;

use super::*;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use touchbook_events::{Data, Record};
use touchbook_projection::{Folding, Projector};

const HEADER: &str = "External_ID,Email,Phone,Name,Company,Status,Total_Agent_Calls,Colour,\
                      Interaction_Type,Interaction_Date,Notes\n";

impl Service {
    /// Undoes an import; answers the job's result.
    async fn undo(&self, import: &Value, query: &str) -> Value {
        let job = self.begin_undo(import, query).await;
        let ended = self.ended(&job).await;
        assert_eq!(ended["state"], "succeeded", "{ended}");
        ended["result"].clone()
    }

    /// Answers the path of the job.
    async fn begin_undo(&self, import: &Value, query: &str) -> String {
        let id = import["id"].as_str().unwrap();
        let path = format!("/api/v1/imports/{id}/undo?{query}");
        let begun = self.post(&path, "application/json", "").await;
        assert_eq!(begun.status, StatusCode::ACCEPTED, "{:?}", begun.body);
        begun.header("location").to_owned()
    }

    async fn ended(&self, job: &str) -> Value {
        eventually("the undoing ends", || async {
            self.get(job).await.body["state"] != "running"
        })
        .await;
        self.get(job).await.body
    }

    fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        let tenant = self.api.engine().tenant("default").unwrap();
        let mut take = |record| {
            records.push(record);
            ControlFlow::Continue(())
        };
        tenant.records(1..=tenant.head(), &mut take).unwrap();
        records
    }

    /// The digest of a projection that has everything.
    async fn digest<P: Projector>(&self) -> [u8; 32] {
        let tenant = self.api.engine().tenant("default").unwrap();
        let wait = std::time::Duration::from_secs(20);
        let applied = tenant.applied(&[P::NAME], tenant.head(), wait).await;
        assert_eq!(applied.unwrap(), tenant.head());
        tenant.projection::<P>().unwrap().digest()
    }

    /// Law 4: the service's digest is that of `records` alone.
    async fn is_as_of<P: Projector>(&self, records: &Vec<Record>) {
        let never = Projection::<P>::new(Folding::Live);
        never.apply_batch(records, records).unwrap();
        assert_eq!(self.digest::<P>().await, never.digest(), "{}", P::NAME);
    }

    async fn all_are_as_of(&self, records: &Vec<Record>) {
        self.is_as_of::<Identifiers>(records).await;
        self.is_as_of::<Suggestions>(records).await;
        self.is_as_of::<Customers>(records).await;
        self.is_as_of::<Calls>(records).await;
        self.is_as_of::<Engagement>(records).await;
        self.is_as_of::<Timeline>(records).await;
    }
}

/// The records without those of imports that were undone, and without the undoing; and whatever of
/// an import was left.
fn without_imports(records: Vec<Record>) -> (Vec<Record>, Vec<&'static str>) {
    let mut undone = BTreeSet::new();
    for record in &records {
        if let Data::EventRetracted(retracted) = &record.data
            && record.header.correlation.is_some()
            && record.header.is_effective()
        {
            undone.insert(record.header.position);
            undone.extend(&retracted.facts.positions);
        }
    }
    let mut left = Vec::new();
    let mut never = records;
    never.retain(|record| {
        let is_import = record.header.event_type.object() == "import";
        let stays = !is_import && !undone.contains(&record.header.position);
        if stays && record.header.correlation.is_some() && record.header.is_effective() {
            left.push(record.header.event_type.as_str());
        }
        stays
    });
    (never, left)
}

/// Rows of all kinds about ten people, half of whom are known; the same for the same number.
fn script(mut seed: u64) -> String {
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let mut file = HEADER.to_owned();
    for row in 0..30 {
        let person = next(10);
        let stray = if next(8) == 0 { next(10) } else { person };
        let mut cells = vec![format!("p:{person}")];
        cells.push(match next(2) {
            0 => String::new(),
            _ => format!("{stray}@example.com"),
        });
        cells.push(match next(3) {
            0 => format!("+2711000000{person}"),
            _ => String::new(),
        });
        let some = |yes: bool, text: String| if yes { text } else { String::new() };
        cells.push(some(next(2) == 0, format!("Name {row}")));
        cells.push(some(next(3) == 0, format!("Company {row}")));
        let status = ["", "vip", "active", "blocked"][next(4) as usize];
        cells.push(status.to_owned());
        let is_history = next(2) == 0;
        cells.push(some(!is_history && person < 5, next(9).to_string()));
        cells.push(some(next(2) == 0, "blue".to_owned()));
        let kind = ["call", "email", "sms", "meeting"][next(4) as usize];
        let is_history = is_history && person >= 5;
        cells.push(some(is_history, kind.to_owned()));
        cells.push(some(is_history, format!("2024-01-{:02}", 1 + next(28))));
        cells.push(some(is_history, format!("note {row}")));
        file.push_str(&cells.join(","));
        file.push('\n');
    }
    file
}

/// Some of the people of scripts, known before.
async fn some_are_known(service: &Service) {
    for person in [0, 3, 4, 7, 9] {
        let event = json!({
            "specversion": "1.0", "id": format!("crm-{person}"), "source": "crm",
            "type": "customer.updated",
            "data": {
                "customer": {"external_id": format!("p:{person}")},
                "name": format!("Known {person}"),
                "custom_fields": {"Colour": "red"},
            },
        });
        service.stored(&event).await;
    }
}

/// Law 4, where nobody else writes of whom the import made.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_undone_was_never_there() {
    for seed in 0..8 {
        let service = Service::start().await;
        some_are_known(&service).await;
        let import = service.import("", &script(seed)).await;
        assert_eq!(import["state"], "succeeded", "{import}");
        let made = import["counts"]["created"].as_u64().unwrap();
        assert!(made > 0, "{seed}: {import}");

        let head = service.last();
        let dry = service.undo(&import, "dry_run=true").await;
        assert_eq!(service.last(), head, "a dry run writes nothing");
        let imported = service.digest::<Customers>().await;
        let undone = service.undo(&import, "").await;
        assert_eq!(undone["conflict_count"], 0, "{undone}");
        assert_ne!(service.digest::<Customers>().await, imported);
        assert_eq!(undone["customers"], made, "{undone}");
        assert_eq!(dry, undone);

        let (never, left) = without_imports(service.records());
        assert_eq!(left, [""; 0], "seed {seed}");
        service.all_are_as_of(&never).await;
        let listed = service.get("/api/v1/customers?limit=100").await;
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 5);

        let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap());
        assert_eq!(service.get(&path).await.body["state"], "undone");
        let path = format!("{path}/undo");
        let again = service.post(&path, "application/json", "").await;
        assert_eq!(again.problem(), (409, "already_undone"));
        let again = service.import("", &script(seed)).await;
        assert_eq!(counts(&again), counts(&import), "{seed}: {again}");
        assert_ne!(again["id"], import["id"]);
    }
}

/// Law 4, with what others set afterwards listed and left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_changed_since_stays_and_is_listed() {
    let service = Service::start().await;
    some_are_known(&service).await;
    let file = format!(
        "{HEADER}p:0,zero@example.com,,Imported,Import & Co,,,,,,\n\
         p:1,,,Made,,vip,,,,,\n\
         p:2,two@example.com,,Gone,,,,,,,\n"
    );
    let import = service.import("", &file).await;
    assert_eq!(counts(&import), [2, 1, 0, 0], "{import}");
    let renamed = json!({
        "specversion": "1.0", "id": "later", "source": "crm", "type": "customer.updated",
        "data": {"customer": {"external_id": "p:0"}, "name": "Later"},
    });
    let position = service.stored(&renamed).await;
    let order_data = json!({"customer": {"external_id": "p:1"}});
    let ordered = service.stored(&order("1", "x", order_data)).await;

    let undone = service.undo(&import, "").await;
    let conflicts = undone["conflicts"].as_array().unwrap();
    let told: Vec<_> = conflicts
        .iter()
        .map(|conflict| json!([conflict["field"], conflict["position"]]))
        .collect();
    assert_eq!(told.len(), 2, "{undone}");
    assert!(told.contains(&json!(["name", position])), "{undone}");
    assert!(told.contains(&json!([null, ordered])), "{undone}");
    assert_eq!(undone["customers"], 1, "{undone}");

    let (never, left) = without_imports(service.records());
    assert_eq!(left, ["customer.created"]);
    service.all_are_as_of(&never).await;
    let zero = service.known("external_id:p:0").await.body;
    assert_eq!(
        (&zero["name"], &zero["company"]),
        (&json!("Later"), &Value::Null)
    );
    assert_eq!(service.known("email:zero@example.com").await.status, 404);
    let one = service.known("external_id:p:1").await.body;
    assert_eq!(
        (&one["name"], &one["status"]),
        (&Value::Null, &json!("active"))
    );
    assert_eq!(service.known("external_id:p:2").await.status, 404);
}
