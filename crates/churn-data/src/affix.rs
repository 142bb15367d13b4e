//! What stands around a number: `€`, `%`, `km`, `kr.`, `GB/month`, `="…"`. Which of them make a
//! column of numbers is decided by all of its values, elsewhere; here is what one value tells.

use std::borrow::Cow;

/// How much a text tells of being a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affix {
    /// Nothing stands around the digits, or a percent sign or a currency: it is a number.
    Known,
    /// It is written as quantities are: `12 km`, `12.50kg`, `approx. 12.5`.
    Quantity,
    /// A word and a whole number: an amount (`Bs 120`) or the name of a thing (`Ticket 120`).
    Label,
}

/// What stands around a number, understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Around<'a> {
    /// The unit; none if there is none.
    pub(super) unit: Option<Cow<'a, str>>,
    pub(super) affix: Affix,
    /// The number is to be taken times this power of ten,
    pub(super) exponent: i32,
    /// and times this power of 1024.
    pub(super) kibi: i32,
}

/// How the number between is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Between {
    /// It has a decimal mark or separators, as labels have not.
    pub(super) is_fine: bool,
    /// A blank stands before it, and after it.
    pub(super) blanks: [bool; 2],
}

/// The unit of numbers with suffixes such as `12k` and `3M`, which are read as powers of ten.
pub(super) const POWERS: &str = "k, M, G";
/// The unit of sizes in bytes, whichever multiple they are written in.
pub(super) const BYTES: &str = "B";

/// Longest text before or after a number that may be a unit.
const LONGEST: usize = 20;

/// Codes (ISO 4217) and abbreviations of currencies. Signs of the Unicode category Sc are told as
/// such.
const CURRENCIES: [&str; 85] = [
    "EUR",
    "USD",
    "GBP",
    "CHF",
    "JPY",
    "CNY",
    "RMB",
    "INR",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "RON",
    "BGN",
    "TRY",
    "RUB",
    "UAH",
    "CAD",
    "AUD",
    "NZD",
    "BRL",
    "MXN",
    "ZAR",
    "KRW",
    "SGD",
    "HKD",
    "ILS",
    "AED",
    "THB",
    "IDR",
    "VND",
    "MYR",
    "PHP",
    "PKR",
    "BDT",
    "LKR",
    "EGP",
    "NGN",
    "KES",
    "GHS",
    "ARS",
    "CLP",
    "COP",
    "PEN",
    "TWD",
    "SAR",
    "QAR",
    "kr",
    "Fr.",
    "z\u{142}",
    "K\u{10d}",
    "Ft",
    "Rs",
    "RM",
    "Rp",
    "KSh",
    "\u{440}\u{443}\u{431}",
    "ISK",
    "RSD",
    "KZT",
    "UZS",
    "GEL",
    "MAD",
    "TND",
    "DZD",
    "JOD",
    "KWD",
    "OMR",
    "BHD",
    "TZS",
    "UGX",
    "ETB",
    "XOF",
    "XAF",
    "UYU",
    "PYG",
    "BOB",
    "CRC",
    "DOP",
    "GTQ",
    "Bs",
    "Tk",
    "S/",
];

/// Other spellings of units.
const ALIASES: [(&str, &str); 20] = [
    ("eur", "EUR"),
    ("usd", "USD"),
    ("gbp", "GBP"),
    ("Eur", "EUR"),
    ("Euro", "EUR"),
    ("euro", "EUR"),
    ("kr.", "kr"),
    ("Rs.", "Rs"),
    ("Bs.", "Bs"),
    ("Tk.", "Tk"),
    ("S/.", "S/"),
    ("Fr", "Fr."),
    ("FCFA", "XOF"),
    ("CFA", "XOF"),
    ("Ksh", "KSh"),
    ("\u{440}\u{443}\u{431}.", "\u{440}\u{443}\u{431}"),
    ("percent", "%"),
    ("per cent", "%"),
    ("pct", "%"),
    ("pct.", "%"),
];

/// Suffixes that stand for a power of ten, or of 1024, and the unit that they leave. `m` alone may
/// be metres, months, minutes or millions, so it is not here.
const SCALES: [(&str, i32, i32, &str); 25] = [
    ("k", 3, 0, POWERS),
    ("K", 3, 0, POWERS),
    ("M", 6, 0, POWERS),
    ("G", 9, 0, POWERS),
    ("bn", 9, 0, POWERS),
    ("mn", 6, 0, POWERS),
    ("mln", 6, 0, POWERS),
    ("Mio", 6, 0, POWERS),
    ("Mio.", 6, 0, POWERS),
    ("Mrd", 9, 0, POWERS),
    ("Mrd.", 9, 0, POWERS),
    ("million", 6, 0, POWERS),
    ("billion", 9, 0, POWERS),
    ("B", 0, 0, BYTES),
    ("bytes", 0, 0, BYTES),
    ("kB", 3, 0, BYTES),
    ("KB", 3, 0, BYTES),
    ("MB", 6, 0, BYTES),
    ("GB", 9, 0, BYTES),
    ("TB", 12, 0, BYTES),
    ("PB", 15, 0, BYTES),
    ("KiB", 0, 1, BYTES),
    ("MiB", 0, 2, BYTES),
    ("GiB", 0, 3, BYTES),
    ("TiB", 0, 4, BYTES),
];

/// Words before a measure; others name a thing: `iOS 13.1`, `Store 17`, `DSL 28`.
const ABOUT: [&str; 9] = [
    "approx", "about", "circa", "ca", "over", "under", "around", "etwa", "env",
];
/// What orders things; the number before it counts nothing.
const ORDERS: [&str; 10] = [
    "st", "nd", "rd", "th", "am", "pm", "er", "eme", "\u{e8}me", "ter",
];

const fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}' | '\u{e3f}')
}

/// Returns the percent sign or the currency that a text is.
pub(super) fn known_unit(text: &str) -> Option<&str> {
    // `US$`, `R$` and `Mex$` are dollars and the like of their own.
    let mut letters = text.chars();
    let is_sign = letters.next_back().is_some_and(is_currency_sign)
        && letters.clone().count() <= 3
        && letters.all(|c| c.is_ascii_alphabetic());
    if text == "%" || is_sign || CURRENCIES.contains(&text) {
        return Some(text);
    }
    let alias = ALIASES.iter().find(|(alias, _)| *alias == text);
    alias.map(|(_, unit)| *unit)
}

/// Returns whether a unit is a currency: those are named as such.
#[must_use]
pub(super) fn is_currency(unit: &str) -> bool {
    unit != "%" && known_unit(unit).is_some()
}

impl<'a> Around<'a> {
    const NOTHING: Self = Self {
        unit: None,
        affix: Affix::Known,
        exponent: 0,
        kibi: 0,
    };

    /// Understands what stands before a number and after it, without blanks; none if it makes the
    /// number a code, a version, a time, or if it is prose.
    pub(super) fn of(before: &'a str, after: &'a str, between: Between) -> Option<Self> {
        if before.is_empty() && after.is_empty() {
            return Some(Self::NOTHING);
        }
        let (currency, rest) = match (known_unit(before), known_unit(after)) {
            (Some(unit), None) => (Some(unit), after),
            (None, Some(unit)) => (Some(unit), before),
            // `$12.50 USD`: the code says it better.
            (Some(_), Some(unit)) => (Some(unit), ""),
            (None, None) => (None, ""),
        };
        if let Some(unit) = currency
            && rest.is_empty()
        {
            return Some(Self {
                unit: Some(Cow::Borrowed(unit)),
                ..Self::NOTHING
            });
        }
        if currency.is_some() && known_unit(before).is_some() {
            return Self::of_amount(before, after);
        }
        if before.is_empty() {
            return Self::after(after, between);
        }
        let prefix = prefix(before, between)?;
        if after.is_empty() {
            return Some(Self {
                unit: Some(Cow::Borrowed(before)),
                affix: prefix,
                ..Self::NOTHING
            });
        }
        let own = Self::after(after, between)?;
        let unit = own.unit.as_deref().unwrap_or_default();
        Some(Self {
            unit: Some(Cow::Owned(format!("{before}\u{2026}{unit}"))),
            affix: prefix.max(own.affix),
            ..own
        })
    }

    /// A currency before the number, and something after it: `$12k`, `€ 12/month`.
    fn of_amount(currency: &'a str, after: &'a str) -> Option<Self> {
        let scale = SCALES.iter().find(|(suffix, ..)| *suffix == after);
        if let Some((_, exponent, _, POWERS)) = scale {
            return Some(Self {
                unit: known_unit(currency).map(Cow::Borrowed),
                exponent: *exponent,
                ..Self::NOTHING
            });
        }
        is_name_of_unit(after).then(|| Self {
            unit: Some(Cow::Owned(format!("{currency} {after}"))),
            affix: Affix::Quantity,
            ..Self::NOTHING
        })
    }

    fn after(after: &'a str, between: Between) -> Option<Self> {
        if let Some(unit) = known_unit(after) {
            return Some(Self {
                unit: Some(Cow::Borrowed(unit)),
                ..Self::NOTHING
            });
        }
        // `12k €`, `3.5 GB/month`: what stands first may be a multiple.
        let head_ends = after.find(['/', ' ', '\u{a0}', '\u{20ac}', '$']);
        let (head, tail) = after.split_at(head_ends.unwrap_or(after.len()));
        let rest = tail.trim_start();
        if let Some((_, exponent, kibi, base)) = SCALES.iter().find(|(name, ..)| *name == head)
            && (tail.is_empty() || known_unit(rest).is_some() || is_rate(rest))
        {
            let (unit, affix) = match known_unit(rest) {
                _ if tail.is_empty() => (Cow::Borrowed(*base), Affix::Quantity),
                Some(currency) if *base == POWERS => (Cow::Borrowed(currency), Affix::Known),
                _ if *base == POWERS => (Cow::Borrowed(rest), Affix::Quantity),
                _ => (Cow::Owned(format!("{base}{tail}")), Affix::Quantity),
            };
            return Some(Self {
                unit: Some(unit),
                affix,
                exponent: *exponent,
                kibi: *kibi,
            });
        }
        if !is_name_of_unit(after) || ORDERS.contains(&&*after.to_ascii_lowercase()) {
            return None;
        }
        // Seats and codes end in a capital letter without a blank: `12A`.
        let is_code = !between.blanks[1] && after.starts_with(|c: char| c.is_uppercase());
        let affix = if is_code && !between.is_fine {
            Affix::Label
        } else {
            Affix::Quantity
        };
        // `1 month`, `2 months`.
        let one = match after.strip_suffix('s') {
            Some(one) if one.len() > 2 && one.bytes().all(|byte| byte.is_ascii_lowercase()) => one,
            _ => after,
        };
        Some(Self {
            unit: Some(Cow::Borrowed(one)),
            affix,
            ..Self::NOTHING
        })
    }
}

/// Returns whether a text after a number may be what it is counted in: up to three words, and not
/// what joins a number to a code.
fn is_name_of_unit(text: &str) -> bool {
    text.len() <= LONGEST
        && !text.starts_with(['-', '_', '#', '.', ',', ':', '+', '@', '\\', '='])
        && !text.contains(['@', ':', ';', '_', '(', ')'])
        && text.split_whitespace().count() <= 3
}

/// Whether a text says in what time or for what so much is: `/month`. Other words after a multiple
/// name a thing, `19M Plus`.
fn is_rate(text: &str) -> bool {
    let is_one = |text: &str| text.len() > 1 && is_name_of_unit(text);
    text.strip_prefix('/').is_some_and(is_one) || text.strip_prefix("per ").is_some_and(is_one)
}

/// Returns whether a text before a number says that it is not an exact one.
pub(super) fn is_about(before: &str) -> bool {
    ABOUT.contains(&&*before.trim_end_matches('.').to_lowercase())
}

/// Returns what a text before a number tells. Signs may stand there; a word is a currency, which is
/// known, or it names a thing that the number counts on: `iOS 13.1`, `C00123`, `KW 25`.
fn prefix(before: &str, between: Between) -> Option<Affix> {
    let last = before.chars().next_back()?;
    let is_word = before.chars().any(char::is_alphabetic);
    if before.len() > LONGEST
        || matches!(
            last,
            '#' | '@' | '/' | '-' | '_' | ':' | '+' | '(' | ',' | '\\' | '\u{2116}'
        )
        || is_word && !(is_about(before) && (between.blanks[0] || last == '.'))
    {
        return None;
    }
    Some(if between.is_fine {
        Affix::Quantity
    } else {
        Affix::Label
    })
}
