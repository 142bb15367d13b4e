//! What identifiers are called, what a value of one looks like, and how often values of one repeat.
//! Whether a column's values are those of one is for those who know all of them.

use super::identifier_words::{
    BARE, COUNTING_MARKS, EVENTS, KINDS, MARKS, QUALIFIERS, SHARED, WEAK_MARKS, is_subject,
};

/// What the name of a column claims that it identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identified {
    /// A customer, an account or an order, with a mark: `customer_id`, `accountKey`, `id`.
    Subject,
    /// The same with a mark that may as well count, or without one: `customer_no`, `msisdn`.
    MaybeSubject,
    /// Something else, be it shared by many customers: `product_id`, `loc_key`.
    Other,
    /// A row of a table, as writers name the index of a frame.
    Row,
}

/// Returns what a column identifies by its name, if anything.
#[must_use]
pub fn identified(name: &str) -> Option<Identified> {
    if named_like_an_index(name) {
        return Some(Identified::Row);
    }
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    // `user_id_anon`, `customer_id_1`.
    while let [.., mark, last] = words[..]
        && MARKS.contains(&mark)
        && (QUALIFIERS.contains(&last) || last.bytes().all(|byte| byte.is_ascii_digit()))
    {
        words.pop();
    }
    if let [.., "email", "address"] | [.., "e", "mail"] = words[..] {
        return Some(Identified::MaybeSubject);
    }
    let (last, mut before) = words.split_last()?;
    if before.is_empty() {
        return of_one_word(last);
    }
    // `customer_id_hash`, `SK_ID` of a loan, `user_external_id`.
    while let [rest @ .., word] = before
        && (QUALIFIERS.contains(word) || MARKS.contains(word))
    {
        before = rest;
    }
    let is_marked = MARKS.contains(last);
    if before.is_empty() && is_marked {
        return Some(Identified::Subject);
    }
    // `id_cliente` has none before the last word.
    let noun = before.last().unwrap_or(&"");
    if is_marked && (is_subject(noun) || EVENTS.contains(noun)) {
        return Some(Identified::Subject);
    }
    if is_subject(noun) && WEAK_MARKS.contains(last) {
        let tells_a_kind = matches!(*last, "code" | "ref") && KINDS.contains(noun);
        return Some(if tells_a_kind {
            Identified::Other
        } else {
            Identified::MaybeSubject
        });
    }
    // `id_cliente`, `fk_customer`, `numero_cliente`.
    if words.len() == 2 && is_subject(last) {
        if MARKS.contains(&words[0]) {
            return Some(Identified::Subject);
        }
        if WEAK_MARKS.contains(&words[0]) {
            return Some(Identified::MaybeSubject);
        }
    }
    let is_named = *last == "name" && is_subject(noun);
    (is_marked || is_named || COUNTING_MARKS.contains(last)).then_some(Identified::Other)
}

/// What a name of a single word identifies: `id`, `customerid`, `msisdn`.
fn of_one_word(word: &str) -> Option<Identified> {
    if MARKS.contains(&word) && word != "hash" || matches!(word, "uid" | "rowid") {
        return Some(Identified::Subject);
    }
    if BARE.contains(&word) {
        return Some(Identified::MaybeSubject);
    }
    let is_of = |mark: &&str, is_noun: fn(&str) -> bool| {
        let noun = word.strip_suffix(*mark).or(word.strip_prefix(*mark));
        noun.is_some_and(is_noun)
    };
    if MARKS.iter().any(|mark| is_of(mark, is_subject))
        || is_of(&"id", |noun| EVENTS.contains(&noun))
    {
        return Some(Identified::Subject);
    }
    // `n` and the like are too short to be found within a word.
    let mut weak = WEAK_MARKS
        .iter()
        .filter(|mark| mark.len() > 1)
        .chain(&["编号", "番号", "번호"]);
    if weak.any(|mark| is_of(mark, is_subject)) {
        return Some(Identified::MaybeSubject);
    }
    let is_other = word.ends_with("uuid") || word.ends_with("guid");
    is_other.then_some(Identified::Other)
}

/// Returns whether a name has a word for what many customers share: `zip`, `product_code`.
pub(super) fn names_what_is_shared(name: &str) -> bool {
    words(name)
        .iter()
        .any(|word| SHARED.contains(&word.as_str()))
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

    /// Names of columns in published churn data and in the exports of other countries, as readers
    /// of this project listed them.
    #[test]
    fn names_say_what_they_identify() {
        let check = |names: &[&str], what: Option<Identified>| {
            for name in names {
                assert_eq!(identified(name), what, "{name}");
            }
        };
        let sure = "id|ID|uid|uuid|pk|identifier|customer_id|CustomerID|Customer ID|CUSTOMER_ID|\
            customerid|custId|user_uuid|customerGUID|client_external_id|billing_account_id|\
            customer.id|crm.contact_id|id_cliente|idcliente|id_klienta|subscriber_key|order_id|\
            customer_id_hash|customer_id_hashed|hashed_customer_id|user_id_anon|customer_id_1|\
            customer id (masked)|customer_sk|c_customer_sk|SK_ID_CURR|fk_customer|customer_fk|\
            company_id|organization_id|workspace_id|用户ID|顧客ID|клиент_id|id_клиента|ID клиента|\
            müşteri_id|kund_id|abonné_id|customer identification|subs_id|visit_key";
        let sure: Vec<&str> = sure.split('|').collect();
        check(&sure, Some(Identified::Subject));
        let perhaps = "customer|User|msisdn|IMEI|member|account|acct|acctno|account_no|cid|mrn|msno|\
            cust_nbr|acct_nbr|customer_no|customer no.|Customer #|CLIENTNUM|customer_ref|\
            customerNumber|Kundennummer|KundenNr|kundnr|klantnummer|asiakasnumero|Kundenkennung|\
            numero_cliente|numéro_client|nro_cliente|codigo_cliente|código_cliente|cod_cliente|\
            codice_cliente|n_client|numer_klienta|Nr_klienta|客户编号|email|email_address|e_mail|\
            customer_email|contact_number|employee_number|card_num|loan_num";
        let perhaps: Vec<&str> = perhaps.split('|').collect();
        check(&perhaps, Some(Identified::MaybeSubject));
        // What many customers share, what comes in kinds, and what may count.
        let other = "product_id|plan_id|region_id|store_id|cell_id|storeId|agent_no|service_id|\
            customer_type_id|account_manager_id|user_group_id|order_no|visit_number|account_name|\
            device_name|device_code|policy_code";
        let other: Vec<&str> = other.split('|').collect();
        check(&other, Some(Identified::Other));
        let none = "zip|zip_code|number_of_users|user_count|account_balance|customer_since|\
            account_type|grid|valid|piano|id_count|contact_id_count|num_orders|member_since_days|\
            product_name|device_model|call_num";
        let none: Vec<&str> = none.split('|').collect();
        check(&none, None);
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
