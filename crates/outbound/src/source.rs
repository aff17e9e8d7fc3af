//! Where a source is, and with which key it is read.

use crate::limits::{KEY_CHARS_MAX, TABLE_CHARS_MAX};
use crate::place::Cursor;
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::fmt;
use std::str::FromStr;

/// `https://…`, perhaps with a path; without user, query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUrl(Url);

/// Why text is no [`SourceUrl`]; never repeats it, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write https://, a host and perhaps a path, without a user and without a query")]
pub struct NotASource;

impl FromStr for SourceUrl {
    type Err = NotASource;

    fn from_str(text: &str) -> Result<Self, NotASource> {
        let url: Url = text.trim().parse().map_err(|_| NotASource)?;
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        match is_http && is_bare {
            true => Ok(Self(url)),
            false => Err(NotASource),
        }
    }
}

impl SourceUrl {
    /// Whether nobody on the way can read the key.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The page of `table` behind `cursor` (PostgREST's query language).
    pub(crate) fn page(&self, table: &Table, cursor: &Cursor, rows: usize) -> Url {
        self.behind(table, "*", cursor, rows)
    }

    /// Where the row behind `cursor` stands, without the rest of it.
    pub(crate) fn next_place(&self, table: &Table, cursor: &Cursor) -> Url {
        self.behind(table, "id,updated_at", cursor, 1)
    }

    /// Rows that don't say when they were changed, behind the one with the id `after`.
    pub(crate) fn undated(&self, table: &Table, after: Option<&str>, rows: usize) -> Url {
        let mut url = self.of_table(table);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("select", "*")
            .append_pair("order", "id.asc")
            .append_pair("updated_at", "is.null");
        if let Some(after) = after {
            query.append_pair("id", &format!("gt.{after}"));
        }
        query.append_pair("limit", &rows.to_string());
        drop(query);
        url
    }

    fn of_table(&self, table: &Table) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["rest", "v1", table.as_str()]);
        }
        url
    }

    fn behind(&self, table: &Table, members: &str, cursor: &Cursor, rows: usize) -> Url {
        let mut url = self.of_table(table);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("select", members)
            .append_pair("order", "updated_at.asc,id.asc")
            .append_pair("updated_at", &format!("gte.{}", cursor.since));
        if let Some(after) = &cursor.after {
            let (time, id) = (quoted(&after.updated_at), quoted(&after.id));
            query.append_pair("or", &format!("(updated_at.gt.{time},id.gt.{id})"));
        }
        query.append_pair("limit", &rows.to_string());
        drop(query);
        url
    }
}

/// A value among others: commas, dots and parentheses mean something there.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The name of a table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write 1 to {TABLE_CHARS_MAX} of the characters a-z, A-Z, 0-9 and _")]
pub struct NotATable;

impl FromStr for Table {
    type Err = NotATable;

    fn from_str(text: &str) -> Result<Self, NotATable> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = (1..=TABLE_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_word);
        match fits {
            true => Ok(Self(text.to_owned())),
            false => Err(NotATable),
        }
    }
}

impl Table {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What opens a source. Nothing shows it.
#[derive(Clone)]
pub struct Key {
    plain: HeaderValue,
    bearer: HeaderValue,
}

/// Why text is no [`Key`]; never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 1 to {KEY_CHARS_MAX} visible ASCII characters")]
pub struct NotAKey;

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        let fits = (1..=KEY_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        let value = |text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(|_| NotAKey)?;
            value.set_sensitive(true);
            Ok(value)
        };
        match fits {
            true => Ok(Self {
                plain: value(text)?,
                bearer: value(&format!("Bearer {text}"))?,
            }),
            false => Err(NotAKey),
        }
    }
}

impl Key {
    pub(crate) fn plain(&self) -> HeaderValue {
        self.plain.clone()
    }

    pub(crate) fn bearer(&self) -> HeaderValue {
        self.bearer.clone()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;

    #[test]
    fn a_page_is_asked_for_as_postgrest_has_it() {
        let url: SourceUrl = "https://project.example.org/base/".parse().unwrap();
        let table: Table = "quote_sessions".parse().unwrap();
        let last = Place::new("2024-01-15T09:00:00+02:00", "a\"b,c").unwrap();
        let page = url.page(&table, &Cursor::behind(last), 7);
        assert_eq!(page.path(), "/base/rest/v1/quote_sessions");
        let pairs: Vec<_> = page.query_pairs().into_owned().collect();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let after = r#"(updated_at.gt."2024-01-15T09:00:00+02:00",id.gt."a\"b,c")"#;
        assert_eq!(
            pairs,
            [
                ("select", "*"),
                ("order", "updated_at.asc,id.asc"),
                ("updated_at", "gte.2024-01-15T09:00:00+02:00"),
                ("or", after),
                ("limit", "7"),
            ]
        );
        assert!(page.as_str().contains("00%2B02%3A00"), "{page}");
    }

    #[test]
    fn what_is_no_source_is_refused() {
        for text in [
            "your_quote_chat_url",
            "ftp://project.example.org",
            "https://user:password@project.example.org",
            "https://project.example.org?apikey=1",
            "https://project.example.org#1",
            "https://",
        ] {
            assert_eq!(text.parse::<SourceUrl>(), Err(NotASource), "{text}");
        }
        for text in ["", "a-b", "a/b", "a?b", &"a".repeat(64)] {
            assert_eq!(text.parse::<Table>(), Err(NotATable), "{text}");
        }
    }

    /// S1-139.
    #[test]
    fn a_key_is_shown_by_nothing() {
        let key: Key = " hidden\n".parse().unwrap();
        assert_eq!(key.plain(), "hidden");
        assert_eq!(key.bearer(), "Bearer hidden");
        let shown = format!("{key:?} {:?} {:?}", key.plain(), key.bearer());
        assert!(!shown.contains("hidden"), "{shown}");
        for text in ["", "two words", "caf\u{e9}", "a\nb"] {
            assert_eq!(text.parse::<Key>().err(), Some(NotAKey), "{text}");
        }
    }
}
