//! Where a turn asks: by marks in any script, in Japanese by か as well, and behind an "and how" under one mark.

use std::borrow::Cow;
use std::ops::Range;

use crate::lang::{Start, Words, primary};
use crate::text::{Mapped, begins_with, ends_with, phrases_in};

/// Where each question of a turn is marked. A run of marks is one. Marks between quotation marks are somebody else's.
pub(super) fn questions(plain: &str, language: &str) -> Vec<Range<usize>> {
    let (greek, japanese) = (primary(language) == "el", primary(language) == "ja");
    let asks = |c: char| matches!(c, '?' | '？' | '؟' | '⁇' | '⁈' | '⁉' | '‽' | '﹖') || (greek && matches!(c, ';' | '\u{37e}'));
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut run: Option<(Range<usize>, bool)> = None;
    let end = |run: &mut Option<(Range<usize>, bool)>, found: &mut Vec<Range<usize>>| {
        found.extend(run.take().filter(|(_, asks)| *asks).map(|(at, _)| at));
    };
    for (at, c) in plain.char_indices() {
        if !asks(c) && !matches!(c, '!' | '！') {
            end(&mut run, &mut found);
            continue;
        }
        let (place, marked) = run.get_or_insert((at..at, false));
        place.end = at + c.len_utf8();
        *marked |= asks(c);
    }
    end(&mut run, &mut found);
    if japanese {
        let mut start = 0;
        for sentence in plain.split_inclusive(['。', '\n']) {
            let said = sentence.trim_end_matches(['。', '\n', ' ', '\u{3000}', '\r']);
            if said.ends_with('か') {
                found.push(start + said.len() - 'か'.len_utf8()..start + said.len());
            }
            start += sentence.len();
        }
        found.sort_by_key(|at| at.start);
    }
    found
}

/// The sentence that this mark ends.
pub(super) fn sentence<'a>(plain: &'a str, mark: &Range<usize>) -> &'a str {
    let before = &plain[..mark.start];
    let ends = |c: char| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '¿' | '\n' | ':');
    // A full stop inside `Node.js` ends nothing.
    let inner = |at: usize, c: char| c == '.' && before[at + 1..].starts_with(|next: char| !next.is_whitespace());
    let start = before.char_indices().rev().find(|(at, c)| ends(*c) && !inner(*at, *c)).map_or(0, |(at, c)| at + c.len_utf8());
    &plain[start..mark.start]
}

/// A second question behind a conjunction, under the one mark there is: "What did you learn, and how will you use it?"
///
/// A conjunction right between two question words joins them ("when and how to test"), an alternative offers answers ("or was it the
/// data?"), and a question needs another one before it.
pub(super) fn hidden(plain: &str, mark: &Range<usize>, words: &Words) -> Option<Range<usize>> {
    let sentence = sentence(plain, mark);
    let offset = mark.start - sentence.len();
    let mapped = Mapped::new(sentence);
    let starts = words.list("question_starts");
    let (closes, joints): (Vec<&str>, Vec<&str>) = words.list("question_joints").iter().partition(|joint| joint.ends_with('か'));
    if let Some(at) = japanese(sentence, words, &closes, &joints) {
        return Some(offset + at.start..offset + at.end);
    }
    let first = mapped.phrases(words, "question_starts").map(|place| place.start).min()?;
    let found = joints.into_iter().find_map(|joint| {
        let alternative = words.list("alternatives").contains(&joint);
        phrases_in(&mapped.text, joint).find_map(|place| {
            let (before, after) = (mapped.text[..place.start].trim_end(), mapped.text[place.end..].trim_start());
            let start = starts.iter().filter(|start| begins_with(after, start)).max_by_key(|start| start.len())?;
            let joins = starts.iter().any(|word| ends_with(before, word));
            let offers = alternative && !words.list("open_questions").contains(start);
            // "What worked and what did not" is one question, until a comma parts it.
            let comma = sentence[..mapped.original(&place).start].trim_end().ends_with([',', ';', '、']);
            let same = !comma && begins_with(before, start);
            (first < place.start && !joins && !offers && !same).then(|| place.start..place.end + 1 + start.len())
        })
    })?;
    let at = mapped.original(&(found.start..found.end.min(mapped.text.len())));
    Some(offset + at.start..offset + at.end)
}

/// In Japanese a joint that ends in か closes a question before a comma: "何でしたか、また次に誰と…". A second one follows if a question word or
/// a conjunction does; an alternative offers answers, and と quotes.
fn japanese(sentence: &str, words: &Words, closes: &[&str], joints: &[&str]) -> Option<Range<usize>> {
    if !sentence.contains('、') {
        return None;
    }
    // 何か and 誰も ask nothing.
    let asks = |place: &Range<usize>| !sentence[place.end..].starts_with(['か', 'も']);
    let questions = words.search("question_starts")?.places(sentence, sentence.char_indices().map(|(at, _)| Start::of(sentence, at)));
    let last = questions.map(|(_, place)| place).filter(asks).map(|place| place.start).max();
    sentence.match_indices('、').find_map(|(comma, mark)| {
        if !closes.iter().any(|close| sentence[..comma].ends_with(close)) {
            return None;
        }
        let after = &sentence[comma + mark.len()..];
        let offers = words.list("alternatives").iter().any(|word| after.starts_with(word));
        let joined = joints.iter().any(|joint| after.starts_with(joint));
        let asked = last.is_some_and(|last| last > comma);
        (!offers && !after.starts_with('と') && (joined || asked)).then(|| comma + mark.len()..sentence.len())
    })
}

/// A text of the same length in which what stands between quotation marks is blank. A mark that is never closed quotes nothing, nor does an
/// inch mark.
pub(super) fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.contains(['"', '“', '„', '«', '»', '「', '『']) {
        return Cow::Borrowed(text);
    }
    let closes = |open| match open {
        '"' => "\"",
        '“' => "”",
        '„' => "“”",
        '«' => "»",
        '»' => "«",
        '「' => "」",
        '『' => "』",
        _ => "",
    };
    let mut said = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        // Looked for at most once for each sort of mark, so that this stays linear.
        let mut unclosed = String::new();
        while let Some(character) = rest.chars().next() {
            let inches = character == '"' && said.ends_with(|before: char| before.is_ascii_digit());
            let close = if inches || unclosed.contains(character) { "" } else { closes(character) };
            let inside = &rest[character.len_utf8()..];
            let end = if close.is_empty() { None } else { inside.find(|character| close.contains(character)) };
            rest = match (close.is_empty(), end) {
                (false, Some(end)) => {
                    let end = character.len_utf8() + end + inside[end..].chars().next().map_or(0, char::len_utf8);
                    said.extend(std::iter::repeat_n(' ', end));
                    &rest[end..]
                }
                (quotes, _) => {
                    if !quotes {
                        unclosed.push(character);
                    }
                    said.push(character);
                    inside
                }
            };
        }
    }
    Cow::Owned(said)
}
