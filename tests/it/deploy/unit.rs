//! `touchbook.service`.

use std::collections::BTreeMap;

use super::{assert_serves, read, value_of};

type Section = BTreeMap<String, Vec<String>>;

/// The unit's sections; a key may stand more than once.
fn unit() -> BTreeMap<String, Section> {
    let text = read("touchbook.service");
    let mut sections = BTreeMap::<String, Section>::new();
    let mut current = None;
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            current = Some(name.to_owned());
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .unwrap_or_else(|| panic!("no setting: {line}"));
        assert_eq!(
            key.trim(),
            key,
            "systemd would take the space as part of the key"
        );
        let section = current.clone().expect("a setting stands below a section");
        let values = sections
            .entry(section)
            .or_default()
            .entry(key.to_owned())
            .or_default();
        values.push(value.to_owned());
    }
    sections
}

fn service(key: &str) -> String {
    let unit = unit();
    let values = unit["Service"]
        .get(key)
        .unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(values.len(), 1, "{key} stands once");
    values[0].clone()
}

#[test]
fn it_has_the_three_sections_and_starts_with_the_machine() {
    let unit = unit();
    assert_eq!(
        unit.keys().collect::<Vec<_>>(),
        ["Install", "Service", "Unit"]
    );
    assert_eq!(unit["Install"]["WantedBy"], ["multi-user.target"]);
}

#[test]
fn it_serves_from_its_state_directory_with_flags_that_exist() {
    let line = service("ExecStart");
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[0], "/usr/bin/touchbook");
    assert_serves(&words[1..]);
    let state = format!("/var/lib/{}", service("StateDirectory"));
    assert_eq!(value_of(&words, "--data-dir"), state);
    assert_eq!(service("StateDirectoryMode"), "0700");
}

#[test]
fn it_comes_back_after_a_failure_but_not_after_a_clean_stop() {
    assert_eq!(service("Restart"), "on-failure");
    assert_eq!(service("TimeoutStopSec"), "60s");
}

#[test]
fn it_may_do_little_else_than_write_its_folder_and_talk() {
    let settings = [
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateDevices", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
    ];
    for (key, value) in settings {
        assert_eq!(service(key), value, "{key}");
    }
    let calls = &unit()["Service"]["SystemCallFilter"];
    assert_eq!(*calls, ["@system-service", "~@privileged"]);
}
