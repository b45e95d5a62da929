//! Text in any script as rules need it: sentences, words, cuts that keep to the letter, and phrases looked up whole.

use std::iter;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::lang::{Start, Words};

/// Lower case, one kind of apostrophe, one space for everything else that is neither letter nor digit.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut push = |c: char| {
        if is_letter_or_mark(c) {
            folded.push(c);
            return;
        }
        let between = if is_apostrophe(c) { '\'' } else { ' ' };
        match folded.as_bytes().last() {
            None => {}
            Some(b'\'' | b' ') => {
                folded.pop();
                folded.push(' ');
            }
            Some(_) => folded.push(between),
        }
    };
    if text.is_ascii() {
        text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())).for_each(&mut push);
    } else {
        text.nfkc().flat_map(char::to_lowercase).for_each(&mut push);
    }
    folded.truncate(folded.trim_end_matches([' ', '\'']).len());
    folded
}

/// Whether a folded text is one of the list's phrases, as a whole. Phrases of language files are folded already.
pub(crate) fn is_one_of(folded: &str, words: &Words, list: &str) -> bool {
    !folded.is_empty() && words.has(list, folded)
}

/// Whether a folded text holds one of the list's phrases, between word boundaries.
pub(crate) fn holds_one_of(folded: &str, words: &Words, list: &str) -> bool {
    places(folded, words, list).next().is_some()
}

/// Every place where a folded text says one of a list's phrases, between word boundaries.
pub(crate) fn places<'a>(folded: &'a str, words: &'a Words, list: &str) -> impl Iterator<Item = Range<usize>> + 'a {
    places_at(folded, words, list, starts(folded))
}

/// Those that begin at one of these starts.
fn places_at<'a>(
    folded: &'a str,
    words: &'a Words,
    list: &str,
    starts: impl Iterator<Item = Start> + 'a,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let found = words.search(list).map(|search| search.places(folded, starts).map(|(_, place)| place));
    found.into_iter().flatten().filter(|place| parted(folded, place.end))
}

/// Where something can begin in a text that is looked up as a whole: at each word, or at each character of a script without spaces.
pub(crate) fn starts(text: &str) -> impl Iterator<Item = Start> {
    text.char_indices().filter(|(at, _)| parted(text, *at)).map(|(at, _)| Start::of(text, at))
}

/// Whether a folded text begins with one of the list's phrases.
pub(crate) fn begins_with_one_of(folded: &str, words: &Words, list: &str) -> bool {
    places_at(folded, words, list, iter::once(Start::of(folded, 0))).next().is_some()
}

/// Whether a folded text begins with a folded phrase.
pub(crate) fn begins_with(folded: &str, phrase: &str) -> bool {
    !phrase.is_empty() && folded.starts_with(phrase) && stands_alone(folded, &(0..phrase.len()))
}

/// Whether a folded text ends with a folded phrase.
pub(crate) fn ends_with(folded: &str, phrase: &str) -> bool {
    !phrase.is_empty() && folded.ends_with(phrase) && stands_alone(folded, &(folded.len() - phrase.len()..folded.len()))
}

/// Whether a folded text begins with one of the list's phrases, or ends with one in a script without spaces: Japanese puts its verbs last.
pub(crate) fn orders_one_of(folded: &str, words: &Words, list: &str) -> bool {
    let ends = |phrase: &&str| phrase.ends_with(is_unspaced) && folded.ends_with(phrase);
    begins_with_one_of(folded, words, list) || (folded.ends_with(is_unspaced) && words.list(list).iter().any(ends))
}

/// Where a folded phrase first stands in a folded text, between word boundaries.
pub(crate) fn phrase_in(folded: &str, phrase: &str) -> Option<Range<usize>> {
    // Phrases are many and short: what a searcher prepares for each would take longer than the search.
    let first = phrase.chars().next()?;
    let starts = folded.match_indices(first).map(|(at, _)| at).filter(|at| folded.as_bytes()[*at..].starts_with(phrase.as_bytes()));
    starts.map(|at| at..at + phrase.len()).find(|found| stands_alone(folded, found))
}

/// Whether a text holds a term, whatever its case, between word boundaries. One of up to two letters must have its own case,
/// or every "go" and "it" would be one; a single letter must stand quite alone, as R does not in "R&D".
pub(crate) fn has_term(text: &str, term: &str) -> bool {
    let term = term.trim();
    let letters = term.chars().count();
    let folded: Vec<char> = term.chars().flat_map(char::to_lowercase).collect();
    if folded.is_empty() || (letters == 1 && !term.chars().all(char::is_uppercase)) {
        return false;
    }
    let end_at = |start: usize| {
        let mut wanted = folded.iter().peekable();
        for (offset, c) in text[start..].char_indices() {
            if wanted.peek().is_none() {
                return Some(start + offset);
            }
            if !c.to_lowercase().all(|lower| wanted.next() == Some(&lower)) {
                return None;
            }
        }
        wanted.peek().is_none().then_some(text.len())
    };
    let begins = |c: char| if c.is_ascii() { c.to_ascii_lowercase() == folded[0] } else { c.to_lowercase().next() == Some(folded[0]) };
    text.char_indices().filter(|(_, c)| begins(*c)).filter_map(|(start, _)| Some(start..end_at(start)?)).any(|found| match letters {
        1 => text[found.clone()] == *term && in_the_open(text, &found),
        2 => text[found.clone()] == *term && stands_alone(text, &found),
        _ => stands_alone(text, &found),
    })
}

/// How many words a text has. Where words are not set apart by spaces, two characters count as one.
pub(crate) fn count(text: &str) -> usize {
    let weigh = |chunk: &str| {
        if chunk.is_ascii() {
            return usize::from(chunk.bytes().any(|byte| byte.is_ascii_alphanumeric()));
        }
        // Some marks count as letters, but belong to the one before them.
        let letters = || chunk.chars().filter(|c| c.is_alphanumeric() && !is_mark(*c));
        let dense = letters().filter(|c| is_unspaced(*c)).count();
        dense.div_ceil(2) + usize::from(letters().any(|c| !is_unspaced(c)))
    };
    text.split_whitespace().map(weigh).sum()
}

/// The beginning of a text, to the letter: at most so many words and characters, cut between words where it can be.
pub(crate) fn cut(text: &str, most_words: usize, most_chars: usize) -> &str {
    let text = text.trim();
    // In halves, because two characters count as a word where there are no spaces.
    let mut halves = 0;
    let mut end = 0;
    let mut before = ' ';
    // The letter that the marks before belong to.
    let mut base = ' ';
    for (number, (at, c)) in text.char_indices().enumerate() {
        let joined = !before.is_whitespace() && (is_mark(c) || c == JOINER || before == JOINER);
        let between = c.is_whitespace() || is_unspaced(c) || is_unspaced(base);
        if between && !joined && !before.is_whitespace() {
            end = at;
        }
        if !c.is_whitespace() && before.is_whitespace() {
            halves += halves % 2;
        }
        if is_unspaced(c) {
            halves += 1;
        } else if !c.is_whitespace() && !joined && (before.is_whitespace() || is_unspaced(base)) {
            halves += 2;
        }
        if halves > most_words * 2 || number >= most_chars {
            let end = if end == 0 { boundary(text, at) } else { end };
            return text[..end].trim_end();
        }
        before = c;
        if !joined {
            base = c;
        }
    }
    text
}

/// The sentences of a text, each to the letter.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    spans(text).into_iter().map(|span| text[span].trim()).collect()
}

/// Where the sentences of a text stand, with the white space around them.
pub(crate) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !is_break(c) && !is_stop(c) {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some(&(next, follows)) = chars.peek()
            && (is_stop(follows) || closes(follows))
        {
            end = next + follows.len_utf8();
            chars.next();
        }
        if is_break(c) || ends_sentence(&text[start..at], c, &text[end..]) {
            found.push(start..end);
            start = end;
        }
    }
    found.push(start..text.len());
    found.retain(|span| text[span.clone()].chars().any(char::is_alphanumeric));
    found
}

/// The first sentence that says more than three words, or else the first one.
pub(crate) fn telling(text: &str) -> &str {
    let sentences = sentences(text);
    sentences.iter().find(|sentence| count(sentence) > 3).or(sentences.first()).copied().unwrap_or_default()
}

/// A sentence without what ends it.
pub(crate) fn bare(sentence: &str) -> &str {
    sentence.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '!' | ',' | ';' | ':' | '…' | '。' | '！' | '、' | '।'))
}

/// Whether a text holds a question mark of any script.
pub(crate) fn asks(text: &str) -> bool {
    text.contains(['?', '¿', '？', '؟', '\u{37e}', '⁇', '⁈', '⁉', '‽', '﹖'])
}

/// Most text is ASCII, which has none.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

fn is_letter_or_mark(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

const JOINER: char = '\u{200d}';

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '＇' | '`' | '´')
}

/// Whether the character is of a script that sets no spaces between words: Japanese, Chinese, Thai, Lao, Burmese, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x31f0..=0x31ff | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x2_0000..=0x3_ffff)
}

/// Whether a part of a text is no part of a longer word.
pub(crate) fn stands_alone(text: &str, found: &Range<usize>) -> bool {
    parted(text, found.start) && parted(text, found.end)
}

/// Whether no word goes on across a place in a text.
pub(crate) fn parted(text: &str, at: usize) -> bool {
    // Most text is ASCII, where a byte is a character.
    if let (Some(a), Some(b)) = (at.checked_sub(1).map(|before| text.as_bytes()[before]), text.as_bytes().get(at))
        && a.is_ascii()
        && b.is_ascii()
    {
        return !(a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric());
    }
    match (text[..at].chars().next_back(), text[at..].chars().next()) {
        (Some(a), Some(b)) => !(a.is_alphanumeric() && b.is_alphanumeric()) || is_unspaced(a) || is_unspaced(b),
        _ => true,
    }
}

fn in_the_open(text: &str, found: &Range<usize>) -> bool {
    let open = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"'));
    open(text[..found.start].chars().next_back()) && open(text[found.end..].chars().next())
}

/// The nearest place at or before this one that does not tear a character from its marks.
fn boundary(text: &str, at: usize) -> usize {
    let torn = |at: usize| {
        let after = text[at..].chars().next();
        after.is_some_and(|c| is_mark(c) || c == JOINER) || text[..at].ends_with(JOINER)
    };
    let whole = text[..at].char_indices().map(|(start, _)| start).rev().find(|start| *start > 0 && !torn(*start));
    if torn(at) { whole.unwrap_or(at) } else { at }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_stop(c: char) -> bool {
    is_wide_stop(c) || matches!(c, '.' | '!' | '?' | '…')
}

fn is_wide_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '．' | '؟' | '।' | '۔')
}

fn closes(c: char) -> bool {
    matches!(c, '"' | '”' | '’' | '\'' | ')' | ']' | '»' | '」' | '』' | '）')
}

fn ends_sentence(before: &str, stop: char, after: &str) -> bool {
    if is_wide_stop(stop) {
        return true;
    }
    if !after.chars().next().is_none_or(char::is_whitespace) {
        return false;
    }
    if stop != '.' && stop != '…' {
        return true;
    }
    // "e.g. this", "J. Smith" and "1. First" do not end a sentence.
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let numbered = before.trim() == word && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && !after.trim().is_empty();
    !numbered && !initial && !after.trim_start().chars().next().is_some_and(char::is_lowercase)
}

/// Every place where a folded phrase stands in a folded text, between word boundaries.
pub(crate) fn phrases_in<'a>(folded: &'a str, phrase: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let found = (!phrase.is_empty()).then(|| folded.match_indices(phrase).map(|(at, _)| at..at + phrase.len()));
    found.into_iter().flatten().filter(|found| stands_alone(folded, found))
}

/// A text folded like [`fold`], with the way back to where each part of it stands in the original.
pub(crate) struct Mapped {
    pub(crate) text: String,
    /// For each character with its marks: where it begins in the folded text and in the original.
    places: Vec<(usize, usize)>,
    end: usize,
    /// Where something can begin that is looked up; many lists are looked through.
    starts: Vec<Start>,
}

impl Mapped {
    pub(crate) fn new(original: &str) -> Self {
        let mut mapped = Self {
            text: String::with_capacity(original.len()),
            places: Vec::with_capacity(original.len()),
            end: original.len(),
            starts: Vec::new(),
        };
        let mut chars = original.char_indices().peekable();
        while let Some((start, first)) = chars.next() {
            let mut end = start + first.len_utf8();
            while let Some((at, mark)) = chars.next_if(|(_, next)| is_mark(*next)) {
                end = at + mark.len_utf8();
            }
            if first.is_ascii_alphanumeric() && end == start + 1 {
                mapped.places.push((mapped.text.len(), start));
                mapped.text.push(first.to_ascii_lowercase());
            } else if first.is_ascii() && end == start + 1 {
                mapped.push(first, start);
            } else {
                original[start..end].nfkc().flat_map(char::to_lowercase).for_each(|c| mapped.push(c, start));
            }
        }
        mapped.text.truncate(mapped.text.trim_end_matches([' ', '\'']).len());
        mapped.places.retain(|(at, _)| *at < mapped.text.len());
        mapped.starts = starts(&mapped.text).collect();
        mapped
    }

    /// Every place where it says one of a list's phrases, between word boundaries.
    pub(crate) fn phrases<'a>(&'a self, words: &'a Words, list: &str) -> impl Iterator<Item = Range<usize>> + 'a {
        places_at(&self.text, words, list, self.starts.iter().copied())
    }

    /// Where it says one of a list's phrases that is not part of a phrase of the other list, from first to last.
    pub(crate) fn all_said(&self, words: &Words, list: &str, except: &str) -> Vec<Range<usize>> {
        let mut found: Vec<_> = self.phrases(words, list).collect();
        let exceptions: Vec<_> = if found.is_empty() { Vec::new() } else { self.phrases(words, except).collect() };
        found.retain(|place| !exceptions.iter().any(|exception| exception.start < place.end && place.start < exception.end));
        found.sort_unstable_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
        found
    }

    /// Where it first does.
    pub(crate) fn said(&self, words: &Words, list: &str, except: &str) -> Option<Range<usize>> {
        self.all_said(words, list, except).into_iter().next()
    }

    /// Takes in a normalised character in lower case that stands here in the original.
    fn push(&mut self, c: char, start: usize) {
        let Self { text, places, .. } = self;
        if is_letter_or_mark(c) {
            places.push((text.len(), start));
            text.push(c);
        } else if is_apostrophe(c) && text.ends_with(is_letter_or_mark) {
            places.push((text.len(), start));
            text.push('\'');
        } else if !text.is_empty() {
            if text.ends_with('\'') {
                text.pop();
                places.pop();
            }
            if !text.ends_with(' ') {
                places.push((text.len(), start));
                text.push(' ');
            }
        }
    }

    /// Where a part of the folded text stands in the original.
    pub(crate) fn original(&self, folded: &Range<usize>) -> Range<usize> {
        let at = |folded: usize| self.places.partition_point(|(at, _)| *at <= folded).checked_sub(1).map_or(0, |at| self.places[at].1);
        let after = self.places.partition_point(|(at, _)| *at < folded.end);
        at(folded.start)..self.places.get(after).map_or(self.end, |(_, original)| *original)
    }
}

/// Whether a text is mostly in a script that sets no spaces between words.
pub(crate) fn is_mostly_unspaced(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    let (unspaced, all) = letters.fold((0, 0), |(unspaced, all), c| (unspaced + usize::from(is_unspaced(c)), all + 1));
    unspaced * 2 > all
}
