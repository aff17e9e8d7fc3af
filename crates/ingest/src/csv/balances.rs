//! Which customers of one file have a balance, and which history (C17).

use super::cell_error::CellError;
use super::row::Row;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use touchbook_events::TenantKey;

const REFUSED: &str = "the file has both totals and history of this customer, which would count it \
                       twice; leave one out, or import with excludes_history=true if the totals \
                       leave the history out";

/// Bits of a digest that say what was seen of whom, in place of the digest's own.
const BALANCE: u128 = 1;
const HISTORY: u128 = 2;
const SEEN: u128 = BALANCE | HISTORY;

/// Remembers for each identifier whether totals or history came with it: 16 bytes an identifier,
/// and a third more for the table.
///
/// Both kinds of rows are refused where one customer has both. So a file is read twice: all of its
/// rows are [noted](Self::note) before the first is [checked](Self::conflict). Two rows are one
/// customer's if they share an identifier; who else is the same is not known here.
pub struct Balances<'a> {
    key: &'a TenantKey,
    seen: HashTable<u128>,
}

impl<'a> Balances<'a> {
    pub fn new(key: &'a TenantKey) -> Self {
        Self {
            key,
            seen: HashTable::new(),
        }
    }

    pub fn note(&mut self, row: &Row) {
        let kinds = kinds(row);
        if kinds == 0 {
            return;
        }
        for digest in digests(self.key, row) {
            let is_same = |other: &u128| other & !SEEN == digest;
            match self.seen.entry(hash(digest), is_same, |other| hash(*other)) {
                Entry::Occupied(mut seen) => *seen.get_mut() |= kinds,
                Entry::Vacant(free) => {
                    free.insert(digest | kinds);
                }
            }
        }
    }

    /// How many identifiers it remembers.
    pub fn identifiers(&self) -> usize {
        self.seen.len()
    }

    /// What is wrong with a row that has totals or history, if its customer has both in this file.
    pub fn conflict(&self, row: &Row) -> Option<CellError> {
        let mut seen = digests(self.key, row).filter_map(|digest| {
            let is_same = |other: &u128| other & !SEEN == digest;
            self.seen
                .find(hash(digest), is_same)
                .map(|seen| seen & SEEN)
        });
        let has_both = kinds(row) != 0 && seen.any(|seen| seen == SEEN);
        has_both.then(|| CellError::of_row((row.row, row.line), REFUSED))
    }
}

fn kinds(row: &Row) -> u128 {
    let balance = if row.agent.says_nothing() { 0 } else { BALANCE };
    let history = if row.history.is_some() { HISTORY } else { 0 };
    balance | history
}

fn digests<'r>(key: &'r TenantKey, row: &'r Row) -> impl Iterator<Item = u128> + 'r {
    row.identifiers.iter().map(|identifier| {
        let (kind, value) = (identifier.kind.as_str(), identifier.value.as_str());
        let parts = [kind.as_bytes(), value.as_bytes()];
        key.digest_parts("import reference", &parts).as_u128() & !SEEN
    })
}

/// Digests are uniformly random: any eight bytes of them, but for the lowest, are a hash.
fn hash(digest: u128) -> u64 {
    (digest >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::tests::rows_of;

    fn refused(file: &str) -> Vec<u64> {
        let key = TenantKey::from_salt(b"salt");
        let rows: Vec<Row> = rows_of(file).into_iter().map(Result::unwrap).collect();
        let mut balances = Balances::new(&key);
        rows.iter().for_each(|row| balances.note(row));
        let refused = rows.iter().filter_map(|row| balances.conflict(row));
        refused.map(|error| error.row).collect()
    }

    const HEADER: &str = "External_ID,Email,Total_Agent_Calls,Interaction_Type,Interaction_Date\n";

    /// C17.
    #[test]
    fn totals_and_history_of_one_customer_are_both_refused() {
        let file = format!(
            "{HEADER}\
             1,a@x.org,3,,\n\
             2,b@x.org,4,,\n\
             ,A@X.org,,call,2024-01-15\n\
             1,,,email,2024-01-16\n\
             3,c@x.org,,call,2024-01-17\n\
             1,a@x.org,,,\n"
        );
        assert_eq!(refused(&file), [1, 3, 4]);
    }

    #[test]
    fn only_identifiers_that_matter_are_remembered() {
        let key = TenantKey::from_salt(b"salt");
        let mut balances = Balances::new(&key);
        let file = format!("{HEADER}1,a@x.org,3,,\n1,,4,,\n2,b@x.org,,,\n");
        for row in rows_of(&file) {
            balances.note(&row.unwrap());
        }
        assert_eq!(balances.identifiers(), 2);
    }

    #[test]
    fn both_in_one_row_are_refused() {
        assert_eq!(refused(&format!("{HEADER}1,,3,call,2024-01-15\n")), [1]);
    }

    #[test]
    fn many_rows_of_one_kind_are_taken() {
        let file = format!("{HEADER}1,,3,,\n1,,4,,\n2,,,call,2024-01-15\n2,,,sms,2024-01-15\n");
        assert!(refused(&file).is_empty());
    }
}
