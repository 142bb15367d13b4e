//! Label columns: what they are called, and which of their values means churned.

use churn_base::error::{Error, Result};

use super::canonical::{canonical_text, truth};

/// Values that mean churned in anybody's table, in small letters.
const POSITIVE: [&str; 9] = [
    "1", "1.0", "true", "t", "yes", "y", "churn", "churned", "positive",
];

/// What labels are called in anybody's table: letters and digits alone, in lower case.
const NAMES: [&str; 25] = [
    "churn",
    "churned",
    "churnlabel",
    "churnflag",
    "churnvalue",
    "churnstatus",
    "ischurn",
    "ischurned",
    "haschurned",
    "exited",
    "attrition",
    "attritionflag",
    "attrited",
    "left",
    "hasleft",
    "cancelled",
    "canceled",
    "iscancelled",
    "iscanceled",
    "target",
    "label",
    "y",
    "ytrue",
    "outcome",
    "groundtruth",
];

/// Returns whether a column is named as labels are: `Churn`, `is_churn`, `Exited`, `y_true`. A
/// whole name, in any case; a column of more than two values is none whatever its name.
#[must_use]
pub fn named_like_a_label(name: &str) -> bool {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let letters: String = letters.flat_map(char::to_lowercase).collect();
    NAMES.contains(&letters.as_str())
}

/// Returns the one of `values` that means churned: the named one, or the one that plainly does.
///
/// # Errors
/// Bad input if there are more than two values, if none has the name, or if it is not plain.
pub fn positive_label<'a>(
    column: &str,
    values: impl IntoIterator<Item = &'a str>,
    named: Option<&str>,
) -> Result<String> {
    let mut labels: Vec<&str> = values.into_iter().collect();
    labels.sort_unstable();
    labels.dedup();
    let quoted = |labels: &[&str]| {
        let quoted: Vec<String> = labels
            .iter()
            .take(8)
            .map(|label| format!("\"{label}\""))
            .collect();
        let more = labels.len().saturating_sub(8);
        let listed = quoted.join(", ");
        if more > 0 {
            format!("{listed} and {more} more")
        } else {
            listed
        }
    };
    let mut distinct: Vec<String> = labels.iter().map(|label| canonical_label(label)).collect();
    distinct.sort();
    distinct.dedup();
    if distinct.len() > 2 {
        return Err(Error::bad_input(format!(
            "the label \"{column}\" has more than two values: {}",
            quoted(&labels)
        ))
        .hint("name the right column with --label"));
    }
    let found = match named {
        Some(named) => labels.iter().find(|label| same_label(label, named)),
        None => labels
            .iter()
            .find(|label| POSITIVE.contains(&label.to_lowercase().as_str())),
    };
    match (found, named) {
        (Some(found), _) => Ok((*found).to_owned()),
        (None, Some(named)) => Err(
            Error::bad_input(format!("no row has the label \"{named}\"")).hint(format!(
                "the values of \"{column}\" are: {}",
                quoted(&labels)
            )),
        ),
        (None, None) => Err(Error::bad_input(format!(
            "it is not clear which value of \"{column}\" means churned: {}",
            quoted(&labels)
        ))
        .hint("name it with --positive")),
    }
}

/// Returns whether two texts are one label: `1` and `1.0` are, and so are `True` and `1`. Two
/// writers of one table differ in such things.
#[must_use]
pub fn same_label(one: &str, other: &str) -> bool {
    canonical_label(one) == canonical_label(other)
}

/// The canonical text, of truth values `true` and `false`: a label has two values.
fn canonical_label(label: &str) -> String {
    match truth(label.as_bytes()) {
        Some(truth) => truth.to_string(),
        None => canonical_text(label).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_by_their_whole_names_in_any_case() {
        for name in [
            "churn",
            "Churn",
            "CHURNED",
            "Churn Label",
            "is_churn",
            "isChurned",
            "Exited",
            "Attrition_Flag",
            "y",
            "y_true",
            "Target",
            "label",
        ] {
            assert!(named_like_a_label(name), "{name}");
        }
        for name in [
            "churned_neighbours",
            "label_changes",
            "targeted",
            "churn_risk",
            "y2",
            "class",
            "",
        ] {
            assert!(!named_like_a_label(name), "{name}");
        }
    }

    #[test]
    fn plain_labels_need_no_name_and_others_do() {
        assert_eq!(
            positive_label("c", ["No", "Yes"], None).expect("plain"),
            "Yes"
        );
        assert_eq!(
            positive_label("c", ["0", "0.0", "1"], None).expect("plain"),
            "1"
        );
        assert_eq!(
            positive_label("c", ["stay", "go"], Some("go")).expect("named"),
            "go"
        );
        assert_eq!(
            positive_label("c", ["0.0", "1.0"], Some("1")).expect("named"),
            "1.0"
        );
        // The labels of a profile, and those of the same rows as Parquet and in a database.
        assert_eq!(
            positive_label("c", ["True", "False", "true", "0"], Some("1")).expect("named"),
            "True"
        );
        for (values, named, part) in [
            (vec!["stay", "go"], None, "not clear"),
            (vec!["a", "b", "c"], None, "more than two"),
            (vec!["a", "b"], Some("z"), "no row"),
        ] {
            let error = positive_label("c", values, named)
                .expect_err("refused")
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
