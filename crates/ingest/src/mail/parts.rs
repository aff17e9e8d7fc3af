//! A message's parts: its text, and what is attached to it.
//!
//! Transfer encodings are undone here and not by the parser, which would look for messages within
//! what it has decoded, and go as deep into them as their sender likes. So all of a message's
//! nesting stands in its own bytes, where it can be counted before it is parsed.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;
use std::sync::LazyLock;
use touchbook_events::Problem;

/// Parts that say what they are, nested ones included. The parser's stack takes some 200 bytes for
/// each message within a message, and none is without this header, or its container's.
const TYPED_PARTS_MAX: usize = 1_000;

const CONTENT_TYPE: &[u8] = b"content-type";

/// An encoding that it can't read as text is one that it leaves alone.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_minimal_headers()
        .with_message_ids()
        .header_content_type(HeaderName::ContentTransferEncoding)
        .default_header_ignore()
});

/// # Errors
/// For what is no message, and for more parts than anybody sends.
pub(super) fn parse(message: &[u8]) -> Result<Message<'_>, Problem> {
    if typed_parts(message) > TYPED_PARTS_MAX {
        let detail = format!("a message has at most {TYPED_PARTS_MAX} parts with a type");
        return Err(Problem::new("too_many_parts", "/content-type", detail));
    }
    let parsed = PARSER.parse(message);
    parsed.ok_or_else(|| Problem::unreadable("not an e-mail message"))
}

/// How often the header's name stands in `message`, in any case, and with spaces within it, as the
/// parser takes it.
fn typed_parts(message: &[u8]) -> usize {
    let (mut count, mut matched) = (0, 0);
    for byte in message {
        let byte = byte.to_ascii_lowercase();
        if byte.is_ascii_whitespace() && byte != b'\n' {
            continue;
        }
        // Its first letter stands nowhere else in it, so a match begins anew there alone.
        matched = match byte == CONTENT_TYPE[matched] {
            true => matched + 1,
            false => usize::from(byte == CONTENT_TYPE[0]),
        };
        if matched == CONTENT_TYPE.len() {
            (count, matched) = (count + 1, 0);
        }
    }
    count
}

/// The text of all parts that are shown; HTML is turned to text, and what nobody sees is left out.
pub(super) fn text(message: &Message<'_>) -> Option<String> {
    let parts: Vec<String> = message
        .text_bodies()
        .filter_map(|part| part_text(message, part))
        .collect();
    (!parts.is_empty()).then(|| {
        let is_seen = |one: &char| !one.is_control() || matches!(one, '\t' | '\n' | '\r');
        parts.join("\n").chars().filter(is_seen).collect()
    })
}

fn part_text(message: &Message<'_>, part: &MessagePart<'_>) -> Option<String> {
    let is_html = match part.body {
        PartType::Text(_) => false,
        PartType::Html(_) => true,
        _ => return None,
    };
    let bytes = decoded(message, part);
    let charset = part
        .content_type()
        .and_then(|kind| kind.attribute("charset"));
    let text = match charset.and_then(|charset| charset_decoder(charset.as_bytes())) {
        Some(decoder) => decoder(&bytes),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    };
    Some(match is_html {
        true => html_to_text(&text),
        false => text,
    })
}

enum Encoding {
    Base64,
    QuotedPrintable,
    None,
}

fn encoding(part: &MessagePart<'_>) -> Encoding {
    let mut headers = part.headers.iter().rev();
    let header = headers.find(|header| header.name == HeaderName::ContentTransferEncoding);
    let name = header.and_then(|header| header.value.as_content_type());
    match name.map(|name| name.ctype()) {
        Some(name) if name.eq_ignore_ascii_case("base64") => Encoding::Base64,
        Some(name) if name.eq_ignore_ascii_case("quoted-printable") => Encoding::QuotedPrintable,
        _ => Encoding::None,
    }
}

fn raw<'a>(message: &'a Message<'_>, part: &MessagePart<'_>) -> &'a [u8] {
    let range = part.offset_body as usize..part.offset_end as usize;
    message.raw_message.get(range).unwrap_or_default()
}

/// What can't be decoded is shown as it stands.
fn decoded<'a>(message: &'a Message<'_>, part: &MessagePart<'_>) -> Cow<'a, [u8]> {
    let raw = raw(message, part);
    let decoded = match encoding(part) {
        Encoding::Base64 => base64_decode(raw),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::None => None,
    };
    decoded.map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// How large a part is, once decoded.
pub(super) fn bytes(message: &Message<'_>, part: &MessagePart<'_>) -> u64 {
    let raw = raw(message, part);
    let count = match encoding(part) {
        // Four digits are three bytes; line ends and padding are none.
        Encoding::Base64 => {
            let is_digit = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
            raw.iter().filter(is_digit).count() * 3 / 4
        }
        Encoding::QuotedPrintable => decoded(message, part).len(),
        Encoding::None => raw.len(),
    };
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_however_their_header_is_spelt() {
        for (message, count) in [
            ("", 0),
            ("Content-Type: text/plain", 1),
            ("content-type:CONTENT-TYPE:", 2),
            ("Con tent\t-\rType :", 1),
            ("Con\ntent-Type:", 0),
            ("ccontent-type: conconten-type", 1),
            ("contentcontent-type", 1),
        ] {
            assert_eq!(typed_parts(message.as_bytes()), count, "{message:?}");
        }
    }

    /// A stack has an end, and a thread without one takes the whole service with it.
    #[test]
    fn messages_within_messages_end_somewhere() {
        let within = |levels: usize| "Content-Type: message/rfc822\n\n".repeat(levels);
        assert!(parse(within(TYPED_PARTS_MAX).as_bytes()).is_ok());
        let problem = parse(within(TYPED_PARTS_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(problem.code, "too_many_parts");
        let digest = "C ontent-Type: multipart/digest; boundary=b\n\n--b\n\n";
        assert!(parse(digest.repeat(100_000).as_bytes()).is_err());
    }

    /// What is hidden in base64 is a file like any other.
    #[test]
    fn an_encoded_message_is_not_looked_into() {
        use base64::Engine;
        let within = "Content-Type: message/rfc822\n\n".repeat(50_000);
        let encoded = base64::engine::general_purpose::STANDARD.encode(&within);
        let message = format!(
            "From: a@b.example\nContent-Type: message/rfc822\n\
             Content-Transfer-Encoding: base64\n\n{encoded}\n"
        );
        let parsed = parse(message.as_bytes()).unwrap();
        assert_eq!(parsed.attachment_count(), 1);
        assert_eq!(
            bytes(&parsed, parsed.attachment(0).unwrap()),
            within.len() as u64
        );
    }
}
