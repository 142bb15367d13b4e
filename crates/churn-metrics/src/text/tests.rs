//! Tests of `text.rs`.

use super::*;

#[track_caller]
fn good(text: &str) -> Document {
    let (document, problems) = parse(text.as_bytes());
    assert_eq!(problems, [], "{text}");
    document
}

#[track_caller]
fn only_problem(text: &str) -> Problem {
    let (_, mut problems) = parse(text.as_bytes());
    assert_eq!(problems.len(), 1, "{text}: {problems:?}");
    problems.swap_remove(0)
}

#[test]
fn families_samples_labels_and_numbers_are_read() {
    let document = good(concat!(
        "# HELP a A \\\\ and\\na line.\n# TYPE a gauge\n",
        "a{x=\"1\",y=\"q\\\"b\\\\n\\nl\",} 1.5\n  a { x = \"2\" }\t+Inf \n",
        "# a comment\n\nb -3e2 1700000000000\n",
    ));
    let a = &document.families[0];
    assert_eq!((a.kind, a.line), (Some(FamilyKind::Gauge), 1));
    assert_eq!(a.help.as_deref(), Some("A \\ and\na line."));
    assert_eq!(a.samples[0].label("y"), Some("q\"b\\n\nl"));
    assert_eq!((a.samples[1].value, a.samples[1].line), (f64::INFINITY, 4));
    let b = &document.families[1];
    assert_eq!(
        (b.kind(), b.samples[0].timestamp),
        (FamilyKind::Untyped, Some(1_700_000_000_000))
    );
    assert_eq!(b.samples[0].value, -300.0);
}

#[test]
fn parts_of_histograms_and_summaries_belong_to_their_family() {
    let document = good(concat!(
        "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
        "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 0\ns_count 0\nx_sum 1\n",
    ));
    let names: Vec<_> = document
        .families
        .iter()
        .map(|f| (&*f.name, f.samples.len()))
        .collect();
    assert_eq!(names, [("h", 3), ("s", 3), ("x_sum", 1)]);
}

#[test]
fn every_problem_has_its_line_and_the_rest_is_read() {
    // Each of these is a 400 of Pushgateway 1.5.1.
    for (text, said) in [
        ("a 1\r", "carriage return"),
        ("hello world foo", "\"world\" is not a number"),
        ("# TYPE a gauge\n# TYPE a gauge", "a second TYPE line"),
        ("# HELP a b\n# HELP a c", "a second HELP line"),
        ("a 1\n# TYPE a gauge", "comes after its sample in line 2"),
        ("# TYPE a stateset", "not a type"),
        ("a_total 1 # {trace_id=\"x\"} 1", "an exemplar"),
        ("a_total 1 1700 # {trace_id=\"x\"} 1", "an exemplar"),
        ("a{my-label=\"x\"} 1", "\"my-label\" is not a name"),
        ("a{__x=\"x\"} 1", "\"__x\" is not a name"),
        ("a{1x=\"x\"} 1", "\"1x\" is not a name"),
        ("a.metric 1", "\"a.metric\" is not a name"),
        ("{\"a.metric\"} 1", "a name in braces"),
        ("a{\"l.l\"=\"x\"} 1", "a name in quotes"),
        ("1a 1", "\"1a\" is not a name"),
        ("a", "has no value"),
        ("a{x=\"1\"}", "has no value"),
        ("a{x=1} 1", "has no quotes"),
        ("a{x=\"1} 1", "does not end"),
        ("a{x=\"\\t\"} 1", "\\t in the value"),
        ("a{x=\"1\",x=\"2\"} 1", "twice in one sample"),
        ("a{x=\"1\" y=\"2\"} 1", "no comma"),
        ("a 1 soon", "not a time"),
        ("a 1 1 1", "follows the sample"),
        ("a 0x10", "not a number"),
        ("a 1_000", "not a number"),
    ] {
        let problem = only_problem(&format!("ok 1\n{text}\n# end\n"));
        assert!(problem.message.contains(said), "{text}: {problem:?}");
        let line = text.lines().count() as u64 + 1;
        assert_eq!(problem.line, line, "{text}");
    }
    let (document, problems) = parse(b"a 1\nb x\nc \xff\nd 4\n");
    assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(document.families.len(), 2);
}

#[test]
fn writing_and_reading_again_gives_the_same() {
    let text = concat!(
        "# HELP a A \\\\ and\\na line.\n# TYPE a counter\n",
        "a{x=\"q\\\"b\\\\n\\nl\",é=\"ü\"} 1.5\n",
    );
    let document = good(&text.replace("é", "e"));
    assert_eq!(document.to_text(&[]), text.replace("é", "e"));
    for value in ["+Inf", "-Inf", "NaN", "0", "1e-300", "123456789012345680"] {
        let text = good(&format!("a {value} 1700000000000")).to_text(&[]);
        let again = good(&text);
        let value: f64 = value.parse().expect("a number");
        let read = again.families[0].samples[0].value;
        assert!(read == value || (read.is_nan() && value.is_nan()), "{text}");
        assert_eq!(again.families[0].samples[0].timestamp, None);
    }
}

#[test]
fn added_labels_replace_those_of_the_same_name() {
    let document = good("a{job=\"x\",y=\"1\"} 1\nb 2\n");
    let added = [("job".to_owned(), "night\"ly".to_owned())];
    assert_eq!(
        document.to_text(&added),
        "a{y=\"1\",job=\"night\\\"ly\"} 1\nb{job=\"night\\\"ly\"} 2\n"
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn nothing_near_the_format_makes_it_panic(text in "[a#{}=\"\\\\, \t\nTYPEHL1.+-]{0,80}") {
        let (document, _) = parse(text.as_bytes());
        let written = document.to_text(&[]);
        proptest::prop_assert_eq!(parse(written.as_bytes()).1, []);
    }

    #[test]
    fn any_label_value_comes_back(value in ".*") {
        let sample = Sample {
            name: "a".to_owned(),
            labels: vec![("x".to_owned(), value.clone())],
            value: 1.0,
            timestamp: None,
            line: 1,
        };
        let family = Family {
            name: "a".to_owned(),
            kind: None,
            help: Some(value.clone()),
            line: 1,
            samples: vec![sample],
        };
        let text = Document { families: vec![family], eof_line: None }.to_text(&[]);
        let (document, problems) = parse(text.as_bytes());
        proptest::prop_assert_eq!(problems, []);
        proptest::prop_assert_eq!(document.families[0].samples[0].label("x"), Some(&*value));
    }
}
