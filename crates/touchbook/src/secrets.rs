//! `secrets.toml` in the data directory: what must be known in the clear, and stands in no ledger.
//!
//! Only its owner may read it. The service begins one with the secret that signs its sessions;
//! `touchbook keys create` adds what others sign with; people may write in it while nothing runs.

use anyhow::{Context, bail};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use touchbook_api::{SecretTexts, Secrets};
use touchbook_events::catalogue::access::WebhookKind;

const FILE: &str = "secrets.toml";
/// Whose it is may read and write it, nobody else anything.
const MODE: u32 = 0o600;
const OTHERS: u32 = 0o077;
const HEAD: &str = "# Secrets of this service: keep them, and show them to nobody.\n";
const VARIABLES: [(&str, WebhookKind); 2] = [
    ("TIMELINE_WEBHOOK_SECRET", WebhookKind::Timeline),
    ("CALL_SYSTEM_WEBHOOK_SECRET", WebhookKind::CallSystem),
];
/// The key of the quote source, as document 001 names it (S1-139).
const QUOTE_SOURCE_KEY: &str = "AUDICO_CHAT_QUOTE_SUPABASE_KEY";
/// Random bytes of a secret that we make.
const SECRET_BYTES: usize = 32;

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// Signs the cookies of sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Secret>,
    /// Signs the tokens of another system (HS256).
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<Secret>,
    /// Opens the source of quote sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote_source: Option<SourceKey>,
    /// Sign the deliveries of webhooks, by the reference that a key's record names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    webhooks: BTreeMap<String, String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    secret: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceKey {
    key: String,
}

/// The file, and what the service knows of it.
pub(crate) struct Vault {
    path: PathBuf,
    contents: Mutex<Contents>,
    shared: Arc<Secrets>,
}

impl Vault {
    /// Opens the file of a data directory that exists, and begins it where there is none.
    pub(crate) fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let path = data_dir.join(FILE);
        let mut contents = read(&path)?;
        if contents.session.is_none() {
            contents.session = Some(Secret {
                secret: random_hex(),
            });
            write(&path, &contents)?;
        }
        let shared = Arc::new(Secrets::new(texts(&contents)));
        Ok(Self {
            path,
            contents: Mutex::new(contents),
            shared,
        })
    }

    /// What the service looks secrets up in.
    pub(crate) fn shared(&self) -> Arc<Secrets> {
        Arc::clone(&self.shared)
    }

    /// What signs the tokens of another system.
    pub(crate) fn jwt_secret(&self) -> Option<String> {
        let contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.jwt.as_ref().map(|jwt| jwt.secret.clone())
    }

    /// What opens the source of quote sessions: that of the file, or else of the environment.
    pub(crate) fn quote_source_key(&self) -> Option<String> {
        let contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = contents.quote_source.as_ref();
        let kept = kept.map(|source| source.key.clone());
        kept.or_else(|| variable(QUOTE_SOURCE_KEY))
    }

    /// Keeps what a webhook's sender signs with.
    pub(crate) fn keep(&self, reference: &str, secret: &str) -> anyhow::Result<()> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = contents.clone();
        changed
            .webhooks
            .insert(reference.to_owned(), secret.to_owned());
        write(&self.path, &changed)?;
        self.shared.replace(texts(&changed));
        *contents = changed;
        Ok(())
    }
}

fn texts(contents: &Contents) -> SecretTexts {
    let session = contents.session.as_ref();
    let mut webhooks = environment();
    webhooks.extend(contents.webhooks.clone());
    SecretTexts {
        session: session
            .map(|session| session.secret.clone())
            .unwrap_or_default(),
        webhooks,
    }
}

/// The secrets of the default tenant's webhooks that document 001 names, by kind (C13).
fn environment() -> BTreeMap<String, String> {
    let variables = VARIABLES
        .iter()
        .filter_map(|(name, kind)| Some((kind.as_str().to_owned(), variable(name)?)));
    variables.collect()
}

/// A variable that says something.
fn variable(wanted: &str) -> Option<String> {
    let (_, value) = std::env::vars_os().find(|(name, _)| name == wanted)?;
    value.into_string().ok().filter(|value| !value.is_empty())
}

fn read(path: &Path) -> anyhow::Result<Contents> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Contents::default()),
        Err(error) => {
            return Err(error).with_context(|| format!("could not read {}", path.display()));
        }
    };
    let metadata =
        fs::metadata(path).with_context(|| format!("could not look at {}", path.display()))?;
    if metadata.permissions().mode() & OTHERS != 0 {
        bail!(
            "others may read {}, which holds secrets; run `chmod 600` on it",
            path.display()
        );
    }
    // The parser's own error quotes the line, which is the secret.
    toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .map_or(0, |span| text[..span.start].lines().count().max(1));
        anyhow::anyhow!("{} is not as it should be, at line {line}", path.display())
    })
}

/// All of it or nothing: beside the old one, synced, and then in its place.
fn write(path: &Path, contents: &Contents) -> anyhow::Result<()> {
    let text = HEAD.to_owned() + &toml::to_string(contents).context("secrets can't be written")?;
    let beside = path.with_extension("toml.new");
    let written = (|| {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(MODE)
            .open(&beside)?;
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        // A webhook's secret is told once: its name must last as long as its key.
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        File::open(folder)?.sync_all()
    })();
    written.with_context(|| format!("could not write {}", path.display()))
}

fn random_hex() -> String {
    let mut bytes = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_at_the_next_start_and_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path()).unwrap();
        vault.keep("acme/0123", "whsec_hidden").unwrap();
        let again = Vault::open(dir.path()).unwrap();
        let kept = again.contents.lock().unwrap().clone();
        assert_eq!(kept.webhooks["acme/0123"], "whsec_hidden");
        let first = vault.contents.lock().unwrap().session.clone().unwrap();
        assert_eq!(kept.session.unwrap().secret, first.secret);
        let path = dir.path().join(FILE);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);

        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let error = Vault::open(dir.path()).err().unwrap().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    /// S1-139.
    #[test]
    fn the_key_of_the_quote_source_may_stand_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, "[quote_source]\nkey = \"hidden\"\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(MODE)).unwrap();
        for _ in 0..2 {
            let vault = Vault::open(dir.path()).unwrap();
            assert_eq!(vault.quote_source_key().as_deref(), Some("hidden"));
        }
    }

    #[test]
    fn what_is_wrong_with_it_is_said_without_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, "[session]\nsecret = \"hidden\"\nhidden = 1\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(MODE)).unwrap();
        let error = Vault::open(dir.path()).err().unwrap();
        let error = format!("{error:#}");
        assert!(
            !error.contains("hidden") && error.contains("at line"),
            "{error}"
        );
    }
}
