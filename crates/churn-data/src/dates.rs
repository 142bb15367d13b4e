//! Dates and months as tables write them. Told by their form alone: what day is meant is for
//! others.

use churn_base::months::MONTHS;

use super::calendar::is_time_to_the_second;

const WEEKDAYS: [&str; 14] = [
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Longest text that is looked at: `Wednesday, 31 September 2026 23:59:59.999999999 +00:00`.
const LONGEST: usize = 64;

/// Returns whether a text is a date, a month or a quarter, with or without a time.
///
/// `2026-01-31`, `2026/1/31`, `20260131T0300Z`, `31.01.2026`, `1/31/26`, `2026-01`, `01/2026`,
/// `Jan 2026`, `31-JAN-26`, `January 31, 2026`, `Fri, 02 Jan 2026 03:00:00 GMT`, `2026-W05`,
/// `2026Q1`; times in ISO 8601 or with AM and PM, in any zone.
#[must_use]
pub fn is_date(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    // Cheap tests first: most texts are none.
    if !(6..=LONGEST).contains(&text.len()) || !text.iter().any(u8::is_ascii_digit) {
        return false;
    }
    if is_time_to_the_second(text) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let mut rest = Rest(text);
    rest.weekday();
    let forms = [
        Rest::compact,
        Rest::quarter_or_week,
        Rest::with_name,
        Rest::c_time,
        Rest::of_numbers,
    ];
    forms
        .iter()
        .any(|form| form(rest).is_some_and(Rest::is_time_or_nothing))
}

/// How a whole number can be a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateNumber {
    /// `20260131`.
    Day,
    /// `202601`.
    Month,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, in the years 2000 to 2100.
    Epoch,
}

/// Returns how a number can be a date, if it can.
#[must_use]
pub fn date_number(number: f64) -> Option<DateNumber> {
    if number.fract() != 0.0 {
        return epoch(number).then_some(DateNumber::Epoch);
    }
    if (19_000_101.0..21_001_232.0).contains(&number) {
        let number = number as u64;
        return is_day(number / 10_000, number / 100 % 100, number % 100)
            .then_some(DateNumber::Day);
    }
    if (190_001.0..210_013.0).contains(&number) {
        let month = number as u64 % 100;
        return (1..=12).contains(&month).then_some(DateNumber::Month);
    }
    epoch(number).then_some(DateNumber::Epoch)
}

/// Returns as what nearly all of these numbers (with their counts, each once) are dates, if they are.
///
/// No other numbers happen to be days or months, one and all; seconds look like amounts, so that
/// there the name must say so, too.
#[must_use]
pub fn date_numbers(name: &str, numbers: impl Iterator<Item = (f64, u64)>) -> Option<DateNumber> {
    let mut forms =
        [DateNumber::Day, DateNumber::Month, DateNumber::Epoch].map(|form| (form, 0, 0));
    let mut all = 0;
    for (number, count) in numbers {
        all += count;
        let form = date_number(number);
        if let Some(known) = forms.iter_mut().find(|known| Some(known.0) == form) {
            known.1 += count;
            known.2 += 1;
        }
    }
    let (form, count, distinct) = forms.into_iter().max_by_key(|known| known.1)?;
    let nearly_all = count > 0 && count * 100 >= 95 * all;
    let by_values = match form {
        // Of eight digits one in thirty is a day; of six with the right beginning one in eight a
        // month.
        DateNumber::Day => distinct >= 3 || count >= 50,
        DateNumber::Month => distinct >= 3,
        DateNumber::Epoch => false,
    };
    (nearly_all && (by_values || named_like_a_time(name))).then_some(form)
}

impl DateNumber {
    /// Returns why such numbers are left out.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Day => "the numbers are days, such as 20260131",
            Self::Month => "the numbers are months, such as 202601",
            Self::Epoch => "the numbers are times since 1970, and the name says so",
        }
    }
}

fn epoch(number: f64) -> bool {
    // 2000-01-01 and 2100-01-01.
    let seconds = 946_684_800.0..4_102_444_800.0;
    [1.0, 1e3, 1e6, 1e9]
        .iter()
        .any(|unit| seconds.contains(&(number / unit)))
}

/// Words with which the names of times begin or end, in lower case. Values must look like times,
/// too, so that a word more does no harm.
const TIME_WORDS: [&str; 36] = [
    "date",
    "time",
    "timestamp",
    "datetime",
    "ts",
    "at",
    "on",
    "day",
    "week",
    "month",
    "quarter",
    "epoch",
    "datum",
    "since",
    "until",
    "from",
    "to",
    "dt",
    "period",
    "when",
    "created",
    "updated",
    "modified",
    "snapshot",
    "asof",
    "dob",
    "birthday",
    "ym",
    "ymd",
    "yyyymm",
    "yyyymmdd",
    "start",
    "end",
    "expiry",
    "effective",
    "login",
];

/// Returns whether a column is named like a time: `created_at`, `signupDate`, `ts`, `snapshot`.
#[must_use]
pub fn named_like_a_time(name: &str) -> bool {
    let words = words(name);
    let is_time = |word: Option<&String>| word.is_some_and(|word| TIME_WORDS.contains(&&**word));
    is_time(words.last()) || is_time(words.first())
}

/// Returns the words of a column's name in lower case: `lastLogin_at` is `last`, `login`, `at`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else {
            if c.is_uppercase() && before.is_lowercase() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_day(year: u64, month: u64, day: u64) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

const fn is_year(year: u64) -> bool {
    1000 <= year && year < 3000
}

/// What of a text is still to be read.
#[derive(Debug, Clone, Copy)]
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Takes `least` to `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<u64> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if count < least || count > most {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits.parse().ok()
    }

    /// Takes letters, in lower case.
    fn word(&mut self) -> Option<String> {
        let count = self.0.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.0.split_at(count);
        self.0 = rest;
        (count > 0).then(|| word.to_ascii_lowercase())
    }

    /// Takes one of these signs.
    fn sign(&mut self, signs: &str) -> Option<char> {
        let first = self.0.chars().next().filter(|c| signs.contains(*c))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    fn spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn month(&mut self) -> Option<u64> {
        let word = self.word()?;
        // Their first three letters tell, too.
        let is_it = |name: &&str| {
            word == **name || word == name[..3] || word == "sept" && *name == "september"
        };
        let month = MONTHS.iter().position(is_it)? as u64 + 1;
        self.sign(".");
        Some(month)
    }

    /// Takes a day of the week, if there is one.
    fn weekday(&mut self) {
        let mut after = *self;
        if after.word().is_some_and(|word| WEEKDAYS.contains(&&*word)) {
            after.sign(".");
            after.sign(",");
            after.spaces();
            *self = after;
        }
    }

    /// `20260131T030000Z`.
    fn compact(mut self) -> Option<Self> {
        let day = self.digits(8, 8)?;
        let is_day = is_day(day / 10_000, day / 100 % 100, day % 100);
        (is_day && is_year(day / 10_000) && matches!(self.0.as_bytes(), [b'T' | b't', ..]))
            .then_some(self)
    }

    /// `2026Q1`, `Q1 2026`, `2026-W05`, `2026M01`.
    fn quarter_or_week(mut self) -> Option<Self> {
        let part = |rest: &mut Self, letter: &str| {
            let most = match letter {
                "q" => rest.digits(1, 1).map(|at| (at, 4)),
                "w" => rest.digits(1, 2).map(|at| (at, 53)),
                "m" => rest.digits(1, 2).map(|at| (at, 12)),
                _ => None,
            };
            most.filter(|(at, most)| (1..=*most).contains(at))
                .map(|_| ())
        };
        if let Some(year) = self.digits(4, 4) {
            self.sign("- /");
            let letter = self.word()?;
            part(&mut self, &letter)?;
            return (is_year(year) && self.0.is_empty()).then_some(self);
        }
        let letter = self.word()?;
        part(&mut self, &letter)?;
        self.sign("- /")?;
        let year = self.digits(4, 4)?;
        (is_year(year) && self.0.is_empty()).then_some(self)
    }

    /// `31 Jan 2026`, `31-JAN-26`, `Jan 2026`, `January 31, 2026`, `2026-Jan-31`.
    fn with_name(mut self) -> Option<Self> {
        let separator = " -/,.'";
        let skip = |rest: &mut Self| while rest.sign(separator).is_some() {};
        let first = self.digits(1, 4);
        if first.is_some() {
            skip(&mut self);
        }
        let month = self.month()?;
        skip(&mut self);
        if let Some(year) = first.filter(|first| is_year(*first)) {
            // The year came first: the day may follow.
            let mut after = self;
            let day = after.digits(1, 2);
            return match day {
                Some(day) => is_day(year, month, day).then_some(after),
                None => self.0.is_empty().then_some(self),
            };
        }
        let mut second = self.digits(1, 4)?;
        let mut day = first;
        let mut after = self;
        if first.is_none() && second <= 31 {
            // `Jan 31, 2026`; `Jan 26` is a month.
            for ending in ["st", "nd", "rd", "th"] {
                after.0 = after.0.strip_prefix(ending).unwrap_or(after.0);
            }
            let apart = after.sign(separator).is_some();
            skip(&mut after);
            if let Some(year) = after.digits(4, 4).filter(|_| apart) {
                day = Some(second);
                second = year;
                self = after;
            }
        }
        let year = if second < 100 { 2000 + second } else { second };
        (is_year(year) && is_day(year, month, day.unwrap_or(1))).then_some(self)
    }

    /// `Jan 31 03:00:00 2026`, after the day of the week.
    fn c_time(mut self) -> Option<Self> {
        let month = self.month()?;
        self.spaces();
        let day = self.digits(1, 2)?;
        self.spaces();
        self.clock()?;
        self.spaces();
        let year = match self.digits(4, 4) {
            Some(year) => year,
            None => {
                self.word()?;
                self.spaces();
                self.digits(4, 4)?
            }
        };
        (is_year(year) && is_day(year, month, day)).then_some(self)
    }

    /// `2026-01-31`, `31.01.2026`, `1/31/26`, `2026-01`, `01/2026`.
    fn of_numbers(mut self) -> Option<Self> {
        let start = self.0;
        let first = self.digits(1, 4)?;
        let first_length = start.len() - self.0.len();
        let separator = self.sign("-/.")?;
        let second = self.digits(1, 4)?;
        let two = self;
        let third = self.sign("-/.").filter(|other| *other == separator);
        let before = self.0;
        let third = third.and_then(|_| self.digits(1, 4));
        let third_length = before.len() - self.0.len();
        let Some(third) = third else {
            // A month. `12.2026` would be a number.
            let (year, month) = if first_length == 4 {
                (first, second)
            } else {
                (second, first)
            };
            let is_month = is_year(year) && (1..=12).contains(&month) && two.0.is_empty();
            return (is_month && separator != '.').then_some(two);
        };
        let is_one = match (first_length, third_length) {
            (4, 1 | 2) => is_year(first) && is_day(first, second, third),
            (1 | 2, 4) => {
                is_year(third) && (is_day(third, second, first) || is_day(third, first, second))
            }
            // `1.2.26` is a version as often.
            (1 | 2, 2) if separator != '.' => {
                let years = [2000 + third, 2000 + first];
                is_day(years[0], second, first)
                    || is_day(years[0], first, second)
                    || is_day(years[1], second, third)
            }
            (2, 2) => is_day(2000 + third, second, first),
            _ => false,
        };
        is_one.then_some(self)
    }

    /// Takes `03:00`, `03:00:00.123`, `030000`.
    fn clock(&mut self) -> Option<()> {
        let start = self.0;
        let first = self.digits(1, 6)?;
        if start.len() - self.0.len() > 2 {
            // Without colons.
            self.fraction();
            return Some(());
        }
        self.sign(":.")?;
        let minutes = self.digits(2, 2)?;
        let seconds = match self.sign(":.") {
            Some(_) => self.digits(2, 2)?,
            None => 0,
        };
        self.fraction();
        (first <= 24 && minutes < 60 && seconds <= 60).then_some(())
    }

    fn fraction(&mut self) {
        let mut after = *self;
        if after.sign(".,:").is_some() && after.digits(1, 12).is_some() {
            *self = after;
        }
    }

    /// Whether what follows a date is a time, a zone, both or nothing.
    fn is_time_or_nothing(mut self) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let apart = self.sign("Tt ,_").is_some();
        self.sign(",");
        self.spaces();
        if apart {
            let mut timed = self;
            if timed.clock().is_some() {
                self = timed;
                self.spaces();
                let mut half = self;
                let word = half.word().unwrap_or_default();
                if matches!(word.as_str(), "am" | "pm") {
                    self = half;
                    self.spaces();
                }
            }
        }
        self.is_zone_or_nothing()
    }

    /// `Z`, `UTC`, `+02:00`, `-0500`, `Europe/Berlin`, `[Europe/Berlin]`, `(CET)`.
    fn is_zone_or_nothing(mut self) -> bool {
        if let Some(word) = self.word() {
            let is_place = self.0.starts_with('/');
            if is_place {
                return self
                    .0
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"/_-+".contains(&byte));
            }
            if word.len() > 5 {
                return false;
            }
        }
        if self.sign("+-").is_some() {
            if self.digits(1, 4).is_none() {
                return false;
            }
            if self.sign(":").is_some() && self.digits(2, 2).is_none() {
                return false;
            }
            self.spaces();
        }
        self.0.is_empty()
            || self.0.starts_with('[') && self.0.ends_with(']')
            || self.0.starts_with('(') && self.0.ends_with(')')
    }
}

#[cfg(test)]
mod tests;
