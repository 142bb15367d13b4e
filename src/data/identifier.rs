//! What identifiers are called, what a value of one looks like, and how often values of one repeat.
//! Whether a column's values are those of one is for those who know all of them.

/// Last words of the names of identifiers, whatever stands before them.
const MARKS: [&str; 7] = ["id", "uuid", "guid", "key", "no", "nr", "number"];
/// Last words that mark an identifier only behind what a row can be about: `customer_code`, but not
/// `zip_code`.
const WEAK_MARKS: [&str; 8] = [
    "num", "nummer", "numero", "code", "ref", "hash", "name", "email",
];
/// Words between what is identified and the mark, which say where the identifier is from.
const QUALIFIERS: [&str; 10] = [
    "external",
    "internal",
    "global",
    "unique",
    "hash",
    "hashed",
    "masked",
    "anonymized",
    "anonymised",
    "crm",
];
/// What a row of churn data can be about, as names of columns say it, also in other languages. What
/// many customers share (product, plan, store, region, agent, campaign) is not among them.
const SUBJECTS: [&str; 75] = [
    "customer",
    "cust",
    "client",
    "user",
    "usr",
    "subscriber",
    "member",
    "person",
    "patient",
    "consumer",
    "buyer",
    "shopper",
    "guest",
    "visitor",
    "player",
    "student",
    "learner",
    "employee",
    "emp",
    "cardholder",
    "policyholder",
    "insured",
    "borrower",
    "donor",
    "tenant",
    "applicant",
    "lead",
    "prospect",
    "contact",
    "resident",
    "passenger",
    "rider",
    "driver",
    "household",
    "party",
    "individual",
    "participant",
    "respondent",
    "viewer",
    "listener",
    "reader",
    "account",
    "acct",
    "contract",
    "subscription",
    "membership",
    "policy",
    "loan",
    "mortgage",
    "card",
    "wallet",
    "profile",
    "sim",
    "device",
    "phone",
    "mobile",
    "telephone",
    "meter",
    "vehicle",
    "cookie",
    "kunde",
    "kunden",
    "nutzer",
    "benutzer",
    "mitglied",
    "mitglieds",
    "teilnehmer",
    "vertrag",
    "vertrags",
    "konto",
    "cliente",
    "usuario",
    "utilisateur",
    "klant",
    "klient",
];
/// What one customer has many of. Their numbers may just count: `order_no` 1, 2, 3 of a customer.
const EVENTS: [&str; 12] = [
    "order",
    "invoice",
    "transaction",
    "txn",
    "session",
    "request",
    "ticket",
    "claim",
    "booking",
    "reservation",
    "visit",
    "call",
];
/// Whole names, without a mark, of those whom rows are about.
const BARE: [&str; 22] = [
    "customer",
    "client",
    "user",
    "subscriber",
    "member",
    "account",
    "person",
    "patient",
    "household",
    "kunde",
    "cliente",
    "usuario",
    "klant",
    "klient",
    "email",
    "msisdn",
    "imsi",
    "imei",
    "iccid",
    "ssn",
    "iban",
    "pk",
];

/// Fewest distinct values of a group key whose name says so with a mark: a column of fewer may be
/// one of tenants or brands, which are categories.
const FEWEST_MARKED: f64 = 20.0;
/// Fewest rows with a value: that those of fewer differ or repeat may be chance.
const FEWEST_ROWS: u64 = 50;
/// Fewest without a mark: `account` may hold a dozen kinds of accounts.
const FEWEST_BARE: f64 = 50.0;
/// Most rows of a value for each distinct value: twenty clients of 1,000 rows each are a category,
/// 1,000 customers of 12 months are not; a year of days is one from 37 customers up.
const MOST_ROWS_EACH: f64 = 10.0;
/// Most rows of the most frequent value, in even shares. A count called `user` has many small
/// values; no customer has that many more rows than others.
const MOST_UNEVEN: f64 = 10.0;

/// What the name of a column claims that it identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identified {
    /// A customer, an account or an order, with a mark: `customer_id`, `accountNo`, `id`.
    Subject,
    /// The same without a mark: `customer`, `msisdn`.
    BareSubject,
    /// Something else, be it shared by many customers: `product_id`, `loc_key`.
    Other,
    /// A row of a table, as writers name the index of a frame.
    Row,
}

/// How often the values of a column repeat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeats {
    /// Rows with a value.
    pub present: u64,
    /// Distinct values, estimated where there are many.
    pub distinct: f64,
    /// Rows of the most frequent value, where it is known.
    pub largest: Option<u64>,
}

impl Repeats {
    /// Returns whether a column of this name is a group key: its name says that it tells whom a row
    /// is about, and there are many of them with few rows each. Texts and whole numbers only; that is
    /// for the caller to know.
    #[must_use]
    pub fn are_of_a_group_key(self, name: &str) -> bool {
        let fewest = match identified(name) {
            Some(Identified::Subject) => FEWEST_MARKED,
            Some(Identified::BareSubject) => FEWEST_BARE,
            Some(Identified::Other | Identified::Row) | None => return false,
        };
        let rows_each = self.present as f64 / self.distinct.max(1.0);
        let is_even = || {
            self.largest
                .is_none_or(|largest| largest as f64 <= MOST_UNEVEN * rows_each.max(1.0))
        };
        self.present >= FEWEST_ROWS
            && self.distinct >= fewest
            && rows_each <= MOST_ROWS_EACH * self.distinct
            && (fewest < FEWEST_BARE || is_even())
    }
}

/// Returns what a column identifies by its name, if anything.
#[must_use]
pub fn identified(name: &str) -> Option<Identified> {
    if named_like_an_index(name) {
        return Some(Identified::Row);
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (last, mut before) = words.split_last()?;
    if before.is_empty() {
        return of_one_word(last);
    }
    while let [rest @ .., word] = before
        && QUALIFIERS.contains(word)
    {
        before = rest;
    }
    let noun = before.last().copied();
    let is_among = |nouns: &[&str]| noun.is_some_and(|noun| nouns.contains(&noun));
    let is_marked = MARKS.contains(last);
    let counts = matches!(*last, "no" | "nr" | "number");
    if (is_marked || WEAK_MARKS.contains(last)) && is_among(&SUBJECTS)
        || is_marked && !counts && is_among(&EVENTS)
        // `id_cliente`.
        || words[0] == "id" && SUBJECTS.contains(last)
    {
        return Some(Identified::Subject);
    }
    is_marked.then_some(Identified::Other)
}

/// What a name of a single word identifies: `id`, `customerid`, `msisdn`.
fn of_one_word(word: &str) -> Option<Identified> {
    if matches!(word, "id" | "uuid" | "guid" | "rowid") {
        return Some(Identified::Subject);
    }
    if BARE.contains(&word) {
        return Some(Identified::BareSubject);
    }
    let is_of = |mark: &&str, nouns: &[&str]| {
        let noun = word.strip_suffix(*mark);
        noun.is_some_and(|noun| nouns.contains(&noun))
    };
    let mut marks = MARKS.iter().chain(&WEAK_MARKS);
    if marks.any(|mark| is_of(mark, &SUBJECTS)) || is_of(&"id", &EVENTS) {
        return Some(Identified::Subject);
    }
    let is_other = word.ends_with("uuid") || word.ends_with("guid");
    is_other.then_some(Identified::Other)
}

/// The words of a name in lower case, as `customer_id`, `customerId`, `CustomerID` and
/// `Customer Id` divide them.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (at, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let is_upper = |at: usize| letters.get(at).is_some_and(|letter| letter.is_uppercase());
        let is_lower = |at: usize| letters.get(at).is_some_and(|letter| letter.is_lowercase());
        let begins = is_upper(at) && at > 0 && (!is_upper(at - 1) || is_lower(at + 1));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns whether a column is named like an identifier: `customer_id`, `userId`, `customer_no`,
/// or as writers name the index of a frame.
#[must_use]
pub fn named_like_an_id(name: &str) -> bool {
    identified(name).is_some()
}

/// Returns whether a column is named as writers name the index of a frame: pandas leaves the first
/// name of a CSV file empty, reads such a file with `Unnamed: 0`, and writes `__index_level_0__`
/// into Parquet; `reset_index` makes `index` and `level_0`; R writes `rownames`.
#[must_use]
pub fn named_like_an_index(name: &str) -> bool {
    matches!(name, "unnamed_1" | "index" | "rownames" | "row_names")
        || name.starts_with("Unnamed: 0")
        || name
            .strip_prefix("level_")
            .is_some_and(|rest| rest.len() == 1)
        || name.starts_with("__index_level_")
}

/// Returns whether a text is of the form of an identifier: a code with digits, without blanks
/// (`7590-VHVEG`, `C00001`, a UUID, a hash), or an e-mail address.
#[must_use]
pub fn shaped_like_an_id(text: &str) -> bool {
    let code = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:./#+@".contains(&byte);
    let is_code = (3..=64).contains(&text.len())
        && text.bytes().all(code)
        && text.bytes().any(|byte| byte.is_ascii_digit());
    let is_address = text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    is_code || is_address && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns whether a text starts with digits, is digits for a good part, with letters or signs between
/// them, and is not a phone number: what was measured, in a form that nobody reads (`12h 30m`, `5'11"`).
/// A number after a word is the name of a thing (`Ticket 4711`).
#[must_use]
pub fn looks_measured(text: &str) -> bool {
    let written = text.chars().filter(|c| !c.is_whitespace());
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_of_phone = |c: char| c.is_ascii_digit() || " +()-/.".contains(c);
    let mut letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.next().is_some_and(|first| first.is_ascii_digit())
        && digits * 3 >= written.count()
        && !text.chars().all(is_of_phone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_identifiers_are_told_from_others() {
        for name in [
            "id",
            "ID",
            "customer_id",
            "userId",
            "customerID",
            "account_no",
            "phone_number",
            "Unnamed: 0",
            "unnamed_1",
            "__index_level_0__",
            "index",
            "msisdn",
            "kundennummer",
            "session-id",
        ] {
            assert!(named_like_an_id(name), "{name}");
        }
        for name in [
            "paid",
            "humid",
            "nonpaid",
            "piano",
            "tenure",
            "number_of_calls",
            "android",
            "unnamed_3",
            "price_index",
            "level_of_service",
            "PAID",
            "zip_code",
            "product_name",
            "customer_type",
            "users",
        ] {
            assert!(!named_like_an_id(name), "{name}");
        }
    }

    #[test]
    fn names_say_what_they_identify() {
        for name in [
            "id",
            "customer_id",
            "CustomerID",
            "customerNumber",
            "Customer ID",
            "CUSTOMER_ID",
            "customerid",
            "account_no",
            "acctno",
            "user_uuid",
            "client_external_id",
            "billing_account_id",
            "customer.id",
            "id_cliente",
            "Kundennummer",
            "subscriber_key",
            "account_name",
            "order_id",
        ] {
            assert_eq!(identified(name), Some(Identified::Subject), "{name}");
        }
        for name in ["customer", "User", "msisdn", "IMEI", "member", "account"] {
            assert_eq!(identified(name), Some(Identified::BareSubject), "{name}");
        }
        // What many customers share, and what may count.
        for name in [
            "product_id",
            "plan_id",
            "region_id",
            "store_id",
            "cell_id",
            "storeId",
            "agent_no",
            "customer_type_id",
            "account_manager_id",
            "user_group_id",
            "order_no",
            "visit_number",
        ] {
            assert_eq!(identified(name), Some(Identified::Other), "{name}");
        }
        for name in [
            "zip",
            "zip_code",
            "number_of_users",
            "user_count",
            "account_balance",
            "customer_since",
            "account_type",
            "grid",
            "valid",
            "piano",
        ] {
            assert_eq!(identified(name), None, "{name}");
        }
    }

    #[test]
    fn a_group_key_has_a_name_and_many_values_of_few_rows_each() {
        let is_key = |name: &str, distinct: u32, rows_each: u64, uneven: u64| {
            let distinct_rows = u64::from(distinct) * rows_each;
            Repeats {
                present: distinct_rows,
                distinct: f64::from(distinct),
                largest: Some(rows_each * uneven),
            }
            .are_of_a_group_key(name)
        };
        // 1,000 customers by month, 30 by month, 40 by day; a default id in many rows changes nothing.
        assert!(is_key("customer_id", 1_000, 12, 1));
        assert!(is_key("customer_id", 30, 12, 1));
        assert!(is_key("customer_id", 40, 365, 1));
        assert!(is_key("customer_id", 1_000, 12, 100));
        assert!(is_key("user", 1_000, 12, 2));
        // Twenty tenants, kinds of accounts, seats.
        assert!(!is_key("client_id", 20, 1_000, 1));
        assert!(!is_key("account", 12, 30, 1));
        assert!(!is_key("user", 60, 50, 15));
        // Shared by many customers, however many there are.
        assert!(!is_key("store_id", 1_000, 12, 1));
        assert!(!is_key("zip", 1_000, 12, 1));
    }

    #[test]
    fn codes_and_addresses_are_told_from_prose() {
        for text in [
            "7590-VHVEG",
            "C00001",
            "123e4567-e89b-12d3-a456-426614174000",
            "jane.doe@example.com",
        ] {
            assert!(shaped_like_an_id(text), "{text}");
        }
        for text in [
            "John Smith",
            "called twice on 3 days",
            "gold",
            "a",
            "2x",
            "",
        ] {
            assert!(!shaped_like_an_id(text), "{text}");
        }
    }

    #[test]
    fn measures_are_told_from_phone_numbers_and_prose() {
        for text in ["12h 30m", "5'11\"", "3 kg 200 g", "1.5 x 2.5"] {
            assert!(looks_measured(text), "{text}");
        }
        for text in [
            "+49 (30) 123-4567",
            "about 5 people came",
            "Ticket 4711",
            "a",
            "",
            "12",
        ] {
            assert!(!looks_measured(text), "{text}");
        }
    }
}
