//! Who the demo's customers are.

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

const FIRST: [&str; 40] = [
    "Amelia", "Thabo", "Jonas", "Priya", "Lucas", "Sofia", "Daniel", "Naledi", "Emma", "Mateo",
    "Hannah", "Kwame", "Olivia", "Noah", "Zanele", "Elias", "Chloe", "Arjun", "Mia", "Pieter",
    "Grace", "Samuel", "Leila", "Oscar", "Ines", "Tomas", "Ruby", "Anton", "Clara", "David",
    "Yara", "Felix", "Nora", "Hugo", "Alice", "Marco", "Lerato", "Simon", "Ella", "Victor",
];
const LAST: [&str; 40] = [
    "Smith", "Nkosi", "Weber", "Patel", "Martin", "Rossi", "Cohen", "Dlamini", "Brown", "Garcia",
    "Fischer", "Mensah", "Taylor", "Novak", "Botha", "Larsen", "Dubois", "Sharma", "Jones",
    "Visser", "Walker", "Moreau", "Haddad", "Lind", "Silva", "Kovac", "Evans", "Petrov", "Becker",
    "Levy", "Khan", "Schmidt", "Berg", "Laurent", "Clark", "Ricci", "Mokoena", "Roy", "Young",
    "Horvat",
];
const COMPANIES: [&str; 16] = [
    "Northwind Audio",
    "Table Mountain Tours",
    "Harbour Dental",
    "Weber & Sohn",
    "Blue Crane Events",
    "Maple Street Books",
    "Ostrava Metals",
    "Sunbird Lodge",
    "Atelier Laurent",
    "Kite Logistics",
    "Green Acre Farms",
    "Pixel & Paper",
    "Old Mill Brewery",
    "Lindgren Arkitekter",
    "Rossi Ceramics",
    "Harvest Bakery",
];
/// Area codes with numbers that nobody has: 555-0100 to 555-0199 of each are kept for fiction.
const AREA_CODES: [u32; 6] = [202, 212, 303, 415, 512, 617];
const CURRENCIES: [&str; 4] = ["USD", "EUR", "GBP", "ZAR"];
const PLATFORMS: [&str; 3] = ["instagram", "facebook", "x"];

/// A customer that exists nowhere.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) first: &'static str,
    pub(super) company: Option<&'static str>,
    pub(super) external_id: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) platform: &'static str,
    pub(super) handle: String,
    pub(super) currency: &'static str,
}

/// `count` people, no two with a name in common.
pub(super) fn people(rng: &mut StdRng, count: usize) -> Vec<Person> {
    // Names are taken from the square of both lists at a stride that meets each pair once.
    let offset = rng.random_range(0..FIRST.len() * LAST.len());
    (0..count)
        .map(|number| person(rng, number, offset))
        .collect()
}

fn person(rng: &mut StdRng, number: usize, offset: usize) -> Person {
    let place = (offset + number * 41) % (FIRST.len() * LAST.len());
    let (first, last) = (FIRST[place % FIRST.len()], LAST[place / FIRST.len()]);
    let login = format!("{}.{}", first.to_lowercase(), last.to_lowercase());
    let area = AREA_CODES[number / 100 % AREA_CODES.len()];
    Person {
        name: format!("{first} {last}"),
        first,
        company: rng
            .random_bool(0.3)
            .then(|| COMPANIES[rng.random_range(0..COMPANIES.len())]),
        external_id: format!("shop:{}", 10_001 + number),
        email: format!("{login}@example.com"),
        phone: format!("+1{area}55501{:02}", number % 100),
        platform: PLATFORMS[rng.random_range(0..PLATFORMS.len())],
        handle: login.replace('.', "_"),
        currency: CURRENCIES[rng.random_range(0..CURRENCIES.len())],
    }
}

impl Person {
    /// As a shop knows its customer.
    pub(super) fn by_account(&self) -> Value {
        json!({
            "external_id": self.external_id,
            "email": self.email,
            "phone": self.phone,
            "name": self.name,
        })
    }

    /// Under everything that ever names it.
    pub(super) fn by_everything(&self) -> Value {
        let mut named = self.by_account();
        named["handle"] = Value::from(format!("{}:{}", self.platform, self.handle));
        named
    }

    pub(super) fn by_email(&self) -> Value {
        json!({ "email": self.email, "name": self.name })
    }

    pub(super) fn by_phone(&self) -> Value {
        json!({ "phone": self.phone })
    }

    pub(super) fn by_handle(&self) -> Value {
        json!({ "handle": format!("{}:{}", self.platform, self.handle) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_people_share_a_name_or_a_number() {
        let people = people(&mut StdRng::seed_from_u64(7), 600);
        let emails: BTreeSet<_> = people.iter().map(|person| &person.email).collect();
        let phones: BTreeSet<_> = people.iter().map(|person| &person.phone).collect();
        assert_eq!((emails.len(), phones.len()), (600, 600));
    }
}
