//! Canonical JSON: one text for every way of writing the same content.
//!
//! Members are sorted, white space goes, escapes in strings are written one way, and numbers stay
//! as they were written, so that ids beyond 2^53 and `1.50` keep their text (`Content` in the map).

use crate::limits::JSON_DEPTH_MAX;
use crate::problem::{Problem, pointer_to};
use std::ops::Range;

/// Appends the canonical form of `json`, which must be one valid JSON value, to `out`.
///
/// # Errors
/// When a member stands twice in one object or has a name that the parser keeps, or values are
/// nested deeper than [`JSON_DEPTH_MAX`].
pub fn write(json: &str, out: &mut Vec<u8>) -> Result<(), Problem> {
    let mut scanner = Scanner {
        json: json.as_bytes(),
        at: 0,
        out,
        depth: 0,
        members: Vec::with_capacity(MEMBERS_USUAL),
        sorted: Vec::new(),
    };
    scanner.value()?;
    scanner.space();
    if scanner.at == scanner.json.len() {
        Ok(())
    } else {
        Err(malformed())
    }
}

/// What serde_json calls numbers and raw values: an object with such a member would be read as
/// what the member holds, and be another document than its readers see.
const OF_THE_PARSER: &[u8] = b"$serde_json::private::";

/// Room for the members of most events, nested ones included.
const MEMBERS_USUAL: usize = 32;

struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
    out: &'a mut Vec<u8>,
    depth: usize,
    /// Members of the objects that are open, the innermost's last.
    members: Vec<Member>,
    /// Where members are put in order before they go back to `out`.
    sorted: Vec<u8>,
}

impl Scanner<'_> {
    fn value(&mut self) -> Result<(), Problem> {
        self.space();
        match self.peek()? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => self.string(),
            _ => self.bare(),
        }
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Result<(), Problem>) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > JSON_DEPTH_MAX {
            return Err(Problem::invalid(
                "",
                format!("nested deeper than {JSON_DEPTH_MAX} levels"),
            ));
        }
        inside(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn object(&mut self) -> Result<(), Problem> {
        self.take(b'{')?;
        self.out.push(b'{');
        let (start, first) = (self.out.len(), self.members.len());
        while !self.ends(b'}')? {
            if self.members.len() > first {
                self.out.push(b',');
            }
            let from = self.out.len();
            self.string()?;
            let name = from..self.out.len();
            if self.out[from + 1..].starts_with(OF_THE_PARSER) {
                let detail = "begins with what the JSON parser keeps for itself";
                return Err(Problem::invalid(self.pointer_to(name), detail));
            }
            self.space();
            self.take(b':')?;
            self.out.push(b':');
            if let Err(problem) = self.value() {
                let pointer = self.pointer_to(name);
                return Err(inside(problem, &pointer));
            }
            let whole = from..self.out.len();
            self.members.push(Member { name, whole });
            self.separator(b'}')?;
        }
        self.sort(start, first)?;
        self.members.truncate(first);
        self.out.push(b'}');
        Ok(())
    }

    /// Puts the members from `first` on, which stand from `start` on, in the order of their names.
    fn sort(&mut self, start: usize, first: usize) -> Result<(), Problem> {
        let out = &*self.out;
        let name = |member: &Member| &out[member.name.clone()];
        let members = &mut self.members[first..];
        if members
            .windows(2)
            .all(|pair| name(&pair[0]) < name(&pair[1]))
        {
            return Ok(());
        }
        members.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        let mut pairs = members.windows(2);
        if let Some(pair) = pairs.find(|pair| name(&pair[0]) == name(&pair[1])) {
            let twice = pair[0].name.clone();
            return Err(Problem::invalid(
                self.pointer_to(twice),
                "stands twice in its object",
            ));
        }
        self.sorted.clear();
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                self.sorted.push(b',');
            }
            self.sorted.extend_from_slice(&out[member.whole.clone()]);
        }
        self.out.truncate(start);
        self.out.extend_from_slice(&self.sorted);
        Ok(())
    }

    /// To the member whose name stands in `out` at `name`.
    fn pointer_to(&self, name: Range<usize>) -> String {
        let name = self.out.get(name).unwrap_or_default();
        pointer_to(&serde_json::from_slice::<String>(name).unwrap_or_default())
    }

    fn array(&mut self) -> Result<(), Problem> {
        self.take(b'[')?;
        self.out.push(b'[');
        for index in 0_usize.. {
            if self.ends(b']')? {
                break;
            }
            if index > 0 {
                self.out.push(b',');
            }
            (self.value()).map_err(|problem| inside(problem, &format!("/{index}")))?;
            self.separator(b']')?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn string(&mut self) -> Result<(), Problem> {
        self.space();
        let start = self.at;
        self.take(b'"')?;
        let mut escaped = false;
        loop {
            let rest = self.json.get(self.at..).ok_or_else(malformed)?;
            let special = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            self.at += special.ok_or_else(malformed)?;
            if self.json[self.at] == b'"' {
                break;
            }
            escaped = true;
            self.at += 2;
        }
        self.at += 1;
        let raw = self.json.get(start..self.at).ok_or_else(malformed)?;
        if escaped {
            let text: String =
                serde_json::from_slice(raw).map_err(|error| Problem::not_json(raw, &error))?;
            serde_json::to_writer(&mut *self.out, &text).map_err(|_| malformed())?;
        } else {
            self.out.extend_from_slice(raw);
        }
        Ok(())
    }

    /// A number, `true`, `false` or `null`, as it stands.
    fn bare(&mut self) -> Result<(), Problem> {
        let start = self.at;
        while let Some(byte) = self.json.get(self.at) {
            if matches!(
                byte,
                b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r'
            ) {
                break;
            }
            self.at += 1;
        }
        if start == self.at {
            return Err(malformed());
        }
        self.out.extend_from_slice(&self.json[start..self.at]);
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.json.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Result<u8, Problem> {
        self.json.get(self.at).copied().ok_or_else(malformed)
    }

    fn take(&mut self, byte: u8) -> Result<(), Problem> {
        if self.peek()? != byte {
            return Err(malformed());
        }
        self.at += 1;
        Ok(())
    }

    fn ends(&mut self, close: u8) -> Result<bool, Problem> {
        self.space();
        let ends = self.peek()? == close;
        if ends {
            self.at += 1;
        }
        Ok(ends)
    }

    fn separator(&mut self, close: u8) -> Result<(), Problem> {
        self.space();
        match self.peek()? {
            b',' => {
                self.at += 1;
                Ok(())
            }
            byte if byte == close => Ok(()),
            _ => Err(malformed()),
        }
    }
}

struct Member {
    name: Range<usize>,
    whole: Range<usize>,
}

/// What is no JSON has no members to point to.
fn inside(problem: Problem, pointer: &str) -> Problem {
    match problem.is_unreadable() {
        true => problem,
        false => problem.under(pointer),
    }
}

fn malformed() -> Problem {
    Problem::unreadable("not valid JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> String {
        let mut out = Vec::new();
        write(json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn spellings_of_one_content_are_one_text() {
        let want = r#"{"a":[1.50,9007199254740993],"b":{"c":"é","d":null}}"#;
        assert_eq!(canonical(want), want);
        assert_eq!(
            canonical(
                " { \"b\": {\"d\":null,\n\"c\":\"\\u00e9\"}, \"a\": [ 1.50, 9007199254740993 ] } "
            ),
            want
        );
    }

    #[test]
    fn duplicate_members_names_of_the_parser_and_deep_nesting_are_refused() {
        for (json, pointer) in [
            (r#"{"a":1,"b":2,"a":3}"#, "/a"),
            (r#"{"a":[1,{"b/c":1,"b\u002fc":2}]}"#, "/a/1/b~1c"),
        ] {
            let problem = write(json, &mut Vec::new()).unwrap_err();
            assert_eq!(problem.pointer, pointer, "{json}");
        }
        for json in [
            r#"{"a":{"$serde_json::private::Number":"5"}}"#,
            r#"{"a":{"\u0024serde_json::private::RawValue":"[1]"}}"#,
        ] {
            let problem = write(json, &mut Vec::new()).unwrap_err();
            assert!(problem.pointer.starts_with("/a/$serde_json"), "{problem}");
        }
        let deep = "[".repeat(JSON_DEPTH_MAX + 1) + &"]".repeat(JSON_DEPTH_MAX + 1);
        assert!(write(&deep, &mut Vec::new()).is_err());
    }

    #[test]
    fn what_is_no_json_is_refused_and_never_panics() {
        for json in [
            "", "{", "[1,", "{\"a\"", "\"\\", "{\"a\":}", "[1 2]", "1 2", "{,}",
        ] {
            assert!(write(json, &mut Vec::new()).is_err(), "{json}");
        }
    }
}
