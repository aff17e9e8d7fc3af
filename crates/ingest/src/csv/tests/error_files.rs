//! Rows that failed, corrected and imported again.

use super::rows_of;
use crate::csv::{ErrorFile, ROW_BYTES_MAX, Reader};
use touchbook_events::Policies;

/// The error file of an import.
fn errors_of(file: &[u8]) -> Vec<u8> {
    let mut reader = Reader::open(file).unwrap();
    let mut errors = ErrorFile::new(Vec::new(), reader.header()).unwrap();
    let policies = Policies::default();
    while let Some(raw) = reader.next_row().unwrap() {
        if let Err(found) = raw.read(&policies) {
            errors.write(&raw, &found).unwrap();
        }
    }
    errors.into_inner()
}

#[test]
fn failed_rows_stand_as_they_were_with_what_was_wrong() {
    let file = "\u{feff}Email;\"Full; Name\";Total Agent Calls\r\n\
                a@x.org;A;1\r\n\
                b@x.org;\"B \"\"the\nbest\"\"\";-1\r\n\
                c@x.org;'=C;x\r\n";
    let errors = String::from_utf8(errors_of(file.as_bytes())).unwrap();
    assert_eq!(
        errors,
        "\u{feff}Email;\"Full; Name\";Total Agent Calls;Import_Errors\n\
         b@x.org;\"B \"\"the\nbest\"\"\";-1;\"Total Agent Calls is `-1`: a whole number from 0 on; \
         empty = not known\"\n\
         c@x.org;'=C;x;\"Total Agent Calls is `x`: a whole number from 0 on; empty = not known\"\n"
    );
    let corrected = errors.replace(";-1;", ";1;").replace(";x;", ";2;");
    let rows: Vec<_> = rows_of(&corrected)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].agent.calls, Some(1));
    assert_eq!(&*rows[1].custom_fields[0].1, "=C");
    assert!(
        rows.iter().all(|row| row.custom_fields.len() == 1),
        "errors are no field"
    );
}

#[test]
fn what_is_not_corrected_fails_again_and_has_its_errors_once() {
    let mut file = b"Email,Name,Colour\n\
        a@x.org,A\n\
        b@x.org,B,C,D\n\
        nobody,N,\n\
        c@x.org,\"C \"C\" C\",\n\
        d@x.org,M\xfcller,blue\n"
        .to_vec();
    file.extend(b"e@x.org,\"");
    file.extend(vec![b'x'; ROW_BYTES_MAX]);
    file.extend(b"\",\n");
    let first = errors_of(&file);
    let again = errors_of(&first);
    let failed = |file: &[u8]| rows_of(file).iter().filter(|row| row.is_err()).count();
    assert_eq!((failed(&file), failed(&first), failed(&again)), (6, 6, 6));
    let header = |file: &[u8]| file.split(|byte| *byte == b'\n').next().unwrap().to_vec();
    assert_eq!(header(&first), b"Email,Name,Colour,Import_Errors");
    assert_eq!(header(&again), header(&first));
    let has = |part: &[u8]| first.windows(part.len()).any(|window| window == part);
    assert!(has(b"M\xfcller"), "bytes stay as they were");
    assert!(
        has(b"\"c@x.org,\"\"C \"\"C\"\" C\"\",\""),
        "a broken row is kept whole"
    );
}

#[test]
fn a_missing_cell_is_never_made_up_for_by_the_errors() {
    let first = errors_of(b"Email,Name,Import_Errors\na@x.org,A\n");
    assert!(
        rows_of(&first)[0].is_err(),
        "{}",
        String::from_utf8_lossy(&first)
    );
    let corrected = b"Email,Name,Import_Errors\na@x.org,A,whatever\n";
    assert!(rows_of(corrected)[0].is_ok());
}
