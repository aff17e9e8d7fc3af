use super::*;
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

fn flags(words: &[&str]) -> Flags {
    Line::parse_from(["touchbook"].iter().chain(words)).flags
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn layered(file: &str, environment: &[(&str, &str)], line: &[&str]) -> Result<Config, ConfigError> {
    let mut layers = Layers::new(&keys(), flags(line).values());
    layers.read_file(file, Path::new("touchbook.toml"))?;
    layers.read_environment(variables(environment))?;
    Config::of(layers)
}

fn error(file: &str, environment: &[(&str, &str)], line: &[&str]) -> String {
    layered(file, environment, line).unwrap_err().to_string()
}

#[test]
fn flags_count_more_than_the_environment_and_that_more_than_the_file() {
    let file = "listen = \"127.0.0.1:1\"\ndata_dir = \"file\"\ndefault_tenant = \"file\"";
    let environment = [
        ("TOUCHBOOK_LISTEN", "127.0.0.1:2"),
        ("TOUCHBOOK_DATA_DIR", "environment"),
    ];
    let config = layered(file, &environment, &["--listen", "127.0.0.1:3"]).unwrap();
    assert_eq!(config.http.listen.port(), 3);
    assert_eq!(config.storage.data_dir, Path::new("environment"));
    assert_eq!(config.tenants.default_tenant.0, "file");
}

#[test]
fn the_default_file_says_what_holds_without_it() {
    let bare = layered("", &[], &[]).unwrap();
    let with_file = layered(DEFAULT_TOML, &[], &[]).unwrap();
    let values = |config: &Config| {
        let shown = config.shown.iter();
        shown
            .map(|setting| (setting.key, setting.value.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&with_file), values(&bare));
    for key in keys() {
        let there = |line: &str| {
            line.trim_start_matches("# ")
                .starts_with(&format!("{key} ="))
        };
        assert!(
            DEFAULT_TOML.lines().any(there),
            "{key} is not in the default file"
        );
    }
}

#[test]
fn every_setting_is_read_and_shown_once() {
    let config = layered("", &[], &[]).unwrap();
    let shown: Vec<_> = config.shown.iter().map(|setting| setting.key).collect();
    assert_eq!(shown, keys());
}

#[test]
fn a_name_that_nobody_knows_is_refused_with_those_that_exist() {
    let text = error("lisen = \"127.0.0.1:1\"", &[], &[]);
    assert!(
        text.starts_with("there is no setting lisen; there are listen, public_url,"),
        "{text}"
    );
    let text = error("", &[("TOUCHBOOK_LISEN", "x")], &[]);
    assert!(
        text.contains("no setting TOUCHBOOK_LISEN; there are TOUCHBOOK_LISTEN"),
        "{text}"
    );
    assert!(layered("", &[("HOME", "x"), ("TOUCHBOOKS", "x")], &[]).is_ok());
}

#[test]
fn a_value_that_can_not_be_is_refused_with_its_place() {
    let text = error("", &[], &["--listen", "localhost"]);
    assert_eq!(
        text,
        "--listen is \"localhost\", and must be an IP address and a port, such as \
         127.0.0.1:7400 or [::1]:7400"
    );
    assert!(error("listen = 7400", &[], &[]).starts_with("listen must be text"));
    let text = error("", &[("TOUCHBOOK_SNAPSHOT_RECORDS", "0")], &[]);
    assert_eq!(
        text,
        "TOUCHBOOK_SNAPSHOT_RECORDS must be a whole number of records, at least 1"
    );
    let text = error("", &[], &["--log-level", "inof"]);
    assert!(
        text.starts_with("--log-level is \"inof\", and must be a level"),
        "{text}"
    );
    assert!(layered("", &[], &["--log-level", "warn,touchbook_stream=debug"]).is_ok());
    let text = error("", &[("TOUCHBOOK_STREAM", "http://u:secret@h")], &[]);
    assert!(
        text.contains("http://u:***@h") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
fn what_kubernetes_says_of_a_service_is_no_setting() {
    let links = [
        ("TOUCHBOOK_SERVICE_HOST", "10.0.0.1"),
        ("TOUCHBOOK_PORT", "tcp://10.0.0.1:7400"),
        ("TOUCHBOOK_PORT_7400_TCP_ADDR", "10.0.0.1"),
    ];
    assert!(layered("", &links, &[]).is_ok());
}

#[test]
fn an_empty_variable_says_nothing() {
    let config = layered("stream = \"nats://a:1\"", &[("TOUCHBOOK_STREAM", "")], &[]).unwrap();
    assert!(!config.stream.is_embedded());
}

#[test]
fn what_is_printed_is_the_configuration_without_its_secrets() {
    let environment = [
        ("TOUCHBOOK_STREAM", "nats://touchbook:hidden@h:4222"),
        ("TOUCHBOOK_NATS_PASSWORD", "also hidden"),
    ];
    let config = layered("log_level = \"debug\"", &environment, &["--data-dir", "d"]).unwrap();
    let text = print(&config);
    assert!(!text.contains("hidden"), "{text}");
    let line = |key: &str| text.lines().find(|line| line.contains(key)).unwrap();
    assert!(line("data_dir").ends_with("# flag, --data-dir"), "{text}");
    assert!(
        line("log_level").starts_with("log_level = \"debug\" "),
        "{text}"
    );
    assert!(line("log_level").ends_with("# file"), "{text}");
    assert!(
        line("stream =").contains("nats://touchbook:***@h:4222"),
        "{text}"
    );
    assert!(
        line("nats_password").starts_with("# nats_password is set"),
        "{text}"
    );
    assert!(line("listen").ends_with("# default"), "{text}");
    // It is a file that says the same.
    assert!(text.parse::<toml::Table>().is_ok(), "{text}");
}

/// S1-138: the document's own name counts more than the file, and less than ours.
#[test]
fn the_quote_source_is_configured_by_the_documents_own_variable() {
    const ALIAS: &str = "AUDICO_CHAT_QUOTE_SUPABASE_URL";
    let of = |file: &str, environment: &[(&str, &str)]| {
        let config = layered(file, environment, &[]).unwrap();
        let url = config.quote_source.url.as_ref();
        let url = url.map(|url| url.as_str().to_owned());
        let text = print(&config);
        let line = text.lines().find(|line| line.contains("quote_source_url"));
        (url, line.unwrap().to_owned())
    };
    let file = "quote_source_url = \"https://file.example.org\"";
    let ours = ("TOUCHBOOK_QUOTE_SOURCE_URL", "https://ours.example.org");
    let theirs = (ALIAS, "https://theirs.example.org");
    let (url, line) = of(file, &[theirs]);
    assert_eq!(url.as_deref(), Some("https://theirs.example.org/"));
    assert!(line.ends_with(&format!("# environment, {ALIAS}")), "{line}");
    let (url, line) = of(file, &[theirs, ours]);
    assert_eq!(url.as_deref(), Some("https://ours.example.org/"));
    assert!(
        line.ends_with("# environment, TOUCHBOOK_QUOTE_SOURCE_URL"),
        "{line}"
    );
    assert_eq!(of("", &[(ALIAS, "")]).0, None);
}

/// S1-139: nobody on the way may read the key, and no error repeats a password.
#[test]
fn a_quote_source_that_can_not_be_is_refused_without_what_it_may_hold() {
    let said = error("", &[], &["--quote-source-url", "https://u:hidden@h"]);
    assert!(
        said.contains("https://project") && !said.contains("hidden"),
        "{said}"
    );
    let clear = "quote_source_url = \"http://10.0.0.1:3000\"";
    assert!(error(clear, &[], &[]).contains("quote_source_allow_private = true"));
    let allowed = format!("{clear}\nquote_source_allow_private = true");
    assert!(
        layered(&allowed, &[], &[])
            .unwrap()
            .quote_source
            .allow_private
    );
    let said = error("", &[], &["--quote-source-allow-private", "yes"]);
    assert_eq!(said, "--quote-source-allow-private must be true or false");
    let said = error("quote_source_table = \"a/b\"", &[], &[]);
    assert!(said.contains("must be 1 to 63"), "{said}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let flags = flags(&["--config", "/nowhere/touchbook.toml"]);
    let text = Config::layer(&flags, Vec::new()).unwrap_err().to_string();
    assert_eq!(
        text,
        "could not read the configuration file /nowhere/touchbook.toml"
    );
}
