//! Reading foreign JSON: members by name, each held to the type that the catalogue gives it.
//!
//! What is read is also kept as its own text, so that numbers come out as they were written. Every
//! refusal points into the foreign body.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use touchbook_events::{Member, Problem, canonical};

/// An object of a foreign body, less what was taken out of it.
pub(crate) struct Foreign<'a> {
    /// Pointer to it from the body's root.
    at: String,
    members: BTreeMap<String, &'a RawValue>,
}

impl<'a> Foreign<'a> {
    /// # Errors
    /// `unreadable` for what is no JSON; else what no event could hold: a member that stands twice,
    /// values nested too deep, half a surrogate pair.
    pub(crate) fn parse(body: &'a str) -> Result<Self, Problem> {
        let raw: &RawValue = serde_json::from_str(body)
            .map_err(|error| Problem::not_json(body.as_bytes(), &error))?;
        canonical::write(raw.get(), &mut Vec::new())?;
        Self::of(raw, String::new())
    }

    /// # Errors
    /// When `raw` is no object.
    pub(crate) fn of(raw: &'a RawValue, at: String) -> Result<Self, Problem> {
        match serde_json::from_str(raw.get()) {
            Ok(members) => Ok(Self { at, members }),
            Err(_) => Err(Problem::invalid(at, "an object is expected")),
        }
    }

    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    pub(crate) fn invalid(&self, name: &str, detail: impl Into<String>) -> Problem {
        Problem::invalid(self.pointer(name), detail)
    }

    /// A member of a whole object, in its own text: absent keeps what was known, null clears it.
    pub(crate) fn member<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Member<&'a RawValue>, Problem> {
        let Some(raw) = self.members.remove(name) else {
            return Ok(Member::Absent);
        };
        if raw.get() == NULL {
            return Ok(Member::Null);
        }
        typed::<T>(raw, &self.pointer(name)).map(|_| Member::Value(raw))
    }

    /// A member where null says no more than absence.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        match self.members.remove(name) {
            Some(raw) if raw.get() != NULL => typed(raw, &self.pointer(name)).map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Problem> {
        let missing = self.invalid(name, "missing");
        self.optional(name)?.ok_or(missing)
    }

    /// A member's own text, of any type but null.
    pub(crate) fn raw(&mut self, name: &str) -> Option<&'a RawValue> {
        self.members.remove(name).filter(|raw| raw.get() != NULL)
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, Problem> {
        let at = self.pointer(name);
        self.raw(name).map(|raw| Self::of(raw, at)).transpose()
    }

    /// As [`Foreign::object`], but it stays.
    pub(crate) fn peek_object(&self, name: &str) -> Result<Option<Self>, Problem> {
        let raw = self.get(name).filter(|raw| raw.get() != NULL);
        raw.map(|raw| Self::of(raw, self.pointer(name))).transpose()
    }

    /// The elements of an array, each with its pointer; none where the member is absent or null.
    pub(crate) fn elements(&mut self, name: &str) -> Result<Vec<(String, &'a RawValue)>, Problem> {
        let at = self.pointer(name);
        let Some(raw) = self.raw(name) else {
            return Ok(Vec::new());
        };
        let elements: Vec<&RawValue> = serde_json::from_str(raw.get())
            .map_err(|_| Problem::invalid(&*at, "an array is expected"))?;
        let elements = elements.into_iter().enumerate();
        Ok(elements
            .map(|(index, raw)| (format!("{at}/{index}"), raw))
            .collect())
    }

    /// A member's own text, which stays.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members.get(name).copied()
    }

    /// A copy of a member, which stays among what was not taken.
    pub(crate) fn peek<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        match self.members.get(name) {
            Some(raw) if raw.get() != NULL => typed(raw, &self.pointer(name)).map(Some),
            _ => Ok(None),
        }
    }

    /// Puts back what turned out to have no place of its own.
    pub(crate) fn put_back(&mut self, name: &str, raw: &'a RawValue) {
        self.members.insert(name.to_owned(), raw);
    }

    /// What nothing took.
    pub(crate) fn rest(self) -> BTreeMap<String, &'a RawValue> {
        self.members
    }
}

const NULL: &str = "null";

/// # Errors
/// With a pointer below `at`.
pub(crate) fn typed<T: DeserializeOwned>(raw: &RawValue, at: &str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Problem::from_path_error(raw.get().as_bytes(), &error).under(at))
}

/// A foreign system's own name for an object: text, or an integer of any size as it was written.
pub(crate) struct Key(pub(crate) String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let key = match json.starts_with('"') {
            true => serde_json::from_str::<String>(json).map_err(D::Error::custom)?,
            false if is_integer(json) => json.to_owned(),
            false => return Err(D::Error::custom("text or an integer is expected")),
        };
        match key.trim().is_empty() {
            true => Err(D::Error::custom("must not be blank")),
            false => Ok(Self(key)),
        }
    }
}

/// A number of a table's row: an integer of any size, or its digits as text.
pub(crate) struct RowNumber(pub(crate) String);

impl<'de> Deserialize<'de> for RowNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let digits = json
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let digits = digits.unwrap_or(json);
        match is_integer(digits) {
            true => Ok(Self(digits.to_owned())),
            false => Err(D::Error::custom("an integer is expected")),
        }
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Text that is something.
pub(crate) struct NotBlank(pub(crate) String);

impl<'de> Deserialize<'de> for NotBlank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim().is_empty() {
            true => Err(D::Error::custom("must not be blank")),
            false => Ok(Self(text)),
        }
    }
}
