//! What identifiers are called and what a value of one looks like. Whether a column's values are
//! those of one is for those who know all of them.

/// How the names of identifiers end, in lower case.
const ENDS: [&str; 9] = [
    "_id", "-id", " id", "uuid", "guid", "_key", "_no", "_nr", "_number",
];

/// Returns whether a column is named like an identifier: `customer_id`, `userId`, `customer_no`,
/// or as writers name the index of a frame.
#[must_use]
pub fn named_like_an_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower == "id"
        || named_like_an_index(name)
        || ENDS.iter().any(|end| lower.ends_with(end))
        || name.ends_with("Id")
        || name.ends_with("ID")
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
        ] {
            assert!(!named_like_an_id(name), "{name}");
        }
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
