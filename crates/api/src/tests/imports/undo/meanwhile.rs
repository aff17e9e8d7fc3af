//! Undoing while others write: between its looks, what it gives back and what it retracts.

use super::*;
use std::collections::BTreeMap;
use touchbook_events::{CustomerId, IdentifierKind};

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1);
        (self.0 >> 33) as usize % below
    }
}

/// A reference to one of the people of scripts.
fn reference(dice: &mut Dice) -> Value {
    let person = dice.roll(10);
    match dice.roll(3) {
        0 => json!({"external_id": format!("p:{person}")}),
        1 => json!({"email": format!("{person}@example.com")}),
        _ => json!({"phone": format!("+2711000000{person}")}),
    }
}

fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "others", "type": kind, "data": data})
}

impl Service {
    /// Somebody else writes something; what is refused changes nothing.
    async fn somebody_writes(&self, number: usize, dice: &mut Dice) {
        let id = format!("other-{number}");
        let tenant = self.api.engine().tenant("default").unwrap();
        let records = self.records();
        let customers = records.iter().filter_map(|record| record.header.customer);
        let customers: Vec<CustomerId> = customers.collect();
        let mut somebody = || customers[dice.roll(customers.len())].to_string();
        let (one, other) = (somebody(), somebody());
        let name = format!("Other {number}");
        let (kind, data) = match dice.roll(8) {
            0 => {
                let data = json!({"customer": {"id": one}, "name": name});
                ("customer.updated", data)
            }
            1 => ("customer.merged", json!({"into": one, "members": [other]})),
            2 => {
                let order = format!("order/{}", dice.roll(number + 1));
                let data = json!({"subject": tenant.key().subject(&order), "to": one});
                ("subject.assigned", data)
            }
            3 => {
                let data = json!({"customer": reference(dice), "name": name});
                ("customer.updated", data)
            }
            _ => {
                let data = json!({"customer": reference(dice), "order_id": number.to_string()});
                ("order.updated", data)
            }
        };
        let answer = self.events(&event(&id, kind, data)).await;
        assert!(answer.status.as_u16() < 500, "{:?}", answer.body);
    }

    /// Undoes an import while somebody writes at every other step of it.
    async fn undo_among_others(&self, import: &Value, dice: &mut Dice) -> Value {
        let mut turns = self.api.imports().turns.hold();
        let others = async {
            let mut written = 0;
            while let Some(turn) = turns.recv().await {
                if dice.roll(2) == 0 {
                    self.somebody_writes(written, dice).await;
                    written += 1;
                }
                turn.send(()).unwrap();
            }
        };
        tokio::join!(self.undo(import, ""), others).0
    }

    /// Whose an identifier is for readers, and for the writer: it decides whose an order is.
    async fn owners(&self, kind: &str, value: &str) -> [Option<CustomerId>; 2] {
        let tenant = self.api.engine().tenant("default").unwrap();
        self.digest::<Identifiers>().await;
        let identifiers = tenant.projection::<Identifiers>().unwrap();
        let of_kind = match kind {
            "email" => IdentifierKind::Email,
            "phone" => IdentifierKind::Phone,
            _ => IdentifierKind::ExternalId,
        };
        let read = identifiers.index(|index| Identifiers::find(index, of_kind, value));
        let id = format!("{kind}-{value}");
        let data = json!({"customer": {kind: value}, "order_id": id});
        let position = self.stored(&event(&id, "order.updated", data)).await;
        let order = tenant.record(position).unwrap().unwrap();
        let before = tenant.record(position - 1).unwrap().unwrap();
        let is_new = before.header.cause == Some(position);
        let decided = order.header.customer.filter(|_| !is_new);
        [
            read,
            decided.map(|customer| identifiers.canonical(customer)),
        ]
    }
}

fn is_import(record: &Record) -> bool {
    record.header.correlation.is_some()
}

/// Where others wrote of somebody, but for merges.
fn is_by_others(record: &Record) -> bool {
    let is_of_pairs = matches!(
        record.data,
        Data::CustomerMerged(_) | Data::MergeSuggested(_)
    );
    record.header.is_effective() && !is_import(record) && !is_of_pairs
}

/// Of everybody whom the import made it is all gone, unless others wrote of them before it was;
/// then it is told.
fn nobody_is_orphaned(records: &[Record], undone: &Value, seed: u64) {
    let mut retracted_at = BTreeMap::new();
    for record in records {
        if let Data::EventRetracted(retracted) = &record.data
            && record.header.is_effective()
        {
            for position in &retracted.facts.positions {
                let by = record.header.position;
                retracted_at.entry(*position).or_insert(by);
            }
        }
    }
    let conflicts = undone["conflicts"].as_array().unwrap();
    let begun = records.iter().filter(|record| is_import(record));
    for begun in begun.filter(|record| matches!(record.data, Data::CustomerCreated(_))) {
        let gone_at = retracted_at.get(&begun.header.position);
        let customer = begun.header.customer;
        let of_them = |record: &&Record| record.header.customer == customer;
        let by_others = records
            .iter()
            .filter(of_them)
            .filter(|one| is_by_others(one));
        let mut written = by_others.map(|record| record.header.position);
        let written = written.find(|at| gone_at.is_none_or(|gone| at < gone));
        let told = conflicts.iter().find(|conflict| {
            conflict["field"].is_null() && conflict["customer"] == json!(customer)
        });
        assert_eq!(
            gone_at.is_none(),
            written.is_some(),
            "seed {seed}: {begun:?}"
        );
        let told_at = told.map(|told| told["position"].as_u64().unwrap());
        assert_eq!(told_at, written, "seed {seed}: {begun:?}");
    }
}

/// Law 4, whatever others write while an import is undone: what they wrote of stays whole, and is
/// told; readers and the writer agree on whose every identifier is.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_meanwhile_stays_whole() {
    let (mut stayed, mut gone) = (0, 0);
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let service = Service::start().await;
        some_are_known(&service).await;
        let import = service.import("", &script(seed)).await;
        let undone = service.undo_among_others(&import, &mut dice).await;
        let records = service.records();
        nobody_is_orphaned(&records, &undone, seed);
        gone += undone["customers"].as_u64().unwrap();

        let (never, left) = without_imports(records);
        for kind in left {
            stayed += u64::from(kind == "customer.created");
            // One that is given back by then was somebody else's before it could return.
            let known = [
                "customer.created",
                "identifier.attached",
                "identifier.detached",
            ];
            assert!(known.contains(&kind), "seed {seed}: {kind}");
        }
        service.all_are_as_of(&never).await;
        for person in 0..10 {
            for (kind, value) in [
                ("external_id", format!("p:{person}")),
                ("email", format!("{person}@example.com")),
                ("phone", format!("+2711000000{person}")),
            ] {
                let [read, decided] = service.owners(kind, &value).await;
                assert_eq!(read, decided, "seed {seed}: {kind} {value}");
            }
        }
    }
    assert!(stayed > 3 && gone > 3, "{stayed} stayed, {gone} are gone");
}

/// A call that a person gives to somebody whom the import made is written of them.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_given_a_subject_stays() {
    let service = Service::start().await;
    let file = format!("{HEADER}p:1,,,Made,,,,,,,\n");
    let import = service.import("", &file).await;
    let made = service.known("external_id:p:1").await.body["customer_id"].clone();
    service.stored(&order("7", "zoe", json!({}))).await;
    let tenant = service.api.engine().tenant("default").unwrap();
    let data = json!({"subject": tenant.key().subject("order/7"), "to": made});
    let assigned = service
        .stored(&event("gives", "subject.assigned", data))
        .await;
    let undone = service.undo(&import, "").await;
    let conflict = &undone["conflicts"][0];
    assert_eq!(conflict["customer"], made, "{undone}");
    assert_eq!(conflict["position"], assigned, "{undone}");
    service.digest::<Identifiers>().await;
    let known = service.known("external_id:p:1").await;
    assert_eq!(known.body["customer_id"], made, "{:?}", known.body);
}

/// A pair that an undone import suggested is suggested again by the file that takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_after_an_undone_import_is_suggested_again() {
    let service = Service::start().await;
    some_are_known(&service).await;
    for (person, phone) in [(0, "+27110000001"), (3, "+27110000002")] {
        let customer = json!({"external_id": format!("p:{person}"), "phone": phone});
        let data = json!({ "customer": customer });
        let id = format!("phone-{person}");
        service.stored(&event(&id, "customer.updated", data)).await;
    }
    let open = || async {
        service.digest::<Suggestions>().await;
        let listed = service.get("/api/v1/merge-suggestions").await.body;
        listed["items"].as_array().unwrap().len()
    };
    let file = |name: &str| format!("{HEADER}p:0,,+27110000002,{name},,,,,,,\n");
    let wrong = service.import("", &file("Wrong")).await;
    assert_eq!(open().await, 1);
    let undone = service.undo(&wrong, "").await;
    assert_eq!((open().await, &undone["policy_positions"]), (0, &json!([])));
    service.import("", &file("Right")).await;
    assert_eq!(open().await, 1);
}

impl Service {
    /// Undoes an import, and sends what `writes` has for each step of it; answers what it came to,
    /// and whose each event was.
    async fn undo_with(
        &self,
        import: &Value,
        writes: impl Fn(usize) -> Option<Value>,
    ) -> (Value, Vec<Value>) {
        let mut turns = self.api.imports().turns.hold();
        let others = async {
            let (mut step, mut customers) = (0, Vec::new());
            while let Some(turn) = turns.recv().await {
                if let Some(event) = writes(step) {
                    let answer = self.events(&event).await;
                    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
                    customers.push(answer.body["customer_id"].clone());
                }
                step += 1;
                turn.send(()).unwrap();
            }
            customers
        };
        tokio::join!(self.undo(import, ""), others)
    }

    /// Somebody whom an import made, by an id alone.
    async fn with_one_made() -> (Self, Value, Value) {
        let service = Self::start().await;
        let file = format!("{HEADER}p:1,,,Made,,,,,,,\n");
        let import = service.import("", &file).await;
        let made = service.known("external_id:p:1").await.body["customer_id"].clone();
        (service, import, made)
    }
}

/// Two orders that follow each other are one customer's, wherever an undoing stands between them.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_torn_in_two() {
    let (mut kept, mut steps) = (0, 0);
    loop {
        let (service, import, made) = Service::with_one_made().await;
        let writes = |step: usize| {
            let is_now = step == steps || step == steps + 1;
            let id = step.to_string();
            let data = json!({"customer": {"external_id": "p:1"}, "order_id": id});
            is_now.then(|| event(&id, "order.updated", data))
        };
        let (_, customers) = service.undo_with(&import, writes).await;
        let Some(first) = customers.first() else {
            break;
        };
        assert!(customers.iter().all(|one| one == first), "step {steps}");
        kept += usize::from(*first == made);
        steps += 1;
    }
    assert!(kept >= 3 && kept < steps, "{kept} of {steps}");
}

/// Who is named by an id can be written of until the very end.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_orphaned_at_any_step() {
    let (mut kept, mut steps) = (0, 0);
    loop {
        let (service, import, made) = Service::with_one_made().await;
        let writes = |step: usize| {
            let data = json!({"customer": {"id": made}, "name": "Other"});
            (step == steps).then(|| event("other", "customer.updated", data))
        };
        let (undone, customers) = service.undo_with(&import, writes).await;
        if customers.is_empty() {
            break;
        }
        nobody_is_orphaned(&service.records(), &undone, steps as u64);
        let is_kept = undone["customers"] == 0;
        let [read, decided] = service.owners("external_id", "p:1").await;
        assert_eq!(read, decided, "step {steps}");
        assert_eq!(read.is_some(), is_kept, "step {steps}");
        kept += usize::from(is_kept);
        steps += 1;
    }
    assert!(kept >= 5 && kept < steps, "{kept} of {steps}");
}

/// A policy that an import caused stays, and is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_an_import_caused_is_told() {
    let service = Service::start().await;
    some_are_known(&service).await;
    let rows = [0, 3, 4, 7, 9].map(|person| format!("p:{person},,+27110000009,,,,,,,,\n"));
    let file = format!("{HEADER}{}", rows.concat());
    let import = service.import("", &file).await;
    let undone = service.undo(&import, "").await;
    let records = service.records();
    let is_policy = |record: &&Record| matches!(record.data, Data::PolicyDefined(_));
    let defined = records.iter().filter(is_policy);
    let defined: Vec<u64> = defined.map(|record| record.header.position).collect();
    assert_eq!(defined.len(), 1);
    assert_eq!(undone["policy_positions"], json!(defined));
    let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap());
    let shown = service.get(&path).await.body;
    assert_eq!(
        shown["undone"]["policy_positions"],
        json!(defined),
        "{shown}"
    );
}
