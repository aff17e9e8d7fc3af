//! `compose.yaml`.

use serde_yaml_ng::Value;

use super::{assert_serves, read, value_of, yaml};
use crate::root;

fn words(value: &Value) -> Vec<&str> {
    let words = value
        .as_sequence()
        .unwrap_or_else(|| panic!("a list, not {value:?}"));
    words.iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn every_service_has_a_health_check_restarts_and_gains_no_privileges() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_mapping().unwrap();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["nats", "touchbook"]);
    for (name, service) in services {
        let check = words(&service["healthcheck"]["test"]);
        assert_eq!(check[0], "CMD", "{name:?}: no shell between");
        assert_eq!(service["restart"], "unless-stopped", "{name:?}");
        assert_eq!(service["read_only"], true, "{name:?}");
        assert_eq!(
            words(&service["security_opt"]),
            ["no-new-privileges:true"],
            "{name:?}"
        );
    }
}

#[test]
fn nats_runs_with_our_file_which_syncs_before_it_acknowledges() {
    let compose = yaml("compose.yaml");
    let nats = &compose["services"]["nats"];
    let config = value_of(&words(&nats["command"]), "--config").to_owned();
    let mounts = words(&nats["volumes"]);
    assert!(
        mounts.contains(&format!("./nats/nats.conf:{config}:ro").as_str()),
        "{mounts:?}"
    );

    let conf = read("nats/nats.conf");
    let setting = |name: &str| {
        let mut lines = conf
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'));
        let line = lines.find_map(|line| line.strip_prefix(name).map(str::trim));
        let value = line.unwrap_or_else(|| panic!("nats.conf does not set {name}"));
        value
            .trim_start_matches([':', '='])
            .trim()
            .trim_matches(['"', ','])
            .to_owned()
    };
    assert_eq!(setting("sync_interval"), "always");
    let store = setting("store_dir");
    assert!(
        mounts.contains(&format!("nats:{store}").as_str()),
        "{store} lies in no volume"
    );
    let check = words(&nats["healthcheck"]["test"]).join(" ");
    let port = setting("http").rsplit(':').next().unwrap().to_owned();
    assert!(
        check.contains(&format!(":{port}/healthz")),
        "{check} asks another port than {port}"
    );
}

#[test]
fn the_service_keeps_its_ledger_in_a_volume_and_waits_for_nats() {
    let compose = yaml("compose.yaml");
    let service = &compose["services"]["touchbook"];
    let command = words(&service["command"]);
    assert_serves(&command);
    let data = value_of(&command, "--data-dir");
    assert!(words(&service["volumes"]).contains(&format!("ledger:{data}").as_str()));
    let volumes = compose["volumes"].as_mapping().unwrap();
    assert_eq!(volumes.keys().collect::<Vec<_>>(), ["ledger", "nats"]);
    assert_eq!(
        service["depends_on"]["nats"]["condition"],
        "service_healthy"
    );
    assert_eq!(
        service["environment"]["TOUCHBOOK_STREAM"],
        "nats://touchbook@nats:4222"
    );
    let file = service["build"]["dockerfile"].as_str().unwrap();
    let context = root()
        .join("deploy")
        .join(service["build"]["context"].as_str().unwrap());
    assert!(context.join(file).is_file());
}

#[test]
fn only_this_machine_reaches_the_published_ports() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_mapping().unwrap();
    let published = services.values().filter_map(|service| service.get("ports"));
    let ports: Vec<&str> = published.flat_map(words).collect();
    assert_eq!(ports, ["127.0.0.1:4222:4222", "127.0.0.1:7400:7400"]);
}

#[test]
fn the_passwords_that_nats_asks_for_come_from_the_environment() {
    let environment = &yaml("compose.yaml")["services"]["nats"]["environment"];
    let given = environment.as_mapping().unwrap();
    for (name, value) in given {
        let demanded = format!("${{{}:?", name.as_str().unwrap());
        assert!(
            value.as_str().unwrap().starts_with(&demanded),
            "{name:?} is written down"
        );
    }
    let conf = read("nats/nats.conf");
    let asked = conf
        .lines()
        .filter_map(|line| line.trim().strip_prefix("password: $"));
    let given: Vec<&str> = given.keys().filter_map(|name| name.as_str()).collect();
    assert_eq!(asked.collect::<Vec<_>>(), given);
}
