//! The gates against turns that were written, and labelled by hand, before the rules: false alarms and misses, seen and unseen.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use completion_coach::{Gate, TurnFacts, check_turn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Turn {
    gate: String,
    fails: bool,
    half: String,
    #[serde(default)]
    last: bool,
    said: Vec<String>,
    #[serde(default)]
    profile: Profile,
    title: String,
    turn: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    skills: Vec<String>,
    headline: String,
}

fn gates_of(name: &str) -> &'static [Gate] {
    match name {
        "one_question" => &[Gate::NoQuestion, Gate::SeveralQuestions],
        "question_at_the_end" => &[Gate::QuestionAtTheEnd],
        "too_long" => &[Gate::TooLong],
        "invented" => &[Gate::Invented],
        "claims_saved" => &[Gate::ClaimsToSave],
        "claims_memory" => &[Gate::ClaimsToRemember],
        "claims_human" => &[Gate::ClaimsToBeHuman],
        "diagnoses" => &[Gate::Diagnoses],
        "prompt_leak" => &[Gate::PromptLeak],
        "wrong_language" => &[Gate::WrongLanguage],
        "new_topic" => &[Gate::NewTopic],
        other => panic!("{other} is no gate"),
    }
}

/// Of a gate, a language and a half: turns that must pass, false alarms, turns that must fail, misses.
type Counts = BTreeMap<(String, &'static str, String), [usize; 4]>;

#[test]
fn the_gates_tell_good_turns_from_bad_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gates");
    let (mut counts, mut wrong, mut elsewhere) = (Counts::new(), Vec::new(), 0);
    for language in ["en", "es", "pt", "ja"] {
        let text = fs::read_to_string(folder.join(format!("{language}.json"))).expect("the turns are there");
        let turns: Vec<Turn> = serde_json::from_str(&text).expect("they are JSON");
        for turn in turns {
            let said: Vec<_> = turn.said.iter().map(String::as_str).collect();
            let known: Vec<_> =
                turn.profile.skills.iter().map(String::as_str).chain([turn.profile.headline.as_str(), turn.title.as_str()]).collect();
            let instructions = completion_coach::COMPLETION_COACH_PROMPT;
            let facts = TurnFacts { language, last: turn.last, said: &said, known: &known, vocabulary: &[], instructions };
            let report = check_turn(&turn.turn, &facts);
            let hit = report.findings.iter().find(|finding| gates_of(&turn.gate).contains(&finding.gate));
            let count = counts.entry((turn.gate.clone(), language, turn.half.clone())).or_default();
            count[if turn.fails { 2 } else { 0 }] += 1;
            if hit.is_some() != turn.fails {
                count[if turn.fails { 3 } else { 1 }] += 1;
                let at = hit.map(|hit| &turn.turn[hit.start..hit.end]).unwrap_or_default();
                wrong.push(format!(
                    "{language} {} {} {}: {} [{at}]",
                    turn.gate,
                    turn.half,
                    if turn.fails { "missed" } else { "false alarm" },
                    turn.turn
                ));
            }
            elsewhere += usize::from(!turn.fails && hit.is_none() && !report.findings.is_empty());
            if !turn.fails && hit.is_none() {
                for finding in &report.findings {
                    wrong.push(format!(
                        "{language} {} {} OTHER {:?}: {} [{}]",
                        turn.gate,
                        turn.half,
                        finding.gate,
                        turn.turn,
                        &turn.turn[finding.start..finding.end]
                    ));
                }
            }
        }
    }
    let mut err = std::io::stderr().lock();
    // Whoever tunes the rules looks at these alone.
    if std::env::var_os("GATES_TUNED").is_some() {
        for line in wrong.iter().filter(|line| line.contains(" tuned ")) {
            let _ = writeln!(err, "{line}");
        }
    }
    let sums = |half: &str| {
        let of_half = counts.iter().filter(|((_, _, known), _)| known == half).map(|(_, count)| *count);
        of_half.fold([0; 4], |sum, count| [sum[0] + count[0], sum[1] + count[1], sum[2] + count[2], sum[3] + count[3]])
    };
    for (key, count) in &counts {
        let _ = writeln!(err, "{key:?} {count:?}");
    }
    for half in ["tuned", "unseen"] {
        let [pass, alarms, fail, misses] = sums(half);
        let _ = writeln!(err, "{half}: {alarms} false alarms of {pass}, {misses} misses of {fail}");
    }
    let _ = writeln!(err, "good turns that another gate than theirs finds wrong: {elsewhere}");
    for (gate, language, half) in counts.keys().filter(|(_, _, half)| half == "tuned") {
        let [pass, _, fail, _] = [half.as_str(), "unseen"]
            .map(|half| counts[&(gate.clone(), *language, half.to_owned())])
            .into_iter()
            .fold([0; 4], |sum, count| [sum[0] + count[0], 0, sum[2] + count[2], 0]);
        let fewest = if *language == "en" { 10 } else { 5 };
        assert!(pass >= fewest && fail >= fewest, "{gate} in {language}: {pass} that pass and {fail} that fail");
    }
    // What was reached on 2026-11-24; a rule may become better, and never worse unseen.
    let ([_, alarms, _, misses], [_, unseen_alarms, _, unseen_misses]) = (sums("tuned"), sums("unseen"));
    assert!(alarms == 0 && misses <= 7, "tuned: {alarms} false alarms, {misses} misses");
    assert!(unseen_alarms <= 2 && unseen_misses <= 28 && elsewhere == 0, "unseen: {unseen_alarms} false alarms, {unseen_misses} misses");
}
