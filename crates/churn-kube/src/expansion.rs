//! Text for a Job or a pod that must arrive as it is: Kubernetes expands `$(NAME)` in the command,
//! the arguments and the variables of a container. What is put there is the caller's affair.

/// Returns the text that Kubernetes expands to exactly `text`.
///
/// Every dollar sign is doubled. Doubling only those in front of a parenthesis is not enough: of
/// `$$(TOKEN)` it makes `$$$(TOKEN)`, which Kubernetes reads as an escaped dollar sign and the
/// value of `TOKEN`.
///
/// # Examples
///
/// ```
/// use churn_kube::expansion::literal;
/// assert_eq!(literal("price in $, $$(TOKEN)"), "price in $$, $$$$(TOKEN)");
/// ```
#[must_use]
pub fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// What a kubelet does, for the tests of all who write for one.
#[cfg(test)]
pub mod kubelet {
    /// Expands as `third_party/forked/golang/expansion/expand.go` of Kubernetes 1.31 documents:
    /// `$$` is a dollar sign, `$(NAME)` is what the name stands for, and any other dollar sign,
    /// also one before a parenthesis that is never closed, stands for itself.
    pub fn expand(text: &str, value_of: impl Fn(&str) -> String) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            expanded.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                expanded.push('$');
                rest = after;
            } else if let Some((name, after)) = rest
                .strip_prefix('(')
                .and_then(|within| within.split_once(')'))
            {
                expanded.push_str(&value_of(name));
                rest = after;
            } else {
                expanded.push('$');
            }
        }
        expanded + rest
    }
}

#[cfg(test)]
mod tests {
    use super::kubelet::expand;
    use super::*;

    const SECRET: &str = "the secret";

    fn expanded(text: &str) -> String {
        expand(text, |_| SECRET.to_owned())
    }

    #[test]
    fn the_port_expands_as_kubernetes_does() {
        // expand_test.go of Kubernetes 1.31, with one value for every name.
        for (text, result) in [
            ("$(VAR_A)", SECRET),
            ("___$(VAR_B)___", "___the secret___"),
            ("$$(VAR_A)", "$(VAR_A)"),
            ("$$$(VAR_A)", "$the secret"),
            ("$$$$$$(BIG_MONEY)", "$$$(BIG_MONEY)"),
            ("$$$$$$$(GOOD_ODDS)", "$$$the secret"),
            ("f000-$$VAR_A", "f000-$VAR_A"),
            ("foo\\$(VAR_C)bar", "foo\\the secretbar"),
            ("$(VAR_ABC", "$(VAR_ABC"),
            ("$?_boo_$!", "$?_boo_$!"),
            ("$VAR_A", "$VAR_A"),
            ("$", "$"),
            ("$$", "$"),
        ] {
            assert_eq!(expanded(text), result, "{text}");
        }
    }

    #[test]
    fn no_dollars_in_front_of_a_name_lead_to_its_value() {
        for dollars in 0..8 {
            let text = format!("{}(PGPASSWORD)", "$".repeat(dollars));
            assert_eq!(expanded(&literal(&text)), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_arrives_as_it_is(text in "[$()A-Z\\\\{}a\n]{0,24}", other in ".*") {
            proptest::prop_assert_eq!(expanded(&literal(&text)), text);
            proptest::prop_assert_eq!(expanded(&literal(&other)), other);
        }
    }
}
