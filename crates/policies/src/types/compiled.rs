//! Compiled schemas: a few of this process, whoever registered them, those that were used last.
//!
//! What is here decides nothing: a schema that isn't is compiled again, and says the same.

use super::schema::Schema;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use touchbook_events::Problem;
use touchbook_events::limits::SCHEMAS_COMPILED_MAX;

static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
/// Goes on with each use of a schema.
static USES: AtomicU64 = AtomicU64::new(0);

struct Kept {
    text: Box<str>,
    schema: Arc<Used>,
}

/// A compiled schema, and when it was used last.
#[derive(Debug)]
pub(super) struct Used {
    schema: Schema,
    at: AtomicU64,
}

/// Where a registration finds its schema again without comparing texts.
#[derive(Debug, Default)]
pub(super) struct Place(Mutex<Known>);

#[derive(Debug, Default)]
enum Known {
    #[default]
    Nothing,
    Unusable,
    Compiled(Weak<Used>),
}

impl Used {
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    fn touch(&self) {
        let use_number = USES.fetch_add(1, Ordering::Relaxed);
        self.at.store(use_number, Ordering::Relaxed);
    }
}

impl Place {
    /// The schema of `text`, which is the same at each call; `None` where it can't be compiled.
    pub(super) fn find(&self, text: &str) -> Option<Arc<Used>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match &*known {
            Known::Unusable => return None,
            Known::Compiled(kept) => kept.upgrade(),
            Known::Nothing => None,
        };
        if let Some(kept) = kept {
            kept.touch();
            return Some(kept);
        }
        let found = compiled(text).ok();
        *known = match &found {
            Some(schema) => Known::Compiled(Arc::downgrade(schema)),
            None => Known::Unusable,
        };
        found
    }
}

/// The schema of `text`, compiled unless it is kept. It is kept then, in the place of the one that
/// was used longest ago.
///
/// # Errors
/// As [`Schema::compile`].
pub(super) fn compiled(text: &str) -> Result<Arc<Used>, Problem> {
    let found = find(&kept(), text);
    if let Some(found) = found {
        found.touch();
        return Ok(found);
    }
    let schema = Arc::new(Used {
        schema: Schema::compile(text)?,
        at: AtomicU64::new(0),
    });
    schema.touch();
    let mut kept = kept();
    if find(&kept, text).is_none() {
        if kept.len() >= SCHEMAS_COMPILED_MAX {
            let used_at = |(_, kept): &(usize, &Kept)| kept.schema.at.load(Ordering::Relaxed);
            let oldest = kept.iter().enumerate().min_by_key(used_at);
            let oldest = oldest.map_or(0, |(index, _)| index);
            kept.swap_remove(oldest);
        }
        kept.push(Kept {
            text: text.into(),
            schema: Arc::clone(&schema),
        });
    }
    Ok(schema)
}

fn kept() -> MutexGuard<'static, Vec<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(kept: &[Kept], text: &str) -> Option<Arc<Used>> {
    let found = kept.iter().find(|kept| &*kept.text == text)?;
    Some(Arc::clone(&found.schema))
}

#[cfg(test)]
pub(super) fn is_kept(text: &str) -> bool {
    find(&kept(), text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> String {
        format!(r#"{{"title":"kept {number}","type":"object"}}"#)
    }

    /// Design law 8: a tenant may register two thousand, and none takes memory for ever.
    #[test]
    fn as_many_are_kept_as_is_said_and_those_that_were_used_last() {
        let first = Place::default();
        assert!(first.find(&text(0)).is_some());
        for number in 1..4 * SCHEMAS_COMPILED_MAX {
            assert!(compiled(&text(number)).is_ok());
            assert!(first.find(&text(0)).is_some());
            assert!(is_kept(&text(0)), "it is used all the time");
            assert!(kept().len() <= SCHEMAS_COMPILED_MAX);
        }
        assert!(!is_kept(&text(1)));
        for number in 0..2 * SCHEMAS_COMPILED_MAX {
            assert!(compiled(&text(10_000 + number)).is_ok());
        }
        assert!(!is_kept(&text(0)));
        assert!(first.find(&text(0)).is_some(), "it is compiled again");
    }

    #[test]
    fn what_can_not_be_compiled_is_not_tried_again_and_takes_no_place() {
        let place = Place::default();
        let text = r#"{"type":"text"}"#;
        assert!(place.find(text).is_none());
        assert!(place.find(text).is_none());
        assert!(!is_kept(text));
    }
}
