//! From a page's body to rows.

use crate::failure::Failure;
use crate::limits::ROW_ID_CHARS_MAX;
use crate::place::Place;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A row as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) json: Bytes,
    /// `None` where it has no `id`, or no time in `updated_at`.
    pub(crate) place: Option<Place>,
    /// Text, or a whole number's digits.
    pub(crate) id: Option<String>,
}

/// The rows of a page of at most `rows_max`, which share its memory.
pub(crate) fn rows(body: &Bytes, rows_max: usize) -> Result<Vec<Row>, Failure> {
    let rows: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| Failure::NotRows)?;
    if rows.len() > rows_max {
        return Err(Failure::Unpaged);
    }
    let row = |raw: &RawValue| Row {
        json: body.slice_ref(raw.get().as_bytes()),
        place: place(raw),
        id: id(raw),
    };
    Ok(rows.into_iter().map(row).collect())
}

fn place(raw: &RawValue) -> Option<Place> {
    #[derive(Deserialize)]
    struct Known<'a> {
        updated_at: String,
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let known: Known<'_> = serde_json::from_str(raw.get()).ok()?;
    Place::new(&known.updated_at, &text(known.id)?)
}

fn id(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Known<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let known: Known<'_> = serde_json::from_str(raw.get()).ok()?;
    text(known.id).filter(|id| (1..=ROW_ID_CHARS_MAX).contains(&id.chars().count()))
}

/// Text, or a whole number's digits.
fn text(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    if json.starts_with('"') {
        return serde_json::from_str(json).ok();
    }
    let digits = json.strip_prefix('-').unwrap_or(json);
    let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| json.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_own_text_and_has_a_place_where_it_says_so() {
        let body = Bytes::from_static(
            br#"[ {"id": 12345678901234567890, "updated_at": "2024-01-15T09:00:00Z"},
                {"id":"a","updated_at":"2024-01-15","n":1.10},
                {"id":null,"updated_at":"2024-01-15"},
                {"id":1.5,"updated_at":"2024-01-15"}, {"id":"a","id":"b","updated_at":"2024-01-15"},
                7, null ]"#,
        );
        let rows = rows(&body, 10).unwrap();
        let ids: Vec<_> = rows
            .iter()
            .map(|row| row.place.as_ref().map(|place| place.id.as_str()))
            .collect();
        let first = "12345678901234567890";
        assert_eq!(ids, [Some(first), Some("a"), None, None, None, None, None]);
        assert_eq!(
            &rows[1].json[..],
            br#"{"id":"a","updated_at":"2024-01-15","n":1.10}"#
        );
    }

    #[test]
    fn what_is_no_array_or_longer_than_asked_for_is_no_page() {
        let of = |body: &'static str| rows(&Bytes::from_static(body.as_bytes()), 1).err();
        assert_eq!(of(r#"{"message":"no"}"#), Some(Failure::NotRows));
        assert_eq!(of("[{]"), Some(Failure::NotRows));
        assert_eq!(of("[1,2]"), Some(Failure::Unpaged));
        assert_eq!(of("[]"), None);
    }
}
