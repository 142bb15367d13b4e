//! Units that things are measured in, and what an unknown text after a number may be. A unit that
//! nobody knows may as well be the letter of a seat or the name of a plan, so more is asked of it.

use super::affix::{BYTES, POWERS, is_about, known_unit};

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// Of a known dimension: `km`, `GB`, `months`, `k`.
    Measure(&'static str),
    /// A single letter that may be one of a known dimension: `m`, or a seat's.
    Letter(&'static str),
    /// Signs without letters: `'`, `="…"`, `°`.
    Sign,
    /// A word that no list has. Units are seldom capitalized as names are.
    Word { is_name: bool },
    /// A letter that no unit has.
    Code,
}

/// Names by dimension; of words in lower case, the plural in `s` is left out.
const MEASURES: [(&str, &[&str]); 16] = [
    (
        "length",
        &[
            "km",
            "cm",
            "mm",
            "mi",
            "mile",
            "ft",
            "feet",
            "foot",
            "inch",
            "inches",
            "yd",
            "yard",
            "meter",
            "metre",
            "kilometer",
            "kilometre",
            "Meter",
            "Kilometer",
            "km.",
            "\u{43a}\u{43c}",
        ],
    ),
    (
        "mass",
        &[
            "kg",
            "mg",
            "lb",
            "lbs",
            "oz",
            "gram",
            "ton",
            "tonne",
            "kilogram",
            "\u{43a}\u{433}",
        ],
    ),
    (
        "volume",
        &[
            "ml", "mL", "cl", "dl", "gal", "gallon", "liter", "litre", "Liter", "m\u{b3}", "m3",
        ],
    ),
    (
        "area",
        &[
            "m\u{b2}", "m2", "qm", "sqm", "sqft", "sq ft", "ha", "km\u{b2}", "km2",
        ],
    ),
    (
        "time",
        &[
            "ms",
            "sec",
            "sec.",
            "second",
            "min",
            "min.",
            "minute",
            "mins",
            "hr",
            "hrs",
            "hour",
            "day",
            "wk",
            "week",
            "month",
            "mo",
            "mth",
            "yr",
            "yrs",
            "year",
            "Sekunden",
            "Minuten",
            "Std",
            "Std.",
            "Stunden",
            "Tage",
            "Wochen",
            "Monate",
            "Jahre",
            "jour",
            "heure",
            "semaine",
            "mois",
            "an",
            "ans",
            "d\u{ed}a",
            "d\u{ed}as",
            "mes",
            "meses",
            "a\u{f1}o",
            "a\u{f1}os",
            "ore",
            "giorni",
            "mesi",
            "anni",
            "\u{434}\u{43d}\u{435}\u{439}",
            "\u{447}",
        ],
    ),
    (
        "energy",
        &[
            "Wh", "kWh", "MWh", "GWh", "kJ", "MJ", "kcal", "cal", "therm",
        ],
    ),
    ("power", &["kW", "MW", "GW", "kVA", "hp", "PS"]),
    ("current", &["mA", "mAh", "Ah"]),
    ("voltage", &["kV", "mV"]),
    ("frequency", &["Hz", "kHz", "MHz", "GHz"]),
    (
        "bandwidth",
        &[
            "bps", "kbps", "Kbps", "Mbps", "Gbps", "kbit", "Mbit", "Gbit", "bit",
        ],
    ),
    ("temperature", &["\u{b0}C", "\u{b0}F", "\u{b0}K", "deg"]),
    (
        "pressure",
        &["bar", "mbar", "psi", "hPa", "kPa", "Pa", "mmHg"],
    ),
    ("speed", &["mph", "kn", "knot", "kmh"]),
    (
        "dose",
        &["mmol", "mol", "mcg", "\u{b5}g", "IU", "dB", "Nm", "kN"],
    ),
    (
        "count",
        &[
            "pcs",
            "pc",
            "piece",
            "Stk",
            "Stk.",
            "St\u{fc}ck",
            "pt",
            "pts",
            "point",
            "Punkte",
            "Personen",
            "times",
            "call",
            "item",
            "unit",
            "bp",
            "bps.",
        ],
    ),
];

/// Single letters that are units.
const LETTERS: [(&str, &str); 12] = [
    ("m", "length"),
    ("g", "mass"),
    ("t", "mass"),
    ("l", "volume"),
    ("L", "volume"),
    ("h", "time"),
    ("s", "time"),
    ("d", "time"),
    ("W", "power"),
    ("V", "voltage"),
    ("A", "current"),
    ("J", "energy"),
];

impl UnitKind {
    /// Returns what a unit is, as [`Around`](super::affix::Around) names it.
    pub(super) fn of(unit: &str) -> Self {
        // `="…"`, `ca.…km`: what stands before the number is a sign, or says that it is about so much.
        let own = match unit.split_once('\u{2026}') {
            Some((_, own)) => own,
            None if is_about(unit) => return Self::Sign,
            None => unit,
        };
        // `€ /month`
        let own = match own.split_once(' ') {
            Some((first, rest)) if known_unit(first).is_some() => rest,
            _ => own,
        };
        match own {
            POWERS => return Self::Measure("powers of ten"),
            BYTES => return Self::Measure("bytes"),
            _ => {}
        }
        let head = own.split('/').next().unwrap_or_default();
        let head = head.split(" per ").next().unwrap_or_default().trim();
        if head.is_empty() && !own.is_empty() {
            return Self::Measure("rate");
        }
        if !own.chars().any(char::is_alphabetic) {
            return Self::Sign;
        }
        if head == BYTES && head != own {
            return Self::Measure("bytes a time");
        }
        if let Some((_, dimension)) = LETTERS.iter().find(|(letter, _)| *letter == head) {
            return if head == own {
                Self::Letter(dimension)
            } else {
                Self::Measure("rate")
            };
        }
        let has = |names: &[&str]| names.contains(&head);
        if let Some((dimension, _)) = MEASURES.iter().find(|(_, names)| has(names)) {
            return Self::Measure(dimension);
        }
        let letters = own.chars().filter(|c| c.is_alphabetic()).count();
        if letters == 1 {
            return Self::Code;
        }
        Self::Word {
            is_name: own.chars().any(char::is_uppercase),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_a_dimension_and_codes_have_none() {
        for (unit, kind) in [
            ("km", UnitKind::Measure("length")),
            ("km/h", UnitKind::Measure("length")),
            ("month", UnitKind::Measure("time")),
            (POWERS, UnitKind::Measure("powers of ten")),
            (BYTES, UnitKind::Measure("bytes")),
            ("B/month", UnitKind::Measure("bytes a time")),
            ("\u{20ac} /month", UnitKind::Measure("rate")),
            ("m", UnitKind::Letter("length")),
            ("C", UnitKind::Code),
            ("a", UnitKind::Code),
            ("'", UnitKind::Sign),
            ("=\"\u{2026}\"", UnitKind::Sign),
            ("ca.", UnitKind::Sign),
            ("ca.\u{2026}km", UnitKind::Measure("length")),
            ("AB", UnitKind::Word { is_name: true }),
            ("M Plus", UnitKind::Word { is_name: true }),
            ("widgets", UnitKind::Word { is_name: false }),
        ] {
            assert_eq!(UnitKind::of(unit), kind, "{unit}");
        }
    }
}
