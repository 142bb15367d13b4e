//! Identifiers that repeat, as that of a customer with a row a month: what values and name together say.
//!
//! A name alone proves nothing: `contact_number` may count contacts, and `device_name` be one of thirty
//! models. So the values must look like those of an identifier, the more so the less the name says.

use super::identifier::{Identified, identified, names_what_is_shared, shaped_like_an_id};

/// Fewest rows with a value: that those of fewer differ or repeat may be chance.
const FEWEST_ROWS: u64 = 50;
/// Fewest distinct values under a name that says whom rows are about: fewer may be tenants or brands.
const FEWEST_NAMED: f64 = 20.0;
/// Fewest under a name that may as well count or tell a kind.
const FEWEST_DOUBTED: f64 = 50.0;
/// Fewest under any other name, and of words: there are dozens of models of phones.
const FEWEST_UNNAMED: f64 = 100.0;
/// Most rows of a value for each distinct value: twenty clients of 1,000 rows each are a category,
/// 1,000 customers of 12 months are not; a year of days is one from 37 customers up.
const MOST_ROWS_NAMED: f64 = 10.0;
/// The same under a name that may as well count: a panel of a year needs 24 customers.
const MOST_ROWS_DOUBTED: f64 = 0.5;
/// The same under any other name, of words and of plain numbers: 100 values of 25 rows.
const MOST_ROWS_UNNAMED: f64 = 0.25;
/// Most rows of the most frequent value, in even shares, under a name that may as well count: no
/// customer has that many more rows than others.
const MOST_UNEVEN_DOUBTED: f64 = 10.0;
/// The same under any other name. Customers who joined at any time of a period have up to twice the
/// mean, products that sell unlike far more.
const MOST_UNEVEN_UNNAMED: f64 = 4.0;
/// Least share of rows that a quarter of the values has, in their order. Of counts and measures the
/// rare values are at the ends.
const LEAST_QUARTER: f64 = 0.04;
/// Least share that the first and the last quarter have together. Customers numbered as they joined
/// have half of the rows there, whether the old ones have more or not.
const LEAST_ENDS: f64 = 0.3;
/// Least value of numbers that are given: counts seldom begin at a thousand.
const LEAST_GIVEN: f64 = 1_000.0;

/// What name and values together claim of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKey {
    /// It tells whose row it is.
    Sure,
    /// Its values look as if it did, but the name does not say so: others should look.
    Likely,
}

/// What the values of a column are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// Texts, nearly all of them codes or e-mail addresses.
    Codes,
    /// Other texts, nearly all without blanks: `jsmith`.
    Words,
    /// Other texts: `Galaxy S7`.
    Prose,
    /// Whole numbers.
    Numbers(Spread),
}

/// Where whole numbers lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    least: f64,
    largest: f64,
    /// The middle one of the distinct values, and the share of rows of each quarter of them, where
    /// each is known.
    middle: Option<(f64, [f64; 4])>,
}

/// How often the values of a column repeat, and what they are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeats {
    /// Rows with a value.
    pub present: u64,
    /// Distinct values, estimated where there are many.
    pub distinct: f64,
    /// Rows of the most frequent value, where it is known.
    pub largest: Option<u64>,
    /// What the values are like.
    pub form: Form,
}

impl Repeats {
    /// Returns those of texts, each with its count.
    pub fn of_texts<'a>(texts: impl Iterator<Item = (&'a str, u64)>) -> Self {
        let (mut present, mut distinct, mut largest) = (0, 0.0, 0);
        let (mut codes, mut words) = (0, 0);
        for (text, count) in texts.filter(|(_, count)| *count > 0) {
            present += count;
            distinct += 1.0;
            largest = largest.max(count);
            let is_number = text.len() >= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            codes += u64::from(is_number || shaped_like_an_id(text)) * count;
            words += u64::from(!text.contains(char::is_whitespace)) * count;
        }
        let nearly_all = |rows: u64| rows * 100 >= 95 * present;
        let form = match (nearly_all(codes), nearly_all(words)) {
            (true, _) => Form::Codes,
            (false, true) => Form::Words,
            (false, false) => Form::Prose,
        };
        Self {
            present,
            distinct,
            largest: Some(largest),
            form,
        }
    }

    /// Returns those of distinct whole numbers, each with its count.
    #[must_use]
    pub fn of_numbers(mut numbers: Vec<(f64, u64)>) -> Self {
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let present: u64 = numbers.iter().map(|(_, count)| count).sum();
        let most = numbers.iter().map(|(_, count)| *count).max();
        let largest = most.unwrap_or(0);
        // One value may stand for "nobody", however often.
        let rows = (present - largest).max(1) as f64;
        let mut quarters = [0.0; 4];
        let mut is_most_seen = false;
        for (at, (_, count)) in numbers.iter().enumerate() {
            if *count == largest && !is_most_seen {
                is_most_seen = true;
                continue;
            }
            quarters[at * 4 / numbers.len()] += *count as f64 / rows;
        }
        let value = |at: usize| numbers.get(at).map_or(f64::NAN, |(number, _)| *number);
        Self {
            present,
            distinct: numbers.len() as f64,
            largest: most,
            form: Form::Numbers(Spread {
                least: value(0),
                largest: value(numbers.len().saturating_sub(1)),
                middle: Some((value(numbers.len() / 2), quarters)),
            }),
        }
    }

    /// Returns whether a column of this name is a group key: texts or whole numbers only; that is
    /// for the caller to know.
    #[must_use]
    pub fn group_key(self, name: &str) -> Option<GroupKey> {
        let rows_each = self.rows_each();
        let are_many = |fewest: f64, most_rows: f64| {
            self.distinct >= fewest && rows_each <= most_rows * self.distinct
        };
        let are_even = |most: f64| {
            let is_even = |largest: u64| largest as f64 <= most * rows_each.max(1.0);
            self.largest.is_none_or(is_even)
        };
        let are_given = || match self.form {
            Form::Codes => true,
            Form::Words | Form::Prose => false,
            Form::Numbers(spread) => spread.are_given(self.distinct, rows_each),
        };
        if self.present < FEWEST_ROWS {
            return None;
        }
        match identified(name) {
            Some(Identified::Subject) => {
                let may_be = match self.form {
                    Form::Codes => true,
                    Form::Words => are_many(FEWEST_UNNAMED, MOST_ROWS_UNNAMED),
                    Form::Prose => false,
                    Form::Numbers(spread) => spread.are_spread() || spread.are_long(),
                };
                let is_key = may_be && are_many(FEWEST_NAMED, MOST_ROWS_NAMED);
                is_key.then_some(GroupKey::Sure)
            }
            Some(Identified::MaybeSubject) => {
                let is_key = are_many(FEWEST_DOUBTED, MOST_ROWS_DOUBTED)
                    && are_even(MOST_UNEVEN_DOUBTED)
                    && are_given();
                is_key.then_some(GroupKey::Sure)
            }
            Some(Identified::Row) => None,
            // Any measure may be whole numbers; only what claims to identify something is looked at.
            None if matches!(self.form, Form::Numbers(_)) => None,
            Some(Identified::Other) | None => {
                let is_key = are_many(FEWEST_UNNAMED, MOST_ROWS_UNNAMED)
                    && are_even(MOST_UNEVEN_UNNAMED)
                    && are_given()
                    && !names_what_is_shared(name);
                is_key.then_some(GroupKey::Likely)
            }
        }
    }

    /// Returns the mean number of rows of a value.
    #[must_use]
    pub fn rows_each(self) -> f64 {
        self.present as f64 / self.distinct.max(1.0)
    }
}

impl Spread {
    /// Returns that of numbers of which only the ends are known.
    #[must_use]
    pub const fn of_ends(least: f64, largest: f64) -> Self {
        Self {
            least,
            largest,
            middle: None,
        }
    }

    /// Whether rows are spread over the values as identifiers have them: how many rows a customer has
    /// does not depend on the number, or falls gently. Of counts most rows are in the middle or at
    /// the lower end.
    fn are_spread(self) -> bool {
        self.middle.is_none_or(|(_, quarters)| {
            quarters.iter().all(|share| *share >= LEAST_QUARTER)
                && quarters[0] + quarters[3] >= LEAST_ENDS
        })
    }

    /// Whether all are about equally long, as numbers are that are given: 4917000000 to 4917999999.
    fn are_long(self) -> bool {
        self.least >= LEAST_GIVEN && self.least * 10.0 >= self.largest
    }

    /// Whether they look given and not counted or measured: one after another with few rows each,
    /// equally long, or scattered over a range that is much wider than they are many.
    fn are_given(self, distinct: f64, rows_each: f64) -> bool {
        let range = self.largest - self.least;
        let are_few_each = rows_each <= MOST_ROWS_UNNAMED * distinct;
        let are_dense = range < 1.5 * distinct;
        let are_scattered = self.middle.is_some_and(|(middle, _)| {
            range >= 10.0 * distinct && (0.25..=0.75).contains(&((middle - self.least) / range))
        });
        self.are_spread() && are_few_each && (are_dense || self.are_long() || are_scattered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many distinct texts of that form, with so many rows each.
    fn texts(distinct: usize, rows_each: u64, form: fn(usize) -> String) -> Repeats {
        let texts: Vec<String> = (0..distinct).map(form).collect();
        Repeats::of_texts(texts.iter().map(|text| (text.as_str(), rows_each)))
    }

    /// So many distinct numbers from the first one in these steps, with so many rows each.
    fn numbers(distinct: u32, rows_each: u64, first: f64, step: f64) -> Repeats {
        let number = |at: u32| (first + step * f64::from(at), rows_each);
        Repeats::of_numbers((0..distinct).map(number).collect())
    }

    /// Rows of a count with this mean, in 3,000 rows, by Poisson's law.
    fn poisson(mean: f64) -> Repeats {
        let mut probability = (-mean).exp();
        let mut counts = Vec::new();
        for at in 0..200 {
            counts.push((f64::from(at), (3_000.0 * probability).round() as u64));
            probability *= mean / f64::from(at + 1);
        }
        counts.retain(|(_, count)| *count > 0);
        Repeats::of_numbers(counts)
    }

    /// Rows of a size in 4,000 rows: the logarithm is normal, about 3 with deviation .8, so that the
    /// density of x is that of the normal law divided by .8 x.
    fn lognormal() -> Repeats {
        let density = |x: f64| {
            let z = (x.ln() - 3.0) / 0.8;
            (-z * z / 2.0).exp() / (0.8 * x * (2.0 * std::f64::consts::PI).sqrt())
        };
        let count = |x: u32| {
            (
                f64::from(x),
                (4_000.0 * density(f64::from(x))).round() as u64,
            )
        };
        let counts = (1..=500).map(count);
        Repeats::of_numbers(counts.filter(|(_, count)| *count > 0).collect())
    }

    const CODE: fn(usize) -> String = |at| format!("C{at:05}");
    const MODEL: fn(usize) -> String = |at| format!("Galaxy S{at}");
    /// Letters only, none alike.
    const LOGIN: fn(usize) -> String = |at| {
        let letter = |at: usize| char::from(b'a' + (at % 26) as u8);
        format!("j{}{}{}", letter(at / 676), letter(at / 26), letter(at))
    };

    #[test]
    fn a_group_key_has_many_values_of_few_rows_each() {
        let sure = |name: &str, repeats: Repeats| {
            assert_eq!(repeats.group_key(name), Some(GroupKey::Sure), "{name}");
        };
        for form in [texts, |distinct, rows_each, _| {
            numbers(distinct as u32, rows_each, 1.0, 1.0)
        }] as [fn(usize, u64, fn(usize) -> String) -> Repeats; 2]
        {
            // 1,000 customers by month, 30 by month, 40 by day.
            sure("customer_id", form(1_000, 12, CODE));
            sure("customer_id", form(30, 12, CODE));
            sure("customer_id", form(40, 365, CODE));
            for name in ["user", "cust_nbr", "numero_cliente", "contact_number"] {
                sure(name, form(1_000, 12, CODE));
            }
            // Twenty tenants, kinds of accounts, what many customers share.
            assert_eq!(form(20, 1_000, CODE).group_key("client_id"), None);
            assert_eq!(form(12, 30, CODE).group_key("account"), None);
            assert_eq!(form(1_000, 12, CODE).group_key("store_id"), None);
            assert_eq!(form(1_000, 12, CODE).group_key("zip"), None);
        }
        sure("Kundennummer", numbers(500, 12, 4_917_000_000.0, 37.0));
        sure("account_no", numbers(500, 12, 17.0, 211.0));
        sure("customer_id", texts(300, 10, LOGIN));
        // A default in every tenth row; the customers that joined first have most rows.
        let mut counts: Vec<(f64, u64)> = (0..1_000).map(|at| (f64::from(at), 12)).collect();
        counts[0].1 = 1_200;
        sure("customer_id", Repeats::of_numbers(counts));
        let joined = (0..600_u32).map(|at| (f64::from(at), u64::from(12 - at / 50)));
        sure("customer_no", Repeats::of_numbers(joined.collect()));
    }

    /// The names are those of a reader who broke the rule before this one, which went by names.
    #[test]
    fn counts_and_kinds_are_no_keys_whatever_they_are_called() {
        let counted = "contact_number contact_num contact_no device_number device_num card_num \
            account_num account_number policy_num loan_num user_num employee_number contract_number \
            subscription_number visit_key customer_id user customer client_no session_number";
        for name in counted.split_whitespace() {
            for repeats in [poisson(30.0), poisson(90.0), lognormal()] {
                assert_eq!(repeats.group_key(name), None, "{name}: {repeats:?}");
            }
        }
        let kinds = "device_name phone_name vehicle_name card_name membership_name policy_name \
            profile_name device_code phone_code subscription_code policy_code device_key plan_id \
            device_id contract_id customer_name client_code account tenant device_model";
        for name in kinds.split_whitespace() {
            for each in [44, 125] {
                assert_eq!(texts(68, each, MODEL).group_key(name), None, "{name}");
            }
        }
        // Models that are codes, names with blanks of many people.
        assert_eq!(texts(68, 44, CODE).group_key("device_code"), None);
        assert_eq!(texts(500, 12, MODEL).group_key("customer_name"), None);
    }

    #[test]
    fn a_name_that_says_nothing_leaves_it_at_likely() {
        let likely =
            |repeats: Repeats, name: &str| repeats.group_key(name) == Some(GroupKey::Likely);
        for name in ["x7", "service_id", "customer_x_id", "device_code"] {
            assert!(likely(texts(400, 12, CODE), name), "{name}");
        }
        assert!(likely(numbers(400, 12, 7_000_000.0, 1.0), "service_id"));
        // Any measure, words, uneven use, few values.
        assert!(!likely(numbers(400, 12, 7_000_000.0, 1.0), "x7"));
        assert!(!likely(texts(400, 12, LOGIN), "x7"));
        assert!(!likely(texts(90, 12, CODE), "x7"));
        let uneven = texts(400, 12, CODE);
        let largest = Some(100);
        assert!(!likely(Repeats { largest, ..uneven }, "x7"));
    }
}
