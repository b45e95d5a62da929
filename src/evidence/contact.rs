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

/// A house's number with a street's name behind it: `12 Elm Street`. A street's word in a script without spaces is part of no other word.
fn has_street(folded: &str, words: &Words) -> bool {
    let street = words.list("street_words");
    if street.iter().any(|word| word.chars().all(unspaced) && folded.contains(word.as_str())) {
        return true;
    }
    let tokens: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).collect();
    tokens.iter().enumerate().any(|(at, token)| {
        let number = token.len() <= 5 && token.starts_with(char::is_numeric) && !token.contains("th");
        number && tokens.iter().skip(at + 2).take(2).any(|token| street.iter().any(|word| word == token))
    })
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
