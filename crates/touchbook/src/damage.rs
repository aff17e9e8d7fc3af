//! What is said to an operator whose ledger is damaged: where, how much is whole, what to do.

use std::fmt::Write;
use std::path::Path;
use touchbook_engine::{NODE_SLUG, chain};
use touchbook_events::{Data, Record, TenantNumber};
use touchbook_ledger::{Error, Survey, TenantSurvey};

/// Examines a ledger that did not open because of `error`, and tells all that can be told.
pub(crate) fn explain(data_dir: &Path, error: &Error) -> String {
    let mut text = format!("the ledger in {} is damaged", data_dir.display());
    let survey = match touchbook_ledger::survey(data_dir) {
        Ok(survey) => survey,
        Err(failed) => {
            line(&mut text, &chain(error));
            line(&mut text, &chain(&failed));
            return text + "\n" + RESTORE;
        }
    };
    if survey.files.is_empty() {
        line(&mut text, &chain(error));
    }
    for file in &survey.files {
        line(&mut text, &format!("ledger/0001/{file}"));
    }
    for (commit, flaw) in &survey.frames {
        line(&mut text, &format!("commit {commit}: {flaw}"));
    }
    for tenant in &survey.tenants {
        line(&mut text, &of_tenant(tenant));
    }
    if survey.missing_records > 0 {
        let records = survey.missing_records;
        line(
            &mut text,
            &format!("{records} acknowledged records are nowhere in it"),
        );
    }
    text + "\n" + &advice(&survey)
}

fn line(text: &mut String, said: &str) {
    write!(text, "\n  {said}").expect("a string takes everything");
}

fn of_tenant(tenant: &TenantSurvey) -> String {
    let slug = slug(tenant.tenant, tenant.first.as_deref());
    let whole = tenant.whole_to;
    match &tenant.damage {
        None => format!("{slug}: whole up to position {whole}, its last here"),
        Some(damage) => format!(
            "{slug}: damaged at position {}: {}; whole up to position {whole}, the last seen is {}",
            damage.position, damage.what, tenant.seen_to
        ),
    }
}

/// A tenant's name stands in its first record; one that can't be read goes by its number.
pub(crate) fn slug(number: TenantNumber, first: Option<&[u8]>) -> String {
    if number == TenantNumber::NODE {
        return NODE_SLUG.to_owned();
    }
    let first = first.and_then(|bytes| Record::decode(bytes).ok());
    match first.map(|record| record.data) {
        Some(Data::TenantCreated(created)) => created.facts.slug.to_string(),
        _ => format!("tenant {}", number.0),
    }
}

pub(crate) const RESTORE: &str = "\
No record in it was changed. Keep it as it is, look after the disk, and put back a copy of the \
data directory from before; or start with an empty one on the same NATS stream, which is read \
again as far back as it reaches.";

fn advice(survey: &Survey) -> String {
    let [file] = survey.files.as_slice() else {
        return RESTORE.to_owned();
    };
    let is_whole = survey.tenants.iter().all(|tenant| tenant.damage.is_none());
    if !is_whole || survey.missing_records > 0 || !survey.frames.is_empty() || file.file == "db" {
        return RESTORE.to_owned();
    }
    let name = &file.file;
    let why = if name == "conf" {
        "its content is always the same, and it is written again"
    } else {
        "it only saves time, and the store reads its whole log instead"
    };
    format!(
        "No record in it was changed. Every record is whole: delete ledger/0001/{name} and start \
         again ({why}). Look after the disk."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_ledger::{Damage, FileDamage, Flaw};

    fn survey(file: &str, damage: Option<Damage>) -> Survey {
        let file = FileDamage {
            file: file.to_owned(),
            offset: None,
            what: "can not be read",
        };
        let tenant = TenantSurvey {
            tenant: TenantNumber(3),
            whole_to: 655,
            seen_to: 900,
            damage,
            first: None,
        };
        Survey {
            tenants: vec![tenant],
            files: vec![file],
            ..Survey::default()
        }
    }

    #[test]
    fn a_file_that_is_no_record_may_be_deleted() {
        let text = advice(&survey("snap.00000000001F3A7C", None));
        assert!(text.contains("delete ledger/0001/snap."), "{text}");
        assert_eq!(advice(&survey("db", None)), RESTORE);
    }

    #[test]
    fn the_first_bad_position_is_said() {
        let damage = Damage {
            tenant: TenantNumber(3),
            position: 656,
            what: Flaw::Checksum,
        };
        let survey = survey("conf", Some(damage));
        let text = of_tenant(&survey.tenants[0]);
        assert_eq!(
            text,
            "tenant 3: damaged at position 656: the checksum does not match; whole up to position \
             655, the last seen is 900"
        );
        assert_eq!(advice(&survey), RESTORE);
    }
}
