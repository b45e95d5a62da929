//! Finding contact data: addresses of mail, pages, phones and houses, which no proposal carries along.

use super::quote::{Folded, continues};
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

/// A house's number with a street's name behind it, as in `12 Elm Street`, or in front of it, as in `Calle Mayor, 12`.
fn has_street(folded: &str, words: &Words) -> bool {
    let keys = |list| words.list(list).iter().map(|word| Folded::new(word).into_key()).collect::<Vec<_>>();
    let (street, openers) = (keys("street_words"), keys("street_openers"));
    let tokens: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric() && !continues(c)).filter(|token| !token.is_empty()).collect();
    let number = |token: &str| token.len() <= 5 && token.starts_with(char::is_numeric) && !token.contains("th");
    let is_in = |list: &[String], token: &str| list.iter().any(|word| word == token);
    tokens.iter().enumerate().any(|(at, token)| {
        (number(token) && tokens.iter().skip(at + 2).take(2).any(|token| is_in(&street, token)))
            || (is_in(&openers, token) && tokens.iter().skip(at + 1).take(4).any(|token| number(token)))
    })
}
