//! Finding contact data: addresses of mail, pages, phones and houses, which no proposal carries along.

use super::quote::{Folded, unspaced};
use crate::lang::Words;

/// Whether a text holds an address: of mail, of a page, of a phone or of a house.
pub(super) fn has_contact(text: &str, words: &Words) -> bool {
    let folded = Folded::new(text).into_key();
    let page = ["http://", "https://", "www."].iter().any(|start| folded.contains(start));
    page || has_mail(&folded) || has_phone(&folded) || has_street(&folded, words) || has_block(&folded)
}

pub(super) fn has_mail(text: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')'));
    words.any(|word| word.split_once(['@', '＠']).is_some_and(|(name, host)| name.ends_with(char::is_alphanumeric) && host.contains('.')))
}

/// Seven digits or more, with nothing but separators between them; but not years and dates.
fn has_phone(folded: &str) -> bool {
    let mut numbers = folded.split(|c: char| !c.is_numeric() && !matches!(c, ' ' | '-' | 'ー' | '.' | '(' | ')' | '/' | '+'));
    numbers.any(|number| {
        let groups: Vec<&str> = number.split(|c: char| !c.is_numeric()).filter(|group| !group.is_empty()).collect();
        let year = |group: &&str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
        let dated = groups.iter().any(year) && groups.iter().all(|group| group.len() <= 2 || year(group));
        !dated && groups.iter().map(|group| group.chars().count()).sum::<usize>() >= 7
    })
}

/// A house's number with a street's name behind it, `12 Elm Street`, or before it, `Rua das Flores, 12`. A street's word in a script without
/// spaces is part of no other word.
fn has_street(folded: &str, words: &Words) -> bool {
    if words.list("street_words").iter().any(|word| word.chars().all(unspaced) && folded.contains(word)) {
        return true;
    }
    let is_in = |list, token: &str| words.list(list).contains(&token);
    let is_number = |token: &str| token.len() <= 5 && token.starts_with(char::is_numeric) && !token.contains("th");
    let tokens: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).collect();
    let behind = |at: usize| tokens.iter().skip(at + 2).take(2).any(|token| is_in("street_words", token));
    if tokens.iter().enumerate().any(|(at, token)| is_number(token) && behind(at)) {
        return true;
    }
    let chunks: Vec<&str> = folded.split_whitespace().collect();
    let bare = |chunk: &str| chunk.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    // "On the street for 3 days" has a number too, but it counts what follows.
    let counts = |at: usize| {
        chunks[at].ends_with(char::is_alphanumeric) && chunks.get(at + 1).is_some_and(|next| next.starts_with(char::is_alphabetic))
    };
    let before = |at: usize| (at + 2..chunks.len().min(at + 7)).any(|at| is_number(&bare(chunks[at])) && !counts(at));
    chunks.iter().enumerate().any(|(at, chunk)| is_in("street_words_first", &bare(chunk)) && before(at))
}

/// A house by three numbers behind the name of its quarter, as in Japan: `道玄坂1-2-3`.
fn has_block(folded: &str) -> bool {
    let named = |at: usize| folded[..at].chars().next_back().is_some_and(unspaced);
    folded.match_indices(|c: char| c.is_ascii_digit()).filter(|(at, _)| named(*at)).any(|(at, _)| {
        let number = folded[at..].split(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | 'ー')).next().unwrap_or_default();
        let parts: Vec<&str> = number.split(['-', 'ー']).collect();
        parts.len() == 3 && parts.iter().all(|part| (1..=3).contains(&part.len()))
    })
}
