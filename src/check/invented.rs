//! Names, numbers, addresses and terms in a turn that nobody gave.

use std::cell::LazyCell;
use std::collections::HashSet;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::TurnFacts;
use crate::lang::{Words, primary};
use crate::text::{fold, has_term, phrase_in};

/// The most characters of a Japanese name.
const LONGEST_NAME: usize = 12;

/// The first thing in the turn that is in neither what was said nor what is known.
pub(super) fn invented(text: &str, facts: &TurnFacts<'_>, words: Option<&Words>) -> Option<Range<usize>> {
    let given: Vec<&str> = facts.said.iter().chain(facts.known).copied().collect();
    let number = || {
        let known = LazyCell::new(|| given.iter().flat_map(|text| numbers(text)).map(|(_, number)| number).collect::<HashSet<_>>());
        numbers(text).into_iter().find(|(_, number)| !known.contains(number)).map(|(at, _)| at)
    };
    let address = || addresses(text).into_iter().find(|at| !given.iter().any(|given| contains(given, &text[at.clone()])));
    let term = || {
        let names = |term: &'_ crate::profile::Term| std::iter::once(term.name.clone()).chain(term.aliases.clone()).collect::<Vec<_>>();
        facts.vocabulary.iter().find_map(|term| {
            let names = names(term);
            let named = names.iter().find(|name| has_term(text, name))?;
            let known = given.iter().any(|given| names.iter().any(|name| has_term(given, name)));
            (!known).then(|| text.find(named.as_str()).map_or(0..text.len(), |at| at..at + named.len()))
        })
    };
    let name = || {
        let words = words?;
        let known = LazyCell::new(|| given.iter().map(|text| unaccented(text)).collect::<Vec<_>>());
        names(text, primary(facts.language) == "ja").into_iter().find(|at| {
            let name = unaccented(&text[at.clone()]);
            let ordinary = |part: &str| ["names_known", "function_words"].iter().any(|list| words.has(list, part));
            let parts = name.split([' ', '\'']).filter(|part| part.chars().count() > 1);
            let given = |part: &str| known.iter().any(|known| phrase_in(known, part).is_some());
            parts.clone().count() > 0 && !ordinary(&name) && !parts.clone().all(|part| given(part) || ordinary(part))
        })
    };
    address().or_else(number).or_else(name).or_else(term)
}

/// Folded, without accents: people leave them out.
fn unaccented(text: &str) -> String {
    let folded = fold(text);
    if folded.is_ascii() { folded } else { folded.nfd().filter(|c| !is_combining_mark(*c)).nfc().collect() }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// The numbers of a text in digits, with where they stand; `1,500` and `1.500` are `1500`.
fn numbers(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        if !first.is_numeric() {
            continue;
        }
        let mut end = start + first.len_utf8();
        loop {
            match chars.peek().copied() {
                Some((at, c)) if c.is_numeric() => end = at + c.len_utf8(),
                Some((at, '.' | ',')) if text[at + 1..].starts_with(|next: char| next.is_numeric()) => {}
                _ => break,
            }
            chars.next();
        }
        let digits: String = text[start..end].nfkc().filter(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            found.push((start..end, digits.trim_start_matches('0').to_owned()));
        }
    }
    found
}

/// Addresses of pages and mail.
fn addresses(text: &str) -> Vec<Range<usize>> {
    let at = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let trim = |word: &'_ str| {
        word.trim_matches(|c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"' | '<' | '>' | '“' | '”')).to_owned()
    };
    let address = |word: &&str| {
        let mail = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        word.contains("://") || word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) || mail
    };
    let found = text.split_whitespace().filter(address);
    found
        .map(|word| (at(word), trim(word), word))
        .map(|(at, trimmed, word)| {
            let inside = word.find(trimmed.as_str()).unwrap_or(0);
            at + inside..at + inside + trimmed.len()
        })
        .collect()
}

/// What looks like a name: capitals inside a word anywhere, a capital at its beginning in the middle of a sentence; in Japanese, Latin words
/// with a capital, and what stands before さん or 氏.
fn names(text: &str, japanese: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut opens = true;
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if !is_letter(first) {
            opens = if first.is_whitespace() || matches!(first, '\'' | '’') { opens || first == '\n' } else { begins_sentence(first) };
            at += first.len_utf8();
            continue;
        }
        let end = text[at..].find(|c: char| !is_letter(c) && !c.is_numeric() && c != '\'' && c != '’').map_or(text.len(), |len| at + len);
        let word = text[at..end].trim_end_matches(['\'', '’']);
        let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
        let capital = first.is_uppercase();
        let inside = word.chars().skip(1).any(char::is_uppercase);
        if (capital && (inside || japanese || !opens)) || (inside && !japanese) {
            found.push(at..at + word.len());
        }
        opens = false;
        at = end;
    }
    if japanese {
        for title in ["さん", "氏", "先生", "教授"] {
            found.extend(text.match_indices(title).filter_map(|(end, _)| {
                let start = text[..end].char_indices().rev().take(LONGEST_NAME).take_while(|(_, c)| is_han_or_katakana(*c)).last()?.0;
                Some(start..end)
            }));
        }
    }
    found
}

/// A letter of a script that sets words apart and has capitals.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && (c.is_lowercase() || c.is_uppercase())
}

fn begins_sentence(c: char) -> bool {
    !matches!(c, ',' | '-' | '/' | '&' | '%' | '$' | '€' | '+' | '#' | '_' | ')' | ']' | ';') && !c.is_alphanumeric()
}

fn is_han_or_katakana(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{30a0}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}
