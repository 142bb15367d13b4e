//! The statements with which a database joins labels and predictions that it holds both.

use churn_base::error::{Error, Place, Result, nearest};
use churn_data::{Dialect, SqlColumn, SqlKind, SqlTime};

use super::spec::{LabelColumns, LabelSpec, Unmatched};
use super::tally::Rules;

/// The column with the label of a joined row: 0, 1, or null if it does not count.
pub(super) const LABEL: &str = "churnctl_label";

/// Keys that are shown as examples.
const EXAMPLES: usize = 3;
/// Most different texts of a label that are looked at.
const MOST_TEXTS: usize = 1_000;

/// Keys that are read as they are written: a letter first and a digit somewhere, so that they are neither numbers nor
/// marks of a missing value, or a UUID.
const PLAIN: &str =
    "^([A-Za-z][A-Za-z_-]*[0-9][0-9A-Za-z_-]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$";
/// What no such key has: to some engines a line break at the end is none.
const ODD: &str = "[^0-9A-Za-z_-]";
/// Of these, some might be days.
const MONTHS: &str = "^([Jj][Aa][Nn]|[Ff][Ee][Bb]|[Mm][Aa]|[Aa][Pp][Rr]|[Jj][Uu]|[Aa][Uu][Gg]|[Ss][Ee][Pp]|[Oo][Cc][Tt]|[Nn][Oo][Vv]|[Dd][Ee][Cc])";

/// The columns of a table, what stands after FROM, and what errors name.
pub(super) type NamedTable<'a> = (&'a [SqlColumn], &'a str, &'a str);

/// Both tables.
pub(super) struct Tables<'a> {
    pub(super) dialect: Dialect,
    pub(super) predictions: NamedTable<'a>,
    pub(super) labels: NamedTable<'a>,
}

/// What labels mean, once they have been looked at.
pub(super) struct Meaning<'a> {
    /// The texts of labels that count, as the database writes them.
    pub(super) all: Vec<String>,
    /// Those of them that mean churned.
    pub(super) positive: Vec<String>,
    pub(super) rules: &'a Rules,
}

/// What is read of one side: a table and expressions of its columns.
#[derive(Debug)]
struct Side {
    from: String,
    keys: Vec<String>,
    /// Seconds since 1970-01-01 00:00 by the clock of its times.
    time: String,
    /// Conditions that are true for keys which may be read otherwise than they are written.
    doubts: Vec<String>,
}

/// The statements of one join.
#[derive(Debug)]
pub(super) struct Statements {
    dialect: Dialect,
    predictions: Side,
    labels: Side,
    /// The text of a label.
    value: String,
    /// Seconds after a prediction in which its label may come.
    length: i64,
    has_times: bool,
    /// The present by the clock of the times.
    now: i64,
}

impl Statements {
    /// Prepares the statements; says why not, if a database would compare otherwise than rows that are read are compared.
    ///
    /// # Errors
    /// Bad input if a column is not there.
    pub(super) fn of(
        tables: Tables<'_>,
        spec: &LabelSpec,
        columns: &LabelColumns,
    ) -> Result<Result<Self, String>> {
        let Tables {
            dialect,
            predictions,
            labels,
        } = tables;
        let is_ours = |column: &&SqlColumn| column.name.to_lowercase().starts_with("churnctl_");
        if let Some(column) = predictions.0.iter().find(is_ours) {
            return Ok(Err(format!(
                "the column \"{}\" has a name of ours",
                column.name
            )));
        }
        let mut sides = [predictions, labels].map(|(_, from, _)| Side {
            from: from.to_owned(),
            keys: Vec::new(),
            time: "0".to_owned(),
            doubts: Vec::new(),
        });
        for key in spec.join.columns() {
            let both = [
                column(predictions, &key.predictions)?,
                column(labels, &key.labels)?,
            ];
            let kinds = both.map(KeyKind::of);
            if kinds[0] != kinds[1] || kinds[0] == KeyKind::Other {
                let [one, other] = both.map(|column| column.type_name.as_str());
                return Ok(Err(format!(
                    "keys of the types {one} and {other} are compared by their texts"
                )));
            }
            for (side, column) in sides.iter_mut().zip(both) {
                let value = dialect.value(column);
                let is_text = kinds[0] == KeyKind::Text;
                let key = match is_text {
                    true => dialect.by_bytes(&dialect.to_text(&value)),
                    false => value.clone(),
                };
                if is_text {
                    let odd = dialect.matches(&value, ODD);
                    let (plain, months) = (
                        dialect.matches(&value, PLAIN),
                        dialect.matches(&value, MONTHS),
                    );
                    side.doubts.push(format!(
                        "{value} is not null and (not {plain} or {months} or {odd})"
                    ));
                }
                side.keys.push(key);
            }
        }
        let [mut predictions_side, mut labels_side] = sides;
        let times = [
            (
                &mut predictions_side,
                predictions,
                Some(&spec.prediction_time),
            ),
            (&mut labels_side, labels, columns.time.as_ref()),
        ];
        for (side, table, name) in times {
            let Some(name) = name else { continue };
            let column = column(table, name)?;
            match SqlTime::of(dialect, column) {
                None => return Ok(Err(format!("the times of \"{name}\" are texts to it"))),
                Some(SqlTime::Instant) if spec.zone.name() != "UTC" => {
                    return Ok(Err(format!(
                        "\"{name}\" has instants, and the zone is not UTC"
                    )));
                }
                Some(kind) => side.time = dialect.seconds(kind, &dialect.value(column)),
            }
        }
        let Some(length) = spec.window.seconds() else {
            return Ok(Err("months are not of one length".to_owned()));
        };
        let value = match &columns.label {
            Some(name) => dialect.by_bytes(&dialect.to_text(&dialect.value(column(labels, name)?))),
            None => dialect.text(""),
        };
        Ok(Ok(Self {
            dialect,
            predictions: predictions_side,
            labels: labels_side,
            value,
            length,
            has_times: columns.time.is_some(),
            now: spec.zone.civil(spec.now),
        }))
    }

    /// For each key of texts the rows with one that may be read otherwise than it is written.
    pub(super) fn keys_that_are_not_plain(&self) -> Vec<String> {
        let sides = [&self.predictions, &self.labels].into_iter();
        let doubts = sides.flat_map(|side| side.doubts.iter().map(|doubt| (&side.from, doubt)));
        doubts
            .map(|(from, doubt)| {
                let count = self.dialect.to_text("count(*)");
                format!("select {count} from {from} where {doubt}")
            })
            .collect()
    }

    /// Labels, those without a time, of a time to come, and without a key, and the latest time of the others.
    pub(super) fn labels_by_use(&self) -> String {
        let (time, has_key) = ("t", self.labels.has_key());
        let in_time = format!("{time} <= {}", self.now);
        let figures = [
            "count(*)".to_owned(),
            sum(&format!("{time} is null")),
            sum(&format!("{time} > {}", self.now)),
            sum(&format!("{in_time} and not ({has_key})")),
            format!("max(case when {in_time} and {has_key} then {time} end)"),
        ];
        format!("select {} from {}", self.texts(figures), self.labels_read())
    }

    /// For each text of the labels that have key and time their number, and the least, the greatest and the sum of their
    /// times.
    pub(super) fn values(&self) -> String {
        let figures = ["v", "count(*)", "min(t)", "max(t)", "sum(t)"].map(str::to_owned);
        format!(
            "select {} from {} where t <= {} and {} group by v limit {}",
            self.texts(figures),
            self.labels_read(),
            self.now,
            self.labels.has_key(),
            MOST_TEXTS + 1
        )
    }

    pub(super) fn examples_of_predictions(&self) -> String {
        self.examples(&self.predictions)
    }

    pub(super) fn examples_of_labels(&self) -> String {
        self.examples(&self.labels)
    }

    fn examples(&self, side: &Side) -> String {
        format!(
            "select {} from (select {} from {}) as keyed where {} limit {EXAMPLES}",
            self.texts(side.names()),
            side.named(),
            side.from,
            side.has_key()
        )
    }

    fn texts(&self, figures: impl IntoIterator<Item = String>) -> String {
        let figures = figures.into_iter();
        listed(figures.map(|figure| self.dialect.to_text(&figure)))
    }

    /// Labels with what is read of them.
    fn labels_read(&self) -> String {
        format!(
            "(select {}, {} as t, {} as v from {}) as labels",
            self.labels.named(),
            self.labels.time,
            self.value,
            self.labels.from
        )
    }

    /// Labels that count, with whether they mean churned.
    fn labels_that_count(&self, meaning: &Meaning<'_>) -> String {
        let texts = |texts: &[String]| match texts {
            [] => "null".to_owned(),
            texts => listed(texts.iter().map(|text| self.dialect.text(text))),
        };
        format!(
            "(select {}, t, case when v in ({}) then 1 else 0 end as y from {} where t <= {} and {} and v in ({}))",
            listed(self.labels.names()),
            texts(&meaning.positive),
            self.labels_read(),
            self.now,
            self.labels.has_key(),
            texts(&meaning.all),
        )
    }

    /// All predictions with all of their columns.
    fn predictions_read(&self) -> String {
        let Side { from, time, .. } = &self.predictions;
        let keys = self.predictions.named();
        format!("(select *, {keys}, {time} as churnctl_at from {from})")
    }

    /// Keys and times of predictions that have both, with the number of their rows.
    fn moments(&self) -> String {
        let keys = listed(self.predictions.names());
        format!(
            "(select {keys}, churnctl_at, count(*) as c from {} as keyed where churnctl_at is not null and {} \
             group by {keys}, churnctl_at)",
            self.predictions_read(),
            self.predictions.has_key()
        )
    }

    /// Whether the label `l` lies in the window of the moment `m`, beside having its key.
    fn in_window(&self) -> String {
        match self.has_times {
            false => String::new(),
            true => format!(
                " and l.t >= m.churnctl_at and l.t < m.churnctl_at + {}",
                self.length
            ),
        }
    }

    fn same_keys(&self, one: &str, other: &str) -> String {
        let keys = self.predictions.names().into_iter();
        let keys = keys.map(|key| format!("{one}.{key} = {other}.{key}"));
        keys.collect::<Vec<_>>().join(" and ")
    }

    fn keys_of(&self, alias: &str) -> String {
        let keys = self.predictions.names().into_iter();
        listed(keys.map(|key| format!("{alias}.{key}")))
    }

    /// The predictions with what became of them, and their columns.
    ///
    /// The last labels of a window decide. Of `2 t + y` and `2 t + 1 - y` the greatest are told apart by whether a
    /// label of the last time means churned, and whether one means stayed.
    pub(super) fn joined(
        &self,
        meaning: &Meaning<'_>,
        columns: &[SqlColumn],
    ) -> (String, Vec<SqlColumn>) {
        let found = format!(
            "(select {keys}, m.churnctl_at, count(*) as n, min(l.y) as lo, max(l.y) as hi, max(2 * l.t + l.y) as last_yes, \
             max(2 * l.t + 1 - l.y) as last_no from {moments} as m join {labels} as l on {same}{in_window} \
             group by {keys}, m.churnctl_at)",
            keys = self.keys_of("m"),
            moments = self.moments(),
            labels = self.labels_that_count(meaning),
            same = self.same_keys("m", "l"),
            in_window = self.in_window(),
        );
        let unmatched = match meaning.rules.unmatched {
            Unmatched::Negative => "0",
            Unmatched::Drop => "null",
        };
        let is_mature = self.is_mature("p.", meaning);
        let from = format!(
            "(select p.*, f.n as churnctl_n, f.lo as churnctl_lo, f.hi as churnctl_hi, f.last_yes as churnctl_yes, \
             f.last_no as churnctl_no, case when not ({is_mature}) then null when f.n is null then {unmatched} \
             when f.last_yes = f.last_no then null when f.last_yes > f.last_no then 1 else 0 end as {LABEL} \
             from {predictions} as p left join {found} as f on {same} and p.churnctl_at = f.churnctl_at) as joined",
            predictions = self.predictions_read(),
            same = self.same_keys("p", "f"),
        );
        let label = SqlColumn {
            name: LABEL.to_owned(),
            kind: SqlKind::Number,
            type_name: "integer".to_owned(),
        };
        (from, columns.iter().cloned().chain([label]).collect())
    }

    /// Whether a prediction can be joined, and its window has closed. Never null.
    fn is_mature(&self, of: &str, meaning: &Meaning<'_>) -> String {
        let watermark = meaning.rules.watermark;
        format!(
            "{} and {of}churnctl_at + {} <= {watermark}",
            self.can_be_joined(of),
            self.length
        )
    }

    fn can_be_joined(&self, of: &str) -> String {
        let keys = self.predictions.names().into_iter();
        let keys = keys.map(|key| format!("{of}{key} is not null"));
        let all = keys.chain([format!("{of}churnctl_at is not null")]);
        all.collect::<Vec<_>>().join(" and ")
    }

    /// What is summed of the joined predictions: rows, those without a time, without a key, immature, unmatched,
    /// conflicting, matched, twice, differing.
    pub(super) fn predictions_by_fate(&self, meaning: &Meaning<'_>) -> Vec<String> {
        let mature = self.is_mature("", meaning);
        let can_be_joined = self.can_be_joined("");
        let one_if = |condition: String| format!("case when {condition} then 1 else 0 end");
        let mut figures = vec!["1".to_owned()];
        figures.extend(
            [
                "churnctl_at is null".to_owned(),
                format!(
                    "churnctl_at is not null and not ({})",
                    self.predictions.has_key()
                ),
                format!("{can_be_joined} and not ({mature})"),
                format!("{mature} and churnctl_n is null"),
                format!("{mature} and churnctl_yes = churnctl_no"),
                format!("{mature} and churnctl_yes <> churnctl_no"),
                format!("{mature} and churnctl_n > 1"),
                format!("{mature} and churnctl_lo <> churnctl_hi"),
            ]
            .map(one_if),
        );
        figures
    }

    /// Labels in a window, in several, without a prediction, from before all of them, and from after their windows.
    pub(super) fn labels_by_fate(&self, meaning: &Meaning<'_>) -> String {
        let labels = self.labels_that_count(meaning);
        let moments = self.moments();
        let keys = listed(self.predictions.names());
        let in_windows = format!(
            "(select {of_l}, l.t, sum(m.c) as c from (select distinct {keys}, t from {labels} as keyed) as l \
             join {moments} as m on {same}{in_window} group by {of_l}, l.t)",
            of_l = self.keys_of("l"),
            same = self.same_keys("l", "m"),
            in_window = self.in_window(),
        );
        let firsts = format!(
            "(select {keys}, min(churnctl_at) as earliest from {moments} as keyed group by {keys})"
        );
        let figures = [
            "w.c is not null",
            "w.c > 1",
            "w.c is null and e.earliest is null",
            "w.c is null and l.t < e.earliest",
            "w.c is null and l.t >= e.earliest",
        ];
        format!(
            "select {} from {labels} as l left join {in_windows} as w on {} and l.t = w.t left join {firsts} as e on {}",
            self.texts(figures.map(sum)),
            self.same_keys("l", "w"),
            self.same_keys("l", "e"),
        )
    }
}

impl Side {
    /// The names of its keys, which both sides share.
    fn names(&self) -> Vec<String> {
        let keys = 0..self.keys.len();
        keys.map(|at| format!("churnctl_k{at}")).collect()
    }

    /// The keys under their names.
    fn named(&self) -> String {
        let keys = self.keys.iter().zip(self.names());
        listed(keys.map(|(key, name)| format!("{key} as {name}")))
    }

    /// Whether a row has a key. Never null.
    fn has_key(&self) -> String {
        let keys = self.names().into_iter();
        let keys = keys.map(|key| format!("{key} is not null"));
        keys.collect::<Vec<_>>().join(" and ")
    }
}

/// How a key is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum KeyKind {
    /// As whole numbers.
    Integer,
    /// As texts, which may be read otherwise than they are written.
    Text,
    /// As what only this type has.
    Own(String),
    /// By texts that a database has not.
    Other,
}

impl KeyKind {
    fn of(column: &SqlColumn) -> Self {
        match (column.kind, column.type_name.as_str()) {
            (SqlKind::Number, "int2" | "int4" | "int8" | "oid" | "integer")
            | (SqlKind::Number, "tinyint" | "smallint" | "int" | "bigint") => Self::Integer,
            (SqlKind::Text, "text" | "varchar" | "bpchar" | "name" | "string" | "char") => {
                Self::Text
            }
            (SqlKind::Text, own @ ("uuid" | "date")) => Self::Own(own.to_owned()),
            _ => Self::Other,
        }
    }
}

fn column<'a>((columns, _, name_of_table): NamedTable<'a>, name: &str) -> Result<&'a SqlColumn> {
    let found = columns.iter().find(|column| column.name == name);
    found.ok_or_else(|| {
        let place = Place {
            file: name_of_table.to_owned(),
            ..Place::default()
        };
        let error = Error::bad_input(format!("there is no column \"{name}\"")).at(place);
        let names = || columns.iter().map(|column| column.name.as_str());
        error.hint(match nearest(name, names()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!(
                "the columns are: {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        })
    })
}

fn sum(condition: &str) -> String {
    format!("coalesce(sum(case when {condition} then 1 else 0 end), 0)")
}

fn listed(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use churn_data::{Value, canonical, classify};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_keys_are_read_as_they_are_written(
            key in prop_oneof![
                "[A-Za-z][A-Za-z_-]{0,4}[0-9][0-9A-Za-z_-]{0,6}",
                "[A-Za-z]{1,3}-?[0-9]{1,4}-?[0-9]{0,2}",
                "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            ],
        ) {
            let months = ["jan", "feb", "ma", "apr", "ju", "aug", "sep", "oct", "nov", "dec"];
            let small = key.to_ascii_lowercase();
            prop_assume!(!months.iter().any(|month| small.starts_with(month)));
            prop_assert_eq!(&*canonical(key.as_bytes()), key.as_bytes());
            prop_assert!(!matches!(classify(key.as_bytes()), Value::Missing(_)));
        }
    }

    #[test]
    fn keys_are_compared_only_as_far_as_a_database_compares_them_as_we_do() {
        let column = |kind: SqlKind, type_name: &str| SqlColumn {
            name: "key".to_owned(),
            kind,
            type_name: type_name.to_owned(),
        };
        let kind = |kind, type_name| KeyKind::of(&column(kind, type_name));
        assert_eq!(kind(SqlKind::Number, "int8"), kind(SqlKind::Number, "int4"));
        assert_eq!(kind(SqlKind::Text, "uuid"), KeyKind::Own("uuid".to_owned()));
        for (of, type_name) in [
            (SqlKind::Number, "float8"),
            (SqlKind::Number, "numeric"),
            (SqlKind::Single, "float4"),
            (SqlKind::Text, "timestamp"),
            (SqlKind::Uncountable, "bytea"),
        ] {
            assert_eq!(kind(of, type_name), KeyKind::Other, "{type_name}");
        }
    }
}
