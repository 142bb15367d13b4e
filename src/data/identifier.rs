//! What identifiers are called. Whether a column's values are those of one is for those who know
//! the values.

/// How the names of identifiers end, in lower case.
const ENDS: [&str; 9] = [
    "_id", "-id", " id", "uuid", "guid", "_key", "_no", "_nr", "_number",
];

/// Returns whether a column is named like an identifier: `customer_id`, `userId`, `customer_no`.
#[must_use]
pub fn named_like_an_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower == "id"
        || ENDS.iter().any(|end| lower.ends_with(end))
        || name.ends_with("Id")
        || name.ends_with("ID")
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
        ] {
            assert!(!named_like_an_id(name), "{name}");
        }
    }
}
