//! What is understood of an answer: stops, skips, terse answers and outcomes, in the ways in which people write them.

use super::*;

fn read(text: &str, step: Step) -> Understood {
    understood(text, None, step, lang::words("en"))
}

#[test]
fn outcomes_are_read_from_what_people_write() {
    use Outcome::{Failure, Mixed, NotDone, Success};
    for (text, outcome) in [
        ("It worked", Some(Success)),
        ("worked!", Some(Success)),
        ("Went really well, 40 people came", Some(Success)),
        ("We replicated the main finding", Some(Success)),
        ("I passed the exam last week", Some(Success)),
        ("nothing went wrong, we shipped it on Friday", Some(Success)),
        ("It didn’t fail after all", Some(Success)),
        ("it failed, the results didn't replicate", Some(Failure)),
        ("It did not work", Some(Failure)),
        ("didnt work", Some(Failure)),
        ("It wasn't a success", Some(Failure)),
        ("my paper was rejected", Some(Failure)),
        ("Not as planned, sadly", Some(Failure)),
        ("partly", Some(Mixed)),
        ("half of it", Some(Mixed)),
        ("It worked in two of three labs but failed in mine", Some(Mixed)),
        ("Partial success", Some(Mixed)),
        ("It was only half finished", Some(Mixed)),
        ("I didn't finish it", Some(NotDone)),
        ("not done", Some(NotDone)),
        ("Ran out of time", Some(NotDone)),
        ("gave up", Some(NotDone)),
        ("I don't think it worked", None),
        ("hopefully it worked", None),
        ("Did it work? it worked for others", None),
        ("the network was under load for days", None),
        ("a paper on failureproof networks", None),
        ("fine", None),
        ("", None),
        ("👍", None),
    ] {
        let heard = read(text, Step::Outcome);
        assert_eq!(heard.outcome, outcome, "{text}");
        assert!(outcome.is_none() || !heard.terse, "{text}: an outcome is an answer however short");
        assert_eq!(read(text, Step::Lesson).outcome, None, "only the first question is about the outcome");
    }
}

#[test]
fn a_choice_is_what_it_stands_for_and_never_terse() {
    let words = lang::words("en");
    for outcome in Outcome::ALL {
        let heard = understood("stop", Some(outcome.as_str()), Step::Outcome, words);
        assert_eq!(heard, Understood { outcome: Some(outcome), ..Understood::default() });
        assert_eq!(understood("x", Some(outcome.as_str()), Step::Next, words), Understood::default());
    }
}

#[test]
fn stops_and_skips_are_whole_messages() {
    for skip in ["skip", "Skip!", "pass", " next question. ", "I'd rather not say", "id rather not", "N/A", "can’t say"] {
        let heard = read(skip, Step::Lesson);
        assert_eq!(heard, Understood { skip: true, ..Understood::default() }, "{skip}");
    }
    for answer in ["I will pass it on to the next team", "next I will stop by the lab", "Enough people came to fill the room"] {
        assert_eq!(read(answer, Step::Next), Understood::default(), "{answer}");
    }
}

#[test]
fn three_words_are_terse_in_any_script_and_some_longer_answers_too() {
    for terse in [
        "ok",
        "it was fine",
        "dunno",
        "Nothing special really",
        "I have no idea yet",
        "",
        "...",
        "👍👍",
        "特にない",
        "まあまあです",
        "ไม่มีอะ",
    ] {
        assert!(read(terse, Step::Lesson).terse, "{terse}");
    }
    for full in ["I would ask for help", "もっと早く相談すればよかったです", "คราวหน้าจะเริ่มให้เร็วกว่านี้"]
    {
        assert!(!read(full, Step::Lesson).terse, "{full}");
    }
}

#[test]
fn no_phrase_stands_for_two_outcomes_and_none_for_both_a_stop_and_a_skip() {
    let words = lang::words("en");
    let lists = ["outcome_success", "outcome_mixed", "outcome_failure", "outcome_not_done"];
    let disjoint = |names: &[&str]| {
        let phrases: Vec<String> = names.iter().flat_map(|name| words.list(name)).map(|phrase| text::fold(phrase)).collect();
        assert!(phrases.iter().eq(names.iter().flat_map(|name| words.list(name))), "{names:?} hold phrases as they are looked up");
        assert_eq!(phrases.iter().collect::<BTreeSet<_>>().len(), phrases.len(), "{names:?} overlap");
    };
    disjoint(&lists);
    disjoint(&["stop", "skip", "terse", "nothing"]);
    disjoint(&["requests", "commands", "private", "about_guide"]);
    disjoint(&["intentions"]);
    disjoint(&["outcome_unclear"]);
}

#[test]
fn sentences_end_where_people_end_them() {
    for (text, sentences) in [
        ("One. Two! Three?", vec!["One.", "Two!", "Three?"]),
        ("We used e.g. this one. Fine", vec!["We used e.g. this one.", "Fine"]),
        ("J. Smith helped. Thanks", vec!["J. Smith helped.", "Thanks"]),
        ("1. First this\n2. Then that", vec!["1. First this", "2. Then that"]),
        ("v1.2 is out at example.org now", vec!["v1.2 is out at example.org now"]),
        ("He said \"no.\" Then left", vec!["He said \"no.\"", "Then left"]),
        ("Well... we did it", vec!["Well... we did it"]),
        ("動いた。次は論文！", vec!["動いた。", "次は論文！"]),
        ("...", vec![]),
    ] {
        assert_eq!(text::sentences(text), sentences);
    }
}

#[test]
fn terms_are_found_as_words_only() {
    for (text, term, found) in [
        ("I used LoRA for it", "lora", true),
        ("explored a lot", "LoRA", false),
        ("It is written in C++ now", "C", false),
        ("It is written in C++ now", "C++", true),
        ("I know R, and more", "R", true),
        ("R&D was slow", "R", false),
        ("are you r", "R", false),
        ("we go on", "Go", false),
        ("rewrote it in Go.", "Go", true),
        ("PyTorchを使った", "pytorch", true),
        ("機械学習を学んだ", "機械学習", true),
        ("STRASSE", "straße", false),
        ("", "x", false),
        ("text", "", false),
        ("İstanbul", "i̇stanbul", true),
    ] {
        assert_eq!(text::has_term(text, term), found, "{term} in {text}");
    }
}
