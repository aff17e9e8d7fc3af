//! A file cut into rows, in memory that no row and no file outgrows.

use super::ROW_BYTES_MAX;
use super::scanned::Scanned;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// What is read at once; the header's line is looked at whole before its delimiter is known.
const BUFFER_BYTES: usize = 2 * ROW_BYTES_MAX;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Cuts a file into rows, one after another.
pub(super) struct Scanner<R> {
    source: R,
    buffer: Box<[u8]>,
    /// What of the buffer is not scanned yet.
    left: Range<usize>,
    pub(super) delimiter: u8,
    pub(super) has_byte_order_mark: bool,
    /// Where the next row begins: bytes from the file's beginning, and lines from 1.
    offset: u64,
    line: u64,
    /// A line feed that follows belongs to the carriage return before it.
    after_return: bool,
}

impl<R: Read> Scanner<R> {
    /// Looks at the beginning: byte order mark, blank lines, delimiter.
    pub(super) fn new(source: R) -> io::Result<Self> {
        let mut scanner = Self {
            source,
            buffer: vec![0; BUFFER_BYTES].into(),
            left: 0..0,
            delimiter: b',',
            has_byte_order_mark: false,
            offset: 0,
            line: 1,
            after_return: false,
        };
        while scanner.left.end < BUFFER_BYTES && scanner.read_more()? > 0 {}
        if scanner.unscanned().starts_with(BYTE_ORDER_MARK) {
            scanner.has_byte_order_mark = true;
            scanner.pass(BYTE_ORDER_MARK.len());
        }
        scanner.pass_blank_lines()?;
        scanner.delimiter = delimiter_of(scanner.unscanned());
        Ok(scanner)
    }

    /// The bytes at hand, for a look at how the file begins.
    pub(super) fn unscanned(&self) -> &[u8] {
        &self.buffer[self.left.clone()]
    }

    /// Scans the next row that is no blank line; `false` at the end of the file.
    pub(super) fn next(&mut self, row: &mut Scanned) -> io::Result<bool> {
        self.pass_blank_lines()?;
        if self.left.is_empty() {
            return Ok(false);
        }
        row.begin(self.offset, self.line);
        loop {
            let portion = &self.buffer[self.left.clone()];
            let (used, end) = row.take(portion, self.delimiter, &mut self.line);
            self.pass(used);
            match end {
                Some(end_of_line) => {
                    self.end_line(end_of_line);
                    return Ok(true);
                }
                None if self.fill()? => {}
                None => {
                    row.end_of_file();
                    return Ok(true);
                }
            }
        }
    }

    fn pass_blank_lines(&mut self) -> io::Result<()> {
        while self.fill()? {
            match self.buffer[self.left.start] {
                byte @ (b'\n' | b'\r') => self.end_line(byte),
                _ => {
                    self.after_return = false;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Passes the byte that ends a line: CR, LF, or both.
    fn end_line(&mut self, byte: u8) {
        let is_second_half = byte == b'\n' && self.after_return;
        if !is_second_half {
            self.line += 1;
        }
        self.after_return = byte == b'\r';
        self.pass(1);
    }

    fn pass(&mut self, bytes: usize) {
        self.left.start += bytes;
        self.offset += bytes as u64;
    }

    /// Has something in the buffer, or the file ends.
    fn fill(&mut self) -> io::Result<bool> {
        if !self.left.is_empty() {
            return Ok(true);
        }
        self.left = 0..0;
        Ok(self.read_more()? > 0)
    }

    fn read_more(&mut self) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.buffer[self.left.end..]) {
                Ok(bytes) => {
                    self.left.end += bytes;
                    return Ok(bytes);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Of comma, semicolon and tab the one that stands most often outside quotes in the first line; a
/// comma where there is none.
fn delimiter_of(beginning: &[u8]) -> u8 {
    const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
    let mut counts = [0_usize; 3];
    let mut quoted = false;
    for byte in beginning {
        match *byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            byte if !quoted => {
                for (count, delimiter) in counts.iter_mut().zip(DELIMITERS) {
                    *count += usize::from(byte == delimiter);
                }
            }
            _ => {}
        }
    }
    let most = counts.into_iter().max().unwrap_or(0);
    let first = counts.iter().position(|count| *count == most);
    DELIMITERS[first.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::scanned::Quoting;
    use crate::csv::tests::Trickle;
    use proptest::prelude::*;

    /// Rows as text, each with its line and quoting, however few bytes are read at once.
    fn rows(file: &str) -> Vec<(u64, Vec<String>, Quoting)> {
        let scanned = |portion| {
            let mut scanner = Scanner::new(Trickle::new(file.as_bytes(), portion)).unwrap();
            let mut row = Scanned::default();
            let mut rows = Vec::new();
            while scanner.next(&mut row).unwrap() {
                let cells = row
                    .cells()
                    .map(|cell| String::from_utf8_lossy(cell).into_owned());
                rows.push((row.line, cells.collect(), row.quoting));
            }
            rows
        };
        let at_once = scanned(usize::MAX);
        assert_eq!(scanned(1), at_once);
        at_once
    }

    fn cells(file: &str) -> Vec<Vec<String>> {
        rows(file).into_iter().map(|(_, cells, _)| cells).collect()
    }

    #[test]
    fn ends_of_lines_are_lf_crlf_or_cr_and_blank_lines_are_no_rows() {
        let want = [["a", "b"], ["c", "d"]];
        for file in [
            "a,b\nc,d",
            "a,b\nc,d\n",
            "a,b\r\nc,d\r\n",
            "a,b\rc,d\r",
            "\u{feff}a,b\r\n\r\nc,d\n\n",
            "\n\r\na,b\n\n\nc,d",
        ] {
            assert_eq!(cells(file), want, "{file:?}");
        }
        assert!(cells("").is_empty());
        assert!(cells("\u{feff}\r\n\n").is_empty());
    }

    #[test]
    fn quotes_hold_delimiters_lines_and_quotes() {
        assert_eq!(
            cells("\"a,\"\"b\"\"\",\"c\nd\"\r\n,\"\"\n"),
            [["a,\"b\"", "c\nd"], ["", ""]]
        );
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let file = "h,i\r\n\r\n\"a\r\nb\",c\rd,e\nf,g\n";
        let lines: Vec<u64> = rows(file).into_iter().map(|(line, ..)| line).collect();
        assert_eq!(lines, [1, 3, 5, 6]);
    }

    #[test]
    fn the_delimiter_is_the_one_that_the_first_line_has() {
        for (file, want) in [
            ("a,b;c,d\n", b','),
            ("a;b;c,d\n1,2,3,4\n", b';'),
            ("\"a,b,c\";d\n", b';'),
            ("a\tb\n", b'\t'),
            ("a\n;;;\n", b','),
            ("\n\na;b", b';'),
        ] {
            assert_eq!(
                Scanner::new(file.as_bytes()).unwrap().delimiter,
                want,
                "{file:?}"
            );
        }
    }

    #[test]
    fn quoting_says_how_far_it_can_be_trusted() {
        for (row, want) in [
            ("5\" pipe,b", Quoting::Stray),
            ("\"a\"b,c", Quoting::Broken),
            ("\"a\" ,c", Quoting::Broken),
            ("\"a\nb\"c,d", Quoting::Lost),
            ("\"a,b", Quoting::Lost),
            ("\"a\"", Quoting::Sound),
        ] {
            assert_eq!(rows(&format!("x,y\n{row}"))[1].2, want, "{row:?}");
        }
    }

    #[test]
    fn a_row_may_have_so_many_bytes_and_no_more() {
        let lengths = |bytes: usize| {
            let file = format!("a,b\n\"{}\",c\nd,e\n", "x".repeat(bytes - 4));
            let mut scanner = Scanner::new(file.as_bytes()).unwrap();
            let mut row = Scanned::default();
            let mut found = Vec::new();
            while scanner.next(&mut row).unwrap() {
                let held = row.raw.len() + row.text.len() + row.ends.len();
                assert!(held < 2 * BUFFER_BYTES, "{held} bytes of {bytes} are held");
                found.push((row.is_too_long, row.raw.len()));
            }
            found
        };
        let most = ROW_BYTES_MAX;
        assert_eq!(lengths(most), [(false, 3), (false, most), (false, 3)]);
        let longer = lengths(most + 1);
        assert_eq!((longer[1].0, longer[2]), (true, (false, 3)));
        assert!(lengths(20 * most)[1].0);
    }

    proptest! {
        /// What another library writes is read as it was meant.
        #[test]
        fn rows_that_another_library_writes_are_read(
            rows in proptest::collection::vec(
                proptest::collection::vec("[ab\"',;\t\r\n é]{0,5}", 3), 1..6),
        ) {
            let mut writer = ::csv::Writer::from_writer(Vec::new());
            writer.write_record(["h", "i", "j"]).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let file = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(&cells(&file)[1..], rows);
        }

        #[test]
        fn no_bytes_make_it_fail(file in "[ab\"',\r\n]{0,40}") {
            rows(&file);
        }
    }
}
