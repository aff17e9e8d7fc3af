//! Query parameters: each known, given once, and in its range; anything else is refused.

use crate::limits::{PAGE_DEFAULT, PAGE_MAX, PARAMETER_BYTES_MAX};
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use chrono_tz::Tz;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use touchbook_events::time::NotATime;
use touchbook_events::{Moment, Timestamp};

/// Where the page before ended, as it was said.
pub(crate) fn cursor<T: FromStr<Err: Display>>(text: Option<&str>) -> Result<Option<T>, Problem> {
    let cursor = text.map(str::parse).transpose();
    cursor.map_err(|error: T::Err| invalid("cursor", error.to_string()))
}

/// A route's query parameters.
pub(crate) struct Query<T>(pub T);

/// Parameters that can be read; what is not asked for is unknown.
pub(crate) trait Params: Sized {
    fn read(values: &mut Values) -> Result<Self, Problem>;
}

impl Params for () {
    fn read(_: &mut Values) -> Result<Self, Problem> {
        Ok(())
    }
}

impl<A: Params, B: Params> Params for (A, B) {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok((A::read(values)?, B::read(values)?))
    }
}

impl<A: Params, B: Params, C: Params> Params for (A, B, C) {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok((A::read(values)?, B::read(values)?, C::read(values)?))
    }
}

impl<T: Params, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = Values::of(&parts.uri)?;
        let params = T::read(&mut values)?;
        values.finish()?;
        Ok(Self(params))
    }
}

/// The parameters of one request, taken one by one.
#[derive(Default)]
pub(crate) struct Values {
    given: Vec<(String, String)>,
    asked: Vec<&'static str>,
}

impl Values {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        if uri.query().is_none_or(str::is_empty) {
            return Ok(Self::default());
        }
        let axum::extract::Query(given) = axum::extract::Query::try_from_uri(uri)
            .map_err(|error| Problem::unreadable("unreadable_query", error.body_text()))?;
        Ok(Self {
            given,
            asked: Vec::new(),
        })
    }

    fn finish(self) -> Result<(), Problem> {
        match self.given.first() {
            None => Ok(()),
            Some((name, _)) if self.asked.contains(&name.as_str()) => {
                let detail = format!("`{name}` is given more than once");
                Err(Problem::unreadable("repeated_parameter", detail))
            }
            Some((name, _)) => {
                let detail = format!("`{name}` is no parameter of this route");
                Err(Problem::unreadable("unknown_parameter", detail).allowing(self.asked))
            }
        }
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.asked.push(name);
        let Some(at) = self.given.iter().position(|(given, _)| given == name) else {
            return Ok(None);
        };
        let (_, value) = self.given.swap_remove(at);
        if value.len() > PARAMETER_BYTES_MAX {
            let detail = format!("at most {PARAMETER_BYTES_MAX} bytes are allowed");
            return Err(invalid(name, detail));
        }
        Ok(Some(value))
    }

    pub(crate) fn number(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(invalid(name, in_range(&range))),
        }
    }

    /// `limit`: rows of a page.
    pub(crate) fn limit(&mut self) -> Result<usize, Problem> {
        let limit = self.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_DEFAULT);
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// `cursor`: where the page before ended.
    pub(crate) fn cursor<T: FromStr<Err: Display>>(&mut self) -> Result<Option<T>, Problem> {
        cursor(self.text("cursor")?.as_deref())
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        let chosen = self.one_of(name, &["true", "false"])?;
        Ok(chosen == Some("true"))
    }

    pub(crate) fn one_of(
        &mut self,
        name: &'static str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match allowed.iter().find(|known| **known == text) {
            Some(known) => Ok(Some(known)),
            None => {
                Err(invalid(name, "it is none of the allowed values")
                    .allowing(allowed.iter().copied()))
            }
        }
    }

    /// Words apart by commas, whatever they are.
    pub(crate) fn words(&mut self, name: &'static str) -> Result<Vec<String>, Problem> {
        let text = self.text(name)?;
        let words = text.iter().flat_map(|text| text.split(','));
        Ok(words.map(|word| word.trim().to_owned()).collect())
    }

    /// A time with an offset, or one of the tenant's zone.
    pub(crate) fn time(&mut self, name: &'static str) -> Result<Option<Given>, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        Given::parse(&text)
            .map(Some)
            .map_err(|error| invalid(name, error.to_string()))
    }
}

/// A time as a caller gave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    pub moment: Moment,
    /// It is a date without a time.
    pub is_day: bool,
}

const DAY_SECONDS: i64 = 24 * 60 * 60;

impl Given {
    pub(crate) fn parse(text: &str) -> Result<Self, NotATime> {
        // An unescaped `+` of an offset arrives as a space.
        let text = text
            .trim()
            .replace(' ', if text.contains('T') { "+" } else { " " });
        Ok(Self {
            moment: Moment::parse(&text)?,
            is_day: text.len() == "2024-01-15".len(),
        })
    }

    /// As the end of a range: an instant, or the last one of a local day.
    pub(crate) fn last_instant(self, zone: Tz) -> Timestamp {
        match self.moment {
            Moment::Local(local) if self.is_day => {
                let next_day = Moment::Local(local.plus_seconds(DAY_SECONDS)).in_zone(zone);
                Timestamp::from_micros(next_day.micros() - 1)
            }
            moment => moment.in_zone(zone),
        }
    }
}

/// 400 for the value of one parameter.
pub(crate) fn invalid(name: &str, detail: impl AsRef<str>) -> Problem {
    Problem::unreadable(
        "invalid_parameter",
        format!("`{name}`: {}", detail.as_ref()),
    )
}

/// 400 for a word of a list, whose allowed values the caller adds.
pub(crate) fn none_of(name: &str, word: &str) -> Problem {
    let detail = format!("`{word}` is none of the allowed values, apart by commas");
    invalid(name, detail)
}

fn in_range(range: &RangeInclusive<u64>) -> String {
    if *range.end() == u64::MAX {
        return format!("must be a whole number, at least {}", range.start());
    }
    format!(
        "must be a whole number from {} to {}",
        range.start(),
        range.end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Page(usize, bool);

    impl Params for Page {
        fn read(values: &mut Values) -> Result<Self, Problem> {
            Ok(Self(values.limit()?, values.flag("atomic")?))
        }
    }

    async fn read(query: &str) -> Result<Page, String> {
        let request = axum::http::Request::get(format!("/x?{query}"))
            .body(())
            .unwrap();
        match Query::<Page>::from_request_parts(&mut request.into_parts().0, &()).await {
            Ok(Query(page)) => Ok(page),
            Err(problem) => {
                assert_eq!(problem.status(), 400);
                let item = problem.of_item(0);
                Err(format!("{} {}", item.detail, item.allowed.join(",")))
            }
        }
    }

    #[tokio::test]
    async fn a_page_has_1_to_500_rows() {
        assert!(matches!(read("").await, Ok(Page(50, false))));
        assert!(matches!(
            read("limit=500&atomic=true").await,
            Ok(Page(500, true))
        ));
        for bad in ["0", "501", "-1", "abc", "", "1e2"] {
            let refused = read(&format!("limit={bad}")).await.err().unwrap();
            assert_eq!(refused, "`limit`: must be a whole number from 1 to 500 ");
        }
    }

    #[tokio::test]
    async fn what_is_unknown_or_repeated_is_refused() {
        let unknown = read("lmit=5").await.err().unwrap();
        assert_eq!(unknown, "`lmit` is no parameter of this route limit,atomic");
        let repeated = read("limit=5&limit=6").await.err().unwrap();
        assert_eq!(repeated, "`limit` is given more than once ");
        let value = read("atomic=yes").await.err().unwrap();
        assert_eq!(
            value,
            "`atomic`: it is none of the allowed values true,false"
        );
    }
}
