//! Finding contact data: addresses of mail, pages, phones and houses, which no proposal carries along.

use super::quote::Folded;
use crate::lang::Words;

/// Whether a text holds an address: of mail, of a page, of a phone or of a house.
pub(super) fn has_contact(text: &str, words: &Words) -> bool {
    let folded = Folded::new(text).into_key();
    let page = ["http://", "https://", "www."].iter().any(|start| folded.contains(start));
    page || has_mail(&folded) || has_phone(&folded) || has_street(&folded, words)
}

pub(super) fn has_mail(text: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')'));
    words.any(|word| word.split_once(['@', '＠']).is_some_and(|(name, host)| name.ends_with(char::is_alphanumeric) && host.contains('.')))
}

/// Seven digits or more, with nothing but separators between them; but not years and dates.
fn has_phone(folded: &str) -> bool {
    let mut numbers = folded.split(|c: char| !c.is_numeric() && !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '+'));
    numbers.any(|number| {
        let groups: Vec<&str> = number.split(|c: char| !c.is_numeric()).filter(|group| !group.is_empty()).collect();
        let year = |group: &&str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
        let dated = groups.iter().any(year) && groups.iter().all(|group| group.len() <= 2 || year(group));
        !dated && groups.iter().map(|group| group.chars().count()).sum::<usize>() >= 7
    })
}

/// A house's number with a street's name behind it, `12 Elm Street`, or before it, `Rua das Flores, 12`.
fn has_street(folded: &str, words: &Words) -> bool {
    let is_in = |list, token: &str| words.list(list).iter().any(|word| word == token);
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
