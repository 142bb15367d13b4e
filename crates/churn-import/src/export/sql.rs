//! A model as one SELECT of PostgreSQL: texts and missing values as the model takes them, trees as CASE, the
//! calibration. What proves it is for others.

use std::fmt::Write as _;

use churn_data::{Dialect, canonical_number};
use churn_model::artifact::Calibration;

use super::model::{Exportable, Sum, ZERO, is_of_number, levels_of};
use crate::foreign::{Line, Node, Split, Tree};

const SQL: Dialect = Dialect::Postgres;
/// Terms in a bracket: the parser of PostgreSQL goes as deep as a sum is long.
const TERMS: usize = 50;
/// True of every row. PostgreSQL would remember rows by what a subquery asks of them, once for each place that asks, and fail
/// where a model asks more than 1,664 times; it doesn't remember by a type that has no hash.
const NOT_MEMOIZED: &str = "WHERE t.unhashable IS NULL\n  ";
/// What stands for a missing value in a table of texts.
pub(super) const MARKS: [&str; 44] = [
    "", "NA", "N/A", "n/a", "<NA>", "<na>", "#N/A", "#NA", "#N/A N/A", "null", "NULL", "Null",
    "None", "\\N", "(null)", "(NULL)", "[null]", "[NULL]", "<null>", "<NULL>", "#NULL!", "NaT",
    "NaN", "nan", "NAN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "?", "??", "???", "-", "--",
    "---", ".", "..", "*", "\u{2013}", "\u{2014}", "nil", "none", "na", "n.a.",
];
/// Numbers without an end are missing to a model.
const INFINITE: [&str; 6] = ["inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"];
/// Spellings of truth values.
pub(super) const TRUTHS: [&str; 22] = [
    "true", "True", "TRUE", "t", "T", "yes", "Yes", "YES", "y", "Y", "1", "false", "False",
    "FALSE", "f", "F", "no", "No", "NO", "n", "N", "0",
];

impl Exportable {
    /// Returns a statement that selects all columns of `from`, which has the alias `data`, and the score. An older score
    /// of the same name among its columns, as far as they are known, is left out.
    #[must_use]
    pub fn sql(&self, from: &str, score: &str, columns: &[String]) -> String {
        let others = columns.iter().filter(|name| *name != score);
        let others: Vec<String> = others
            .map(|name| format!("data.{}", SQL.name(name)))
            .collect();
        let data = match others.len() < columns.len() && !others.is_empty() {
            true => others.join(", "),
            false => "data.*".to_owned(),
        };
        let mut sql = format!("SELECT {data}, score.{}\nFROM {from}\n", SQL.name(score));
        let count = self.features.len();
        let texts = (0..count).map(|at| {
            let column = format!("data.{}", SQL.name(&self.features[at].name));
            format!("btrim({}, E' \\t\\r\\n') AS t{at}", SQL.to_text(&column))
        });
        // OFFSET 0: what is computed once stays computed once, and is not put into every place that names it.
        let unhashable = "NULL::json AS unhashable".to_owned();
        let texts: Vec<String> = texts.chain([unhashable]).collect();
        lateral(&mut sql, &texts, "", "t");
        let values: Vec<String> = (0..count)
            .map(|at| format!("{} AS f{at}", self.value(at)))
            .collect();
        lateral(&mut sql, &values, NOT_MEMOIZED, "f");
        let log_odds = [format!("{} AS z", self.log_odds())];
        lateral(&mut sql, &log_odds, NOT_MEMOIZED, "s");
        let probability = [format!("{} AS {}", self.probability(), SQL.name(score))];
        lateral(&mut sql, &probability, NOT_MEMOIZED, "score");
        sql
    }

    /// What the model takes of a column: a number, or the position of a level.
    fn value(&self, at: usize) -> String {
        let cell = |text: &&str| self.scorer.cell_of_field(at, text.as_bytes()).ok();
        let Some(levels) = levels_of(&self.features[at]) else {
            let mut marks: Vec<String> = MARKS.iter().map(|mark| mark.to_lowercase()).collect();
            marks.extend(INFINITE.map(str::to_owned));
            marks.sort();
            marks.dedup();
            let mut case = format!("CASE WHEN lower(t.t{at}) IN ({}) THEN NULL", listed(&marks));
            if self.scorer.takes_truth(at) {
                for truth in [0.0, 1.0] {
                    let texts = TRUTHS.iter().filter(|text| cell(text) == Some(truth));
                    let texts: Vec<&str> = texts.copied().collect();
                    let _ = write!(case, " WHEN t.t{at} IN ({}) THEN {truth}", listed(&texts));
                }
            }
            let number = SQL.to_double(&format!("t.t{at}"));
            let case = format!("{case} ELSE {number} END");
            return match self.zero_is_missing[at] {
                true => format!(
                    "CASE WHEN abs({case}) <= {} THEN NULL ELSE {case} END",
                    number_of(ZERO)
                ),
                false => case,
            };
        };
        let marks = MARKS
            .iter()
            .filter(|text| cell(text).is_some_and(f64::is_nan));
        let marks: Vec<&str> = marks.copied().collect();
        let mut case = format!(
            "CASE WHEN t.t{at} IS NULL OR t.t{at} IN ({}) THEN NULL",
            listed(&marks)
        );
        for (position, level) in levels.iter().enumerate() {
            let mut texts = vec![level.clone()];
            let others = TRUTHS.iter().map(|text| (*text).to_owned());
            let others = others.chain([format!("{level}.0"), format!("{level}.00")]);
            let is_same = |text: &String| cell(&text.as_str()) == Some(position as f64);
            texts.extend(others.filter(|text| text != level && is_same(text)));
            let _ = write!(
                case,
                " WHEN t.t{at} IN ({}) THEN {position}",
                listed(&texts)
            );
        }
        format!("{case} ELSE {} END", levels.len())
    }

    fn log_odds(&self) -> String {
        let (first, terms): (f64, Vec<String>) = match &self.sum {
            Sum::Lines { intercept, lines } => {
                let lines = lines.iter().enumerate();
                (
                    *intercept,
                    lines.map(|(at, line)| line_of(at, line)).collect(),
                )
            }
            Sum::Trees { base, trees } => (
                *base,
                trees.iter().map(|tree| tree_of(tree, self)).collect(),
            ),
        };
        let mut sum = double(first);
        for terms in terms.chunks(TERMS) {
            let _ = write!(sum, "\n  + ({})", terms.join("\n  + "));
        }
        sum
    }

    fn probability(&self) -> String {
        // Beyond 40 the exponential is nothing to 1, and further out an error.
        let logistic = |z: &str| format!("1 / (1 + exp(-least(greatest({z}, -40), 40)))");
        let probability = match &self.calibration {
            Calibration::None => logistic("s.z"),
            Calibration::Platt { slope, intercept } => logistic(&format!(
                "{} * s.z + {}",
                double(*slope),
                double(*intercept)
            )),
            Calibration::Isotonic {
                log_odds,
                probability,
            } => isotonic(log_odds, probability),
        };
        let (least, most) = (f64::EPSILON, 1.0 - f64::EPSILON);
        format!(
            "least(greatest({probability}, {}), {})",
            double(least),
            double(most)
        )
    }
}

fn isotonic(knots: &[f64], values: &[f64]) -> String {
    let mut case = "CASE".to_owned();
    for (at, knot) in knots.iter().enumerate() {
        let value = match at.checked_sub(1) {
            None => double(values[0]),
            Some(before) => format!(
                "{} + (s.z - {}) * {}",
                double(values[before]),
                double(knots[before]),
                double((values[at] - values[before]) / (knot - knots[before]))
            ),
        };
        let _ = write!(case, " WHEN s.z < {} THEN {value}", double(*knot));
    }
    format!(
        "{case} ELSE {} END",
        double(values.last().copied().unwrap_or(0.5))
    )
}

fn lateral(sql: &mut String, columns: &[String], rows: &str, alias: &str) {
    let columns = columns.join(",\n  ");
    let _ = write!(
        sql,
        "CROSS JOIN LATERAL (SELECT\n  {columns}\n  {rows}OFFSET 0) AS {alias}\n"
    );
}

fn listed<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| SQL.text(text.as_ref())).collect();
    texts.join(", ")
}

/// A number in a comparison with a double, which makes it one.
fn number_of(number: f64) -> String {
    canonical_number(number)
}

/// A double: sums of other numbers would be decimals, and slow.
fn double(number: f64) -> String {
    match number < 0.0 {
        true => format!("({}::float8)", number_of(number)),
        false => format!("{}::float8", number_of(number)),
    }
}

fn line_of(at: usize, line: &Line) -> String {
    if is_of_number(line) {
        let (offset, slope) = (double(line.offset), double(line.slope));
        return format!(
            "coalesce({offset} + {slope} * f.f{at}, {})",
            double(line.missing)
        );
    }
    let mut case = format!("CASE WHEN f.f{at} IS NULL THEN {}", double(line.missing));
    for (position, level) in line.levels.iter().enumerate() {
        let _ = write!(case, " WHEN f.f{at} = {position} THEN {}", double(*level));
    }
    format!("{case} ELSE {} END", double(line.other))
}

fn tree_of(tree: &Tree, model: &Exportable) -> String {
    let mut sql = String::new();
    node_of(tree, 0, model, &mut sql);
    sql
}

/// A comparison with NULL is not true, so that the branch of missing values is always the last.
fn node_of(tree: &Tree, at: usize, model: &Exportable, sql: &mut String) {
    match &tree[at] {
        Node::Leaf { output, .. } => sql.push_str(&double(*output)),
        Node::Split {
            feature,
            split,
            missing_left,
            left,
            right,
            ..
        } => {
            let levels = levels_of(&model.features[*feature]).map_or(0, <[String]>::len);
            let (test, first, last) = match missing_left {
                false => (test(*feature, split, levels, false), left, right),
                true => (test(*feature, split, levels, true), right, left),
            };
            let _ = write!(sql, "CASE WHEN {test} THEN ");
            node_of(tree, *first, model, sql);
            sql.push_str(" ELSE ");
            node_of(tree, *last, model, sql);
            sql.push_str(" END");
        }
    }
}

/// The test that a value goes left, or that it does not.
fn test(feature: usize, split: &Split, levels: usize, is_turned: bool) -> String {
    let (asked, is_asked) = match split {
        Split::Below(threshold) => {
            let sign = if is_turned { ">=" } else { "<" };
            return format!("f.f{feature} {sign} {}", number_of(*threshold));
        }
        Split::OneOf(asked) => (asked, !is_turned),
        Split::NoneOf(asked) => (asked, is_turned),
    };
    let all = (0..=levels as u32).filter(|level| asked.contains(level) == is_asked);
    let wanted: Vec<String> = all.map(|level| level.to_string()).collect();
    match wanted.len() {
        0 => "FALSE".into(),
        count if count == levels + 1 => format!("f.f{feature} IS NOT NULL"),
        _ => format!("f.f{feature} IN ({})", wanted.join(", ")),
    }
}
