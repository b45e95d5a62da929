//! Checks of a coach's turn that code can decide: one question at a time, none at the end, short enough to read.

use serde::{Deserialize, Serialize};

/// The most words of a coach's turn. 60 are aimed at.
pub(crate) const MOST_WORDS: usize = 90;

/// What is wrong with a coach's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// It asks nothing although the debrief goes on.
    NoQuestion,
    /// It asks more than one question.
    SeveralQuestions,
    /// It asks a question although the debrief is over.
    QuestionAtTheEnd,
    /// It has more than 90 words.
    TooLong,
}

impl Finding {
    /// What a model is told when it is asked once more.
    pub(crate) const fn instruction(self) -> &'static str {
        match self {
            Self::NoQuestion => "Your last try asked no question. Ask exactly one.",
            Self::SeveralQuestions => "Your last try asked several questions. Ask exactly one.",
            Self::QuestionAtTheEnd => "Your last try asked a question. This is the last turn: ask none.",
            Self::TooLong => "Your last try was too long. Use at most 60 words.",
        }
    }
}

/// What is wrong with this turn, most serious first. Linear in its length.
///
/// Questions are counted by their marks (`?`, `？`, `؟`, and `;` in Greek), a run of marks as one; a Japanese sentence
/// that ends in か counts without one. Marks between quotation marks belong to somebody else's words and do not count. A
/// question without any mark, and two that share one, are missed.
pub(crate) fn check(text: &str, language: &str, last: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    match questions(text, language) {
        0 if !last => findings.push(Finding::NoQuestion),
        0 => {}
        _ if last => findings.push(Finding::QuestionAtTheEnd),
        1 => {}
        _ => findings.push(Finding::SeveralQuestions),
    }
    if text.split_whitespace().count() > MOST_WORDS {
        findings.push(Finding::TooLong);
    }
    findings
}

fn questions(text: &str, language: &str) -> usize {
    let greek = language.starts_with("el");
    let japanese = language.starts_with("ja");
    let mut count = 0;
    let mut quoted_until = None;
    let mut previous = ' ';
    for character in text.chars() {
        if let Some(close) = quoted_until {
            // An opening mark without a closing one in the same paragraph is not a quotation.
            if character == close || character == '\n' {
                quoted_until = None;
            }
            previous = character;
            continue;
        }
        let mark = matches!(character, '?' | '？' | '؟') || (greek && matches!(character, ';' | '\u{37e}'));
        if mark && !matches!(previous, '?' | '？' | '؟' | '!') {
            count += 1;
        }
        if japanese && previous == 'か' && matches!(character, '。' | '\n') {
            count += 1;
        }
        quoted_until = match character {
            '"' => Some('"'),
            '“' | '„' => Some('”'),
            '«' => Some('»'),
            '「' => Some('」'),
            _ => None,
        };
        previous = character;
    }
    if japanese && previous == 'か' {
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{Finding, check};

    #[test]
    fn i7_exactly_one_question_while_the_debrief_goes_on() {
        assert_eq!(check("What came of it?", "en", false), []);
        assert_eq!(check("You wrote: \"why? how?\" What came of it?", "en", false), []);
        assert_eq!(check("Really?! What came of it", "en", false), []);
        assert_eq!(check("¿Qué salió?", "es", false), []);
        assert_eq!(check("何が変わりましたか。", "ja", false), []);
        assert_eq!(check("Tell me more.", "en", false), [Finding::NoQuestion]);
        assert_eq!(check("What came of it? And why?", "en", false), [Finding::SeveralQuestions]);
        assert_eq!(check("何が？なぜですか", "ja", false), [Finding::SeveralQuestions]);
    }

    #[test]
    fn i7_no_question_in_the_last_turn() {
        assert_eq!(check("That is all.", "en", true), []);
        assert_eq!(check("That is all. Anything else?", "en", true), [Finding::QuestionAtTheEnd]);
    }

    #[test]
    fn a_turn_has_at_most_ninety_words() {
        let words = |count: usize| format!("{} what?", "word ".repeat(count - 1));
        assert_eq!(check(&words(90), "en", false), []);
        assert_eq!(check(&words(91), "en", false), [Finding::TooLong]);
    }

    #[test]
    fn an_unclosed_quotation_hides_nothing_beyond_its_paragraph() {
        assert_eq!(check("5\" of rain.\nWhat? And how?", "en", false), [Finding::SeveralQuestions]);
    }
}
