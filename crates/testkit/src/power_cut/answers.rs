//! HTTP answers in a recording.

use crate::power_cut::{Operation, Recording};
use std::collections::HashMap;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The body of every successful answer that left whole, with the number of operations up to its
/// last byte.
pub fn answers(recording: &Recording) -> Vec<(usize, Vec<u8>)> {
    let mut connections: HashMap<u64, Vec<u8>> = HashMap::new();
    let mut answers = Vec::new();
    for (index, operation) in recording.operations.iter().enumerate() {
        let Operation::Answer { connection, data } = operation else {
            continue;
        };
        let data = recording.data(data);
        let sent = connections.entry(*connection).or_default();
        if data.starts_with(b"HTTP/1.1 ") {
            sent.clear();
        }
        sent.extend_from_slice(data);
        if let Some(body) = whole_body(sent) {
            answers.push((index + 1, body.to_vec()));
        }
    }
    answers
}

/// The body of an answer that says success, once all of it is there.
fn whole_body(sent: &[u8]) -> Option<&[u8]> {
    let head = sent
        .windows(END_OF_HEAD.len())
        .position(|window| window == END_OF_HEAD)?;
    let body = &sent[head + END_OF_HEAD.len()..];
    let head = std::str::from_utf8(&sent[..head]).ok()?;
    let mut lines = head.lines();
    lines.next()?.strip_prefix("HTTP/1.1 2")?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    })?;
    (body.len() == length).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::whole_body;

    #[test]
    fn only_a_whole_success_counts() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole_body(answer), Some(&b"{}"[..]));
        assert_eq!(whole_body(&answer[..answer.len() - 1]), None);
        assert_eq!(
            whole_body(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n"),
            None
        );
    }
}
