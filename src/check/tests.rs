//! Gates by case: what passes, what fails, and where it is broken.

use super::*;

fn gates(text: &str, language: &str, last: bool) -> Vec<Gate> {
    let facts = TurnFacts { language, last, known: &["Pythons, disks: 5\" and 3.5"], ..TurnFacts::default() };
    check_turn(text, &facts).findings.into_iter().map(|finding| finding.gate).collect()
}

fn spoken(text: &str, said: &[&str]) -> Vec<(Gate, String)> {
    let report = check_turn(text, &TurnFacts { language: "en", said, ..TurnFacts::default() });
    report.findings.into_iter().map(|finding| (finding.gate, text[finding.start..finding.end].to_owned())).collect()
}

#[test]
fn i7_exactly_one_question_while_the_debrief_goes_on() {
    assert_eq!(gates("What came of it?", "en", false), []);
    assert_eq!(gates("You wrote: \"why? how?\" What came of it?", "en", false), []);
    assert_eq!(gates("Really?! What came of it", "en", false), []);
    assert_eq!(gates("What came of it!?", "en", false), []);
    assert_eq!(gates("What came of the 5\" disk?", "en", false), []);
    assert_eq!(gates("Du schriebst: „Warum? Wie?“ Was kam heraus?", "de", false), []);
    assert_eq!(gates("¿Qué salió?", "es", false), []);
    assert_eq!(gates("何が変わりましたか。", "ja", false), []);
    assert_eq!(gates("Tell me more.", "en", false), [Gate::NoQuestion]);
    assert_eq!(gates("What came of it? And why?", "en", false), [Gate::SeveralQuestions]);
    assert_eq!(gates("What came of it? And why!?", "en", false), [Gate::SeveralQuestions]);
    assert_eq!(gates("What came of it? And the 5\" disk, how did that go?", "en", false), [Gate::SeveralQuestions]);
    assert_eq!(gates("何が？なぜですか", "ja", false), [Gate::SeveralQuestions]);
    assert_eq!(gates("They said \"yes. What? And how?", "en", false), [Gate::SeveralQuestions]);
}

#[test]
fn i7_a_second_question_hides_behind_a_conjunction() {
    for text in [
        "What did you learn, and how will you use it?",
        "How did it go and what would you change?",
        "What changed, or how did it feel in the end?",
        "Did you test it, and did you write it down?",
    ] {
        assert_eq!(gates(text, "en", false), [Gate::SeveralQuestions], "{text}");
    }
    for text in ["難しかったのは何でしたか、また次は誰と直しますか？", "どうでしたか、その経験を次にどう使いますか。"]
    {
        assert_eq!(gates(text, "ja", false), [Gate::SeveralQuestions], "{text}");
    }
    for text in
        ["止めますか、続けますか。", "何をしたか、なぜしたかのうち、残るのはどちらですか。", "人でしたか、それとも何か別のことでしたか。"]
    {
        assert_eq!(gates(text, "ja", false), [], "{text}");
    }
    for text in [
        "What would you keep and change?",
        "When and how would you test it?",
        "Was it the data or was it the model?",
        "You built it in a week, and what did you learn?",
        "Which of the two, the parser or the printer, was harder?",
    ] {
        assert_eq!(gates(text, "en", false), [], "{text}");
    }
}

#[test]
fn i7_no_question_in_the_last_turn() {
    assert_eq!(gates("That is all.", "en", true), []);
    assert_eq!(gates("That is all. Anything else?", "en", true), [Gate::QuestionAtTheEnd]);
}

#[test]
fn a_turn_has_at_most_ninety_words_or_as_much_in_scripts_without_spaces() {
    let words = |count: usize| format!("{}what?", "the ".repeat(count - 1));
    assert_eq!(gates(&words(90), "en", false), []);
    assert_eq!(gates(&words(91), "en", false), [Gate::TooLong]);
    let characters = |count: usize| format!("{}ですか", "あ".repeat(count - 3));
    assert_eq!(gates(&characters(240), "ja", false), []);
    assert_eq!(gates(&characters(241), "ja", false), [Gate::TooLong]);
}

#[test]
fn what_nobody_gave_is_invented() {
    let said = ["we tested lora on the 160M model with maria at https://a.example/x, 1,500 runs"];
    for text in [
        "With LoRA on 160M and Maria, what came closest to failing?",
        "MARIA's 1500 runs at https://a.example/x: what did they show?",
        "In March, what will you test on Monday?",
    ] {
        assert_eq!(spoken(text, &said), [], "{text}");
    }
    for (text, what) in [
        ("You did 20 runs. What did they show?", "20"),
        ("You worked with Elena. What did she change?", "Elena"),
        ("PyTorch served you well. What else did?", "PyTorch"),
        ("See https://b.example. What do you think of it?", "https://b.example"),
        ("You can write to coach@b.example. What else is open?", "coach@b.example"),
    ] {
        assert_eq!(spoken(text, &said), [(Gate::Invented, what.to_owned())], "{text}");
    }
    let vocabulary = [Term::new(crate::profile::ProfileField::Skills, "project management")];
    let facts = TurnFacts { language: "en", vocabulary: &vocabulary, said: &["it went ok"], ..TurnFacts::default() };
    assert_eq!(check_turn("Your project management worked. What else did?", &facts).findings[0].gate, Gate::Invented);
}

#[test]
fn a_condition_that_is_the_persons_own_subject_hides_no_diagnosis_behind_it() {
    let said = ["my paper is about depression in nurses"];
    assert_eq!(spoken("Depression was the subject. What did you find?", &said), []);
    let found = spoken("Depression was the subject, and you clearly have social anxiety. What did you find?", &said);
    assert_eq!(found, [(Gate::Diagnoses, "social anxiety".to_owned())]);
}

#[test]
fn the_prompt_stays_where_it_is() {
    let facts = TurnFacts {
        language: "en",
        said: &["I wrote <profile> tags"],
        instructions: "Never tell them that the moon is made of green cheese.",
        ..TurnFacts::default()
    };
    let gate = |text: &str| check_turn(text, &facts).findings.first().map(|finding| finding.gate);
    assert_eq!(gate("What did the <profile> tags do?"), None);
    assert_eq!(gate("<said n=\"2\">Hi</said> What came of it?"), Some(Gate::PromptLeak));
    assert_eq!(gate("For left_behind: what do you take away?"), Some(Gate::PromptLeak));
    assert_eq!(gate("I know that the moon is made of green cheese, so what now?"), Some(Gate::PromptLeak));
    assert_eq!(gate("My instructions forbid that. What came of it?"), Some(Gate::PromptLeak));
}

#[test]
fn a_finding_says_where_in_bytes_and_in_utf16() {
    let text = "🎈é I saved that. What now?";
    let finding = check_turn(text, &TurnFacts { language: "en", ..TurnFacts::default() }).findings[0];
    assert_eq!(finding.gate, Gate::ClaimsToSave);
    assert_eq!(&text[finding.start..finding.end], "I saved");
    assert_eq!((finding.start_utf16, finding.end_utf16), (4, 11));
}

#[test]
fn a_language_without_words_says_what_was_not_possible() {
    let facts = TurnFacts { language: "fr", ..TurnFacts::default() };
    let report = check_turn("J'ai tout enregistré. Qu'est-ce que vous avez appris ?", &facts);
    assert_eq!(report.findings, []);
    assert_eq!(report.not_possible, Gate::BY_WORDS);
    assert_eq!(
        check_turn("What did you learn from all of this, and what would you do next time?", &facts).findings[0].gate,
        Gate::WrongLanguage
    );
    assert_eq!(check_turn("Что вы узнали из этого?", &facts).findings[0].gate, Gate::WrongLanguage);
}

#[test]
fn measures_are_reported_and_decide_nothing() {
    let facts = TurnFacts { language: "en", said: &["The parser was slow on long lines"], ..TurnFacts::default() };
    let report = check_turn("Great job on the parser. You should profile it. Did the long lines change?", &facts);
    assert_eq!(report.findings, []);
    let TurnMeasures { words, questions, open_question, praise, advice, .. } = report.measures;
    assert_eq!((words, questions, open_question, praise, advice), (14, 1, Some(false), 1, 1));
    assert!(report.measures.echo > 0.2 && report.measures.talk_share > 0.6);
    assert_eq!(check_turn("What changed?", &facts).measures.open_question, Some(true));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn fuzz_whatever_the_text_findings_lie_in_it(text in any::<String>(), said in any::<String>(), tag in 0_usize..5, last in any::<bool>()) {
            let language = ["en", "es", "pt", "ja", "xx"][tag];
            let report = check_turn(&text, &TurnFacts { language, last, said: &[&said], ..TurnFacts::default() });
            for finding in report.findings {
                prop_assert!(text.get(finding.start..finding.end).is_some());
                prop_assert!(finding.end_utf16 <= text.encode_utf16().count());
            }
            prop_assert!((0.0..=1.0).contains(&report.measures.echo));
        }
    }
}
