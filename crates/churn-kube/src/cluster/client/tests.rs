//! Tests of `client.rs`.

use super::*;

fn problem(status: u16, body: &str, verb: &'static str) -> (bool, Problem) {
    let status = StatusCode::from_u16(status).expect("a status");
    let trouble = Trouble::of_status(status, None, body.as_bytes(), verb);
    let again = matches!(trouble, Trouble::Again { .. });
    (again, trouble.into_problem(1))
}

#[test]
fn a_name_that_is_taken_and_a_lost_race_are_told_apart() {
    let body = |reason: &str| format!(r#"{{"kind":"Status","reason":"{reason}","code":409}}"#);
    let of = |reason: &str, verb| problem(409, &body(reason), verb).1;
    assert_eq!(of("AlreadyExists", "create"), Problem::AlreadyExists);
    assert_eq!(of("Conflict", "update"), Problem::Conflict);
    assert_eq!(problem(409, "", "create").1, Problem::AlreadyExists);
    assert_eq!(problem(409, "", "update").1, Problem::Conflict);
}

#[test]
fn only_what_may_pass_is_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        assert!(problem(status, "busy", "get").0, "{status}");
    }
    for status in [400, 401, 403, 404, 405, 410, 413, 422] {
        assert!(!problem(status, "no", "get").0, "{status}");
    }
}

#[test]
fn a_proxy_that_speaks_no_json_is_quoted() {
    let (_, problem) = problem(422, " <html>Unprocessable</html>\n", "create");
    assert_eq!(
        problem,
        Problem::Refused(422, "<html>Unprocessable</html>".into())
    );
}
