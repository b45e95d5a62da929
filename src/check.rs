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
            Self::NoQuestion => "it asked no question; ask exactly one.",
            Self::SeveralQuestions => "it asked several questions; ask exactly one.",
            Self::QuestionAtTheEnd => "it asked a question; this is the last turn, ask none.",
            Self::TooLong => "it was too long; use at most 60 words.",
        }
    }
}

/// What is wrong with this turn, most serious first. Linear in its length.
///
/// Questions are counted by their marks (`?`, `？`, `؟`, and `;` in Greek), a run of marks as one; a Japanese sentence
/// that ends in か counts without one. Marks between quotation marks belong to somebody else's words and do not count. A
/// question without any mark, one that is put in quotation marks, and two that share a mark are missed.
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
    let (greek, japanese) = (language.starts_with("el"), language.starts_with("ja"));
    let asks = |character| matches!(character, '?' | '？' | '؟') || (greek && matches!(character, ';' | '\u{37e}'));
    text.lines()
        .map(|line| {
            let said = unquoted(line);
            let mut count = 0;
            // Marks that stand together are one question, `!?` as well.
            for marks in said.split(|character| !asks(character) && !matches!(character, '!' | '！')) {
                count += usize::from(marks.chars().any(asks));
            }
            let plain = |sentence: &str| japanese && sentence.trim_end().ends_with('か');
            count + said.split('。').filter(|sentence| plain(sentence)).count()
        })
        .sum()
}

/// A line without what stands between quotation marks. A mark that is never closed quotes nothing, nor does an inch mark.
fn unquoted(line: &str) -> String {
    let closes = |open| match open {
        '"' => "\"",
        '“' => "”",
        '„' => "“”",
        '«' => "»",
        '»' => "«",
        '「' => "」",
        _ => "",
    };
    let mut said = String::with_capacity(line.len());
    let mut rest = line.chars();
    // Looked for at most once for each sort of mark, so that this stays linear.
    let mut unclosed = String::new();
    while let Some(character) = rest.next() {
        let inches = character == '"' && said.ends_with(|before: char| before.is_ascii_digit());
        let close = if inches || unclosed.contains(character) { "" } else { closes(character) };
        if close.is_empty() {
            said.push(character);
            continue;
        }
        match rest.as_str().find(|character| close.contains(character)) {
            Some(end) => {
                rest = rest.as_str()[end..].chars();
                rest.next();
                said.push(' ');
            }
            None => {
                unclosed.push(character);
                said.push(character);
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::{Finding, check};

    #[test]
    fn i7_exactly_one_question_while_the_debrief_goes_on() {
        assert_eq!(check("What came of it?", "en", false), []);
        assert_eq!(check("You wrote: \"why? how?\" What came of it?", "en", false), []);
        assert_eq!(check("Really?! What came of it", "en", false), []);
        assert_eq!(check("What came of it!?", "en", false), []);
        assert_eq!(check("What came of the 5\" disk?", "en", false), []);
        assert_eq!(check("Du schriebst: „Warum? Wie?“ Was kam heraus?", "de", false), []);
        assert_eq!(check("¿Qué salió?", "es", false), []);
        assert_eq!(check("何が変わりましたか。", "ja", false), []);
        assert_eq!(check("Tell me more.", "en", false), [Finding::NoQuestion]);
        assert_eq!(check("What came of it? And why?", "en", false), [Finding::SeveralQuestions]);
        assert_eq!(check("What came of it? And why!?", "en", false), [Finding::SeveralQuestions]);
        assert_eq!(check("What came of it? And the 5\" disk, how did that go?", "en", false), [Finding::SeveralQuestions]);
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
    fn an_unclosed_quotation_hides_nothing() {
        assert_eq!(check("They said \"yes. What? And how?", "en", false), [Finding::SeveralQuestions]);
    }
}
