//! Finding words in a text as people would call them the same words, and saying where they stand to the letter.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use unicode_normalization::char::{canonical_combining_class, decompose_compatible, is_combining_mark};

use super::Evidence;
use crate::lang::{self, Words};
use crate::runtime::MessageId;

/// A text that can be searched without regard to compatibility forms, case, white space, quotation marks and dashes.
///
/// Places are ranges of its pieces: a character with all that combines with it, or a run of white space. What is found
/// is therefore never half a character.
pub(super) struct Folded<'a> {
    original: &'a str,
    text: String,
    pieces: Vec<Piece>,
}

struct Piece {
    /// Where it begins in the folded text.
    at: usize,
    /// Where it stands in the original.
    original: Range<usize>,
    /// Its first character; for white space a line break if it holds one.
    first: char,
}

impl<'a> Folded<'a> {
    pub(super) fn new(original: &'a str) -> Self {
        let mut folded = Self { original, text: String::with_capacity(original.len()), pieces: Vec::with_capacity(original.len()) };
        let mut chars = original.char_indices().peekable();
        let mut marks = Vec::new();
        while let Some((start, first)) = chars.next() {
            let mut piece = Piece { at: folded.text.len(), original: start..start + first.len_utf8(), first };
            marks.clear();
            if first.is_whitespace() {
                marks.push(' ');
                while let Some((at, space)) = chars.next_if(|(_, next)| next.is_whitespace()) {
                    piece.original.end = at + space.len_utf8();
                    if space == '\n' {
                        piece.first = '\n';
                    }
                }
            } else {
                push_plain(first, &mut marks);
            }
            while let Some((at, mark)) = chars.next_if(|(_, next)| continues(*next)) {
                piece.original.end = at + mark.len_utf8();
                push_plain(mark, &mut marks);
            }
            // Only a text's inner white space is part of it.
            let blank = marks == [' '];
            if blank && (folded.pieces.is_empty() || chars.peek().is_none()) {
                continue;
            }
            order(&mut marks);
            folded.text.extend(marks.iter().copied().flat_map(caseless));
            folded.pieces.push(piece);
        }
        folded
    }

    pub(super) fn all(&self) -> Range<usize> {
        0..self.pieces.len()
    }

    pub(super) fn first(&self, piece: usize) -> Option<char> {
        self.pieces.get(piece).map(|piece| piece.first)
    }

    /// The original's bytes at this place.
    pub(super) fn bytes(&self, place: &Range<usize>) -> Range<usize> {
        match (self.pieces.get(place.start), place.end.checked_sub(1).and_then(|last| self.pieces.get(last))) {
            (Some(first), Some(last)) if place.start < place.end => first.original.start..last.original.end,
            _ => 0..0,
        }
    }

    /// The original's words at this place, to the letter.
    pub(super) fn words(&self, place: &Range<usize>) -> &'a str {
        &self.original[self.bytes(place)]
    }

    /// This place as evidence.
    pub(super) fn evidence(&self, place: &Range<usize>, message: &MessageId) -> Evidence {
        let Range { start, end } = self.bytes(place);
        let quote = &self.original[start..end];
        let utf16 = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
        let start_utf16 = utf16(&self.original[..start]);
        Evidence { message: message.clone(), quote: quote.to_owned(), start, end, start_utf16, end_utf16: start_utf16 + utf16(quote) }
    }

    /// Whether it is the same as another text.
    pub(super) fn same(&self, other: &str) -> bool {
        self.text == Folded::new(other).text
    }

    /// The text to compare by.
    pub(super) fn into_key(self) -> String {
        self.text
    }

    /// The first place within a place where these words stand as whole words.
    pub(super) fn find(&self, words: &str, within: &Range<usize>) -> Option<Range<usize>> {
        self.find_all(words, within).into_iter().next()
    }

    /// Every such place, from first to last. Words without a letter or digit are found nowhere.
    pub(super) fn find_all(&self, words: &str, within: &Range<usize>) -> Vec<Range<usize>> {
        let needle = key(words);
        let (Some(from), false) = (self.pieces.get(within.start), within.is_empty()) else { return Vec::new() };
        let until = self.pieces.get(within.end).map_or(self.text.len(), |piece| piece.at);
        let hay = &self.text[from.at..until];
        if !needle.contains(char::is_alphanumeric) || !hay.contains(needle.as_ref()) {
            return Vec::new();
        }
        let piece_at = |at: usize| self.pieces.binary_search_by_key(&at, |piece| piece.at).ok();
        occurrences(hay.as_bytes(), needle.as_bytes())
            .into_iter()
            .filter_map(|start| {
                let start = from.at + start;
                let end = start + needle.len();
                let end = if end == self.text.len() { self.pieces.len() } else { piece_at(end)? };
                Some(piece_at(start)?..end)
            })
            .filter(|place| !self.splits_word(place.start) && !self.splits_word(place.end))
            .collect()
    }

    /// Whether a word goes on across the border before this piece.
    fn splits_word(&self, border: usize) -> bool {
        let before = border.checked_sub(1).and_then(|piece| self.first(piece));
        match (before, self.first(border)) {
            (Some(before), Some(after)) => joined(before, after),
            _ => false,
        }
    }
}

/// The phrases of the language files that are compared as something else than they are written as. They are many, and looked up often.
static KEYS: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let keyed = lang::all().iter().flat_map(Words::phrases).map(|phrase| (phrase, Folded::new(phrase).text));
    keyed.filter(|(phrase, key)| phrase != key).collect()
});

/// A text as it is compared. Plain words, which most phrases of the lists are, are that already.
fn key(words: &str) -> Cow<'_, str> {
    if let Some(key) = KEYS.get(words) {
        return key.as_str().into();
    }
    let plain = words.bytes().all(|b| b.is_ascii_lowercase() || b == b' ') && !words.contains("  ") && words.trim() == words;
    if plain { Cow::Borrowed(words) } else { Cow::Owned(Folded::new(words).text) }
}

/// Finds a quote as a model gives it: as it stands, or else with XML's escapes undone. Says which of the two it was.
pub(super) fn find_quote(text: &Folded<'_>, quote: &str) -> Option<(Range<usize>, bool)> {
    if let Some(place) = text.find(quote, &text.all()) {
        return Some((place, false));
    }
    let plain = unescaped(quote);
    if plain == quote { None } else { text.find(&plain, &text.all()).map(|place| (place, true)) }
}

/// The text with XML's escapes undone once.
pub(super) fn unescaped(text: &str) -> String {
    const ESCAPES: [(&str, char); 6] = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&apos;", '\''), ("&#39;", '\'')];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, meant) = ESCAPES.iter().find(|(escape, _)| rest.starts_with(escape)).map_or((1, '&'), |(e, meant)| (e.len(), *meant));
        plain.push(meant);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain
}

/// Pushes a character's compatibility decomposition, with quotation marks, apostrophes and dashes made one of each.
fn push_plain(c: char, into: &mut Vec<char>) {
    match c {
        '\'' | '"' | '`' | '´' | '«' | '»' | 'ʹ'..='ʼ' | '‘'..='‟' | '′'..='‷' | '‹' | '›' | '「'..='』' | '〝'..='〟' | '＂' | '＇' =>
        {
            into.push('\'');
        }
        '-' | '‐'..='―' | '⁃' | '−' | '⸺' | '⸻' | '﹘' | '﹣' | '－' => into.push('-'),
        c if c.is_ascii() => into.push(c),
        c => decompose_compatible(c, |part| into.push(part)),
    }
}

/// Whether a character combines with the one before it.
pub(super) fn continues(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    let mut first = None;
    decompose_compatible(c, |part| {
        first.get_or_insert(part);
    });
    first.is_some_and(is_combining_mark)
}

/// Puts combining marks into their canonical order.
fn order(chars: &mut [char]) {
    for marks in chars.split_mut(|c| canonical_combining_class(*c) == 0) {
        marks.sort_by_key(|mark| canonical_combining_class(*mark));
    }
}

/// Both ways, because `ß` is also `SS`, and `ς` also `Σ`.
fn caseless(c: char) -> impl Iterator<Item = char> {
    let ascii = c.is_ascii().then(|| c.to_ascii_lowercase());
    let other = (!c.is_ascii()).then(|| c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
    ascii.into_iter().chain(other.into_iter().flatten())
}

/// Whether two neighbours are one word. `C` is not the word in `C++` or `C#`.
fn joined(before: char, after: char) -> bool {
    if before.is_alphanumeric() && matches!(after, '+' | '#' | '＋' | '＃') {
        return true;
    }
    before.is_alphanumeric() && after.is_alphanumeric() && !unspaced(before) && !unspaced(after) && hangul(before) == hangul(after)
}

/// Scripts that put no space between words.
pub(super) fn unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0FFF}' // Thai, Lao, Tibetan
        | '\u{1000}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}' // Myanmar
        | '\u{1780}'..='\u{17FF}' | '\u{19E0}'..='\u{19FF}' // Khmer
        | '\u{1950}'..='\u{19DF}' | '\u{1A20}'..='\u{1AAF}' | '\u{AA80}'..='\u{AADF}' // Tai
        | '\u{2E80}'..='\u{312F}' | '\u{31A0}'..='\u{A4CF}' // CJK, kana, bopomofo, Yi
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{1AFF0}'..='\u{1B16F}' | '\u{20000}'..='\u{3FFFF}')
}

/// Korean puts its particles right behind a foreign word: `Rust를`.
fn hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}')
}

/// Where a needle begins in a haystack, overlapping ones too (Knuth, Morris, Pratt), so that a quote made to be slow is not.
fn occurrences(hay: &[u8], needle: &[u8]) -> Vec<usize> {
    let mut border = vec![0; needle.len()];
    let mut length = 0;
    for at in 1..needle.len() {
        while length > 0 && needle[at] != needle[length] {
            length = border[length - 1];
        }
        length += usize::from(needle[at] == needle[length]);
        border[at] = length;
    }
    let mut found = Vec::new();
    length = 0;
    for (at, byte) in hay.iter().enumerate() {
        while length > 0 && (length == needle.len() || *byte != needle[length]) {
            length = border[length - 1];
        }
        length += usize::from(*byte == needle[length]);
        if length == needle.len() {
            found.push(at + 1 - length);
        }
    }
    found
}
