//! Runs the corpus of debriefs against the answers that were recorded with it, prints the figures and holds them to their thresholds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::{env, fs};

use completion_coach::{ErrorKind, EvaluationCase, EvaluationFault, EvaluationOptions, EvaluationReport, evaluate};

/// The rows of the design's table of cases.
const ROWS: [&str; 18] = [
    "fine",
    "ok-then-dunno",
    "success-long-story",
    "failed-did-not-replicate",
    "expert-after-a-weekend",
    "non-technical-outcome",
    "only-a-connection",
    "other-languages",
    "write-my-cover-letter",
    "ignore-previous-instructions",
    "hostile-title",
    "worthless",
    "stop",
    "repeats-the-profile",
    "contradicts-the-profile",
    "someone-elses-illness-and-address",
    "yes-to-the-coachs-question",
    "nda",
];

/// A title is the host's, whatever language is spoken.
const IN_ANY_LANGUAGE: [&str; 1] = ["hostile-title"];

fn corpus() -> Vec<EvaluationCase> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |file: &_| EvaluationCase::read(&fs::read_to_string(file).expect("it can be read")).expect("it is a corpus");
    files.iter().flat_map(read).collect()
}

fn language(case: &EvaluationCase) -> &str {
    case.profile.language.as_deref().unwrap_or("en")
}

async fn replay(cases: &[EvaluationCase]) -> EvaluationReport {
    evaluate(cases, &EvaluationOptions::default(), None, |_, _| {}).await.expect("every case can be run")
}

/// Straight to the terminal: a test's own output is not shown where it passes, and these figures are what it is for.
fn show(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

#[tokio::test]
async fn nothing_is_proposed_without_the_persons_words_and_what_is_checked_is_right() {
    let cases = corpus();
    let report = replay(&cases).await;

    let items = |count: &dyn Fn(usize) -> bool| cases.iter().filter(|case| count(case.must.len())).count();
    let sizes = format!("to propose: nothing {}, one {}, more {}", items(&|n| n == 0), items(&|n| n == 1), items(&|n| n > 1));
    show(&format!("\nThe corpus, against recorded answers\n{report}{sizes}\n"));
    for failure in &report.failures {
        show(&format!("{} {:?}: {}\n", failure.case, failure.fault, failure.detail));
    }

    assert_eq!(report.total.unsupported, 0);
    assert_eq!(report.total.duplicates, 0);
    assert_eq!(report.total.forbidden, 0);
    assert_eq!(report.total.correct_when_empty(), Some(1.0));
    assert!(report.total.precision().is_some_and(|precision| precision >= EvaluationReport::PRECISION));
    assert!(report.total.recall().is_some_and(|recall| recall >= 0.95));
    assert!(report.passes());
}

#[tokio::test]
async fn an_answer_that_breaks_the_schema_gives_nothing() {
    let broken: Vec<_> = corpus().into_iter().filter(|case| case.case == "schema" && case.must.is_empty()).collect();
    let total = replay(&broken).await.total;
    assert!(total.cases >= 4);
    assert_eq!((total.unreadable, total.proposals), (total.cases, 0));
}

#[test]
fn every_case_of_the_design_is_there_by_name_in_each_language() {
    let cases = corpus();
    let mut missing = Vec::new();
    for wanted in ["en", "es", "pt", "ja"] {
        let there: BTreeSet<_> = cases.iter().filter(|case| language(case) == wanted).map(|case| case.case.as_str()).collect();
        let needed = ROWS.iter().filter(|row| wanted == "en" || !IN_ANY_LANGUAGE.contains(row));
        missing.extend(needed.filter(|row| !there.contains(**row)).map(|row| format!("{wanted}: {row}")));
    }
    assert!(missing.is_empty(), "no debrief for {missing:?}");
}

#[test]
fn the_corpus_is_as_large_as_it_says_and_half_of_it_holds_next_to_nothing() {
    let cases = corpus();
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "a name is there twice");
    let mut languages: BTreeMap<&str, usize> = BTreeMap::new();
    cases.iter().for_each(|case| *languages.entry(language(case)).or_default() += 1);
    for (language, least) in [("en", 40), ("es", 16), ("pt", 16), ("ja", 16)] {
        assert!(languages[language] >= least, "{language}: {}", languages[language]);
    }
    assert!(cases.iter().filter(|case| case.must.len() <= 1).count() * 2 >= cases.len());
    let expects = |case: &EvaluationCase| case.empty || !(case.must.is_empty() && case.may.is_empty() && case.must_not.is_empty());
    let idle: Vec<_> = cases.iter().filter(|case| !expects(case)).map(|case| &case.name).collect();
    assert!(idle.is_empty(), "nothing can go wrong in {idle:?}");
}

/// One case, with an answer that quotes message 1.
fn case(expectations: &str) -> Vec<EvaluationCase> {
    EvaluationCase::read(&format!(
        r#"{{"name": "n", "messages": [{{"role": "user", "text": "I learned Rust. I never used SQL"}}, {{"role": "assistant", "text": "Done."}}],
            "answer": {{"items": [{{"field": "skills", "value": "Rust", "message": 1, "quote": "I learned Rust"}},
                                  {{"field": "skills", "value": "SQL", "message": 1, "quote": "never used SQL"}}]}}, {expectations}}}"#
    ))
    .expect("it is a case")
}

#[tokio::test]
async fn what_is_not_as_expected_is_told_with_its_reason() {
    use EvaluationFault::{Forbidden, Missing, NotEmpty, NotKnown, Unchecked, WronglyChecked};
    let rust = r#"{"field": "skills", "value": "rust"}"#;
    let unchecked = r#"{"field": "skills", "value": "Rust", "checked": false}"#;
    let sql = r#"{"field": "skills", "value": "SQL", "checked": true}"#;
    let cases = [
        (format!(r#""must": [{rust}]"#), vec![]),
        (format!(r#""may": [{rust}]"#), vec![]),
        (r#""must": []"#.to_owned(), vec![WronglyChecked]),
        (format!(r#""may": [{unchecked}]"#), vec![WronglyChecked]),
        (format!(r#""may": [{rust}, {sql}]"#), vec![Unchecked]),
        (format!(r#""may": [{rust}], "must": [{{"field": "skills", "value": "Go"}}]"#), vec![Missing]),
        (format!(r#""may": [{rust}], "must_not": ["sql"]"#), vec![Forbidden]),
        (format!(r#""may": [{rust}], "private": ["never used"]"#), vec![Forbidden]),
        (format!(r#""may": [{rust}], "known": [{rust}]"#), vec![NotKnown]),
        (format!(r#""may": [{rust}], "empty": true"#), vec![NotEmpty, NotEmpty]),
    ];
    for (expectations, faults) in cases {
        let report = replay(&case(&expectations)).await;
        let found: Vec<_> = report.failures.iter().map(|failure| failure.fault).collect();
        assert_eq!(found, faults, "{expectations}");
    }
}

#[tokio::test]
async fn a_turn_that_a_check_stops_is_counted_by_its_name() {
    let mut cases = case(r#""may": [{"field": "skills", "value": "Rust"}]"#);
    cases[0].messages[1].text = "That is all. Or is it?".to_owned();
    let report = replay(&cases).await;
    assert_eq!((report.total.turns, report.total.gate_hits), (1, 1));
    assert_eq!(report.gates.into_iter().collect::<Vec<_>>(), [("question_at_the_end".to_owned(), 1)]);
    assert_eq!(report.failures[0].fault, EvaluationFault::Gate);
}

#[test]
fn a_corpus_that_cannot_be_read_says_where_and_nothing_of_what_it_holds() {
    for broken in ["[{\"name\": \"a\",\n \"kestrel\": 1}]", "{", "[1]", "{\"name\": \"kestrel\"}"] {
        let error = EvaluationCase::read(broken).expect_err("it is no corpus");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("line ") && !error.to_string().contains("kestrel"), "{error}");
    }
}
