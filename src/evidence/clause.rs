//! What the words around a quote do to it: a quote is not yet a claim ("I wish I knew Rust"). A false alarm only unchecks.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Caution;
use super::quote::Folded;
use crate::lang::Words;
use crate::profile::ProfileField;

/// The reasons to doubt a claim at this place, by the words of its clause that are not words of the claim itself.
pub(super) fn cautions(text: &Folded<'_>, claim: &Range<usize>, field: &ProfileField, words: &Words) -> Vec<Caution> {
    let around = Around::new(text, claim, words);
    let mut cautions = Vec::new();
    // An insight is a sentence in the person's own words: what it denies or imagines is what it says.
    if *field != ProfileField::Insights {
        if around.is_denied() {
            cautions.push(Caution::Negated);
        }
        if !is_wish(field) && around.says(&around.wide, "wish", "not_wish") {
            cautions.push(Caution::Wish);
        }
        if around.says(&around.wide, "hypothesis", "") {
            cautions.push(Caution::Hypothetical);
        }
        if around.is_about_others() {
            cautions.push(Caution::ThirdPerson);
        }
        if *field == ProfileField::Skills && around.says(&around.sentence, "grades", "not_grades") {
            cautions.push(Caution::SelfRated);
        }
    }
    if around.asks() {
        cautions.push(Caution::Question);
    }
    cautions
}

/// Whether the sentence around a place is a question.
pub(super) fn is_question(text: &Folded<'_>, place: &Range<usize>, words: &Words) -> bool {
    Around::new(text, place, words).asks()
}

/// Whether one of a list's phrases stands in the sentence around a place, outside the place itself.
pub(super) fn sentence_says(text: &Folded<'_>, place: &Range<usize>, words: &Words, list: &str) -> bool {
    let around = Around::new(text, place, words);
    around.says(&around.sentence, list, "")
}

/// Whether one of a list's phrases stands in the sentence around a place, the place itself included.
pub(super) fn whole_sentence_says(text: &Folded<'_>, place: &Range<usize>, words: &Words, list: &str, except: &str) -> bool {
    let sentence = sentence(text, place);
    let around = Around { text, words, claim: 0..0, sentence: sentence.clone(), clause: sentence.clone(), wide: sentence.clone() };
    around.says(&sentence, list, except)
}

/// Whether a text begins with one of a list's phrases.
pub(super) fn begins_with(text: &Folded<'_>, words: &Words, list: &str) -> bool {
    let first = first_word(text, &text.all());
    words.list(list).iter().any(|phrase| text.find(phrase, &text.all()).is_some_and(|place| place.start == first))
}

/// Whether a text is one of a list's phrases and nothing else.
pub(super) fn is_one_of(text: &Folded<'_>, words: &Words, list: &str) -> bool {
    let spoken: Vec<usize> = text.all().filter(|piece| text.first(*piece).is_some_and(char::is_alphanumeric)).collect();
    let (Some(first), Some(last)) = (spoken.first(), spoken.last()) else { return false };
    words
        .list(list)
        .iter()
        .any(|phrase| text.find_all(phrase, &text.all()).iter().any(|place| place.start == *first && place.end == last + 1))
}

/// Whether one of a list's phrases stands anywhere in a text.
pub(super) fn text_says(text: &Folded<'_>, words: &Words, list: &str, except: &str) -> bool {
    let whole = Around { text, words, claim: 0..0, sentence: text.all(), clause: text.all(), wide: text.all() };
    whole.says(&text.all(), list, except)
}

/// Fields in which a wish is the claim.
fn is_wish(field: &ProfileField) -> bool {
    matches!(field, ProfileField::CareerGoals | ProfileField::Seeking | ProfileField::Interests | ProfileField::MatchPreferences)
}

struct Around<'a> {
    text: &'a Folded<'a>,
    words: &'a Words,
    claim: Range<usize>,
    sentence: Range<usize>,
    /// Cut wherever a new subject begins.
    clause: Range<usize>,
    /// Not cut at an "and": a wish often holds for what is joined to it.
    wide: Range<usize>,
}

impl<'a> Around<'a> {
    fn new(text: &'a Folded<'a>, claim: &Range<usize>, words: &'a Words) -> Self {
        let sentence = sentence(text, claim);
        let mut around = Self { text, words, claim: claim.clone(), clause: sentence.clone(), wide: sentence.clone(), sentence };
        let mut breaks = around.places("clause_breaks");
        breaks.extend(around.before_openers(around.punctuation()));
        around.wide = around.cut(&breaks);
        breaks.extend(if around.joints_close() {
            around.places("clause_joints")
        } else {
            around.before_openers(around.places("clause_joints"))
        });
        around.clause = around.cut(&breaks);
        around
    }

    /// Where a list's phrases stand in the sentence, outside the claim.
    fn places(&self, list: &str) -> Vec<Range<usize>> {
        self.within(&self.sentence, list)
    }

    fn within(&self, scope: &Range<usize>, list: &str) -> Vec<Range<usize>> {
        let phrases = self.words.list(list).iter();
        phrases.flat_map(|phrase| self.text.find_all(phrase, scope)).filter(|place| !overlap(place, &self.claim)).collect()
    }

    /// Whether a phrase of the list is there that is not part of a phrase of the other list.
    fn says(&self, scope: &Range<usize>, list: &str, except: &str) -> bool {
        let exceptions = self.within(scope, except);
        self.within(scope, list).iter().any(|place| !exceptions.iter().any(|exception| overlap(place, exception)))
    }

    /// Whether a negation denies the claim. "Without" and the like deny only what comes after them: "I did it in Go without help".
    fn is_denied(&self) -> bool {
        let ahead = self.places("negation_ahead").into_iter().filter(|place| place.start >= self.claim.end);
        let exceptions: Vec<_> = self.within(&self.clause, "not_negation").into_iter().chain(ahead).collect();
        self.within(&self.clause, "negation").iter().any(|place| !exceptions.iter().any(|exception| overlap(place, exception)))
    }

    /// Commas, dashes, brackets and the like.
    fn punctuation(&self) -> Vec<Range<usize>> {
        let divides = |piece: &usize| {
            matches!(self.text.first(*piece), Some(',' | '.' | '…' | '-' | '–' | '—' | ':' | '(' | ')' | '，' | '、' | '،'))
        };
        self.sentence.clone().filter(divides).filter(|piece| !self.claim.contains(piece)).map(|piece| piece..piece + 1).collect()
    }

    /// Those behind which a new subject, or a denial, begins.
    fn before_openers(&self, joints: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let phrases = self.words.list("subjects").iter().chain(self.words.list("negation"));
        let openers: BTreeSet<usize> =
            phrases.flat_map(|phrase| self.text.find_all(phrase, &self.sentence)).map(|place| place.start).collect();
        let next_word =
            |joint: &Range<usize>| (joint.end..joint.end + 4).find(|at| self.text.first(*at).is_some_and(char::is_alphanumeric));
        joints.into_iter().filter(|joint| next_word(joint).is_some_and(|at| openers.contains(&at))).collect()
    }

    /// Whether a joint is the end of its own clause, as in Japanese, where the verb that it is part of may deny what stands before it.
    /// The subject goes without saying there, so that such a language lists none.
    fn joints_close(&self) -> bool {
        self.words.list("subjects").is_empty()
    }

    /// The part of the sentence between the breaks on both sides of the claim.
    fn cut(&self, breaks: &[Range<usize>]) -> Range<usize> {
        let border = |place: &Range<usize>| if self.joints_close() { place.end } else { place.start };
        let start = breaks.iter().filter(|place| place.end <= self.claim.start).map(|place| place.end).max();
        let end = breaks.iter().filter(|place| place.start >= self.claim.end).map(border).min();
        start.unwrap_or(self.sentence.start)..end.unwrap_or(self.sentence.end)
    }

    /// Whether the clause's subject is somebody else: the last subject before the claim, or the only one there is.
    fn is_about_others(&self) -> bool {
        let own = self.within(&self.clause, "first_person");
        // Where a subject is often left out its verb stands in the lists, and "a gente usou" is "we used" with the verb of "she used".
        let theirs = |place: &Range<usize>| !own.iter().any(|own| overlap(place, own));
        let mine: Vec<usize> = own.iter().map(|place| place.start).collect();
        let mut others: Vec<usize> =
            self.within(&self.clause, "third_person").into_iter().filter(theirs).map(|place| place.start).collect();
        others.extend(self.within(&self.clause, "other_people").into_iter().map(|place| place.start).filter(|at| !self.is_object(*at)));
        let last = |starts: &[usize]| starts.iter().copied().filter(|at| *at < self.claim.start).max();
        match (last(&mine), last(&others)) {
            (Some(mine), Some(others)) => others > mine,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => mine.is_empty() && !others.is_empty(),
        }
    }

    /// Whether a preposition stands right before: "from my boss".
    fn is_object(&self, at: usize) -> bool {
        let before = at.saturating_sub(12).max(self.clause.start)..at.saturating_sub(1).max(self.clause.start);
        let prepositions = self.words.list("prepositions").iter();
        prepositions.flat_map(|word| self.text.find_all(word, &before)).any(|place| place.end == before.end)
    }

    fn asks(&self) -> bool {
        let last = self.sentence.end.checked_sub(1);
        let marked = last.is_some_and(|last| is_question_mark(self.text, last));
        let opens =
            |phrase: &&str| self.text.find(phrase, &self.clause).is_some_and(|place| place.start == first_word(self.text, &self.clause));
        let end = self.sentence.clone().rev().find(|piece| self.text.first(*piece).is_some_and(char::is_alphanumeric)).map(|last| last + 1);
        let closes = |phrase: &&str| self.text.find_all(phrase, &self.sentence).last().is_some_and(|place| Some(place.end) == end);
        marked || self.words.list("question_words").iter().any(opens) || self.words.list("question_endings").iter().any(closes)
    }
}

fn first_word(text: &Folded<'_>, scope: &Range<usize>) -> usize {
    scope.clone().find(|piece| text.first(*piece).is_some_and(char::is_alphanumeric)).unwrap_or(scope.end)
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The sentence around a place; where the place goes over several, all of them.
fn sentence(text: &Folded<'_>, place: &Range<usize>) -> Range<usize> {
    let start = (0..place.start).rev().find(|piece| ends_sentence(text, *piece)).map_or(0, |end| end + 1);
    let last = place.end.saturating_sub(1);
    let end = (last..text.all().end).find(|piece| ends_sentence(text, *piece)).map_or(text.all().end, |end| end + 1);
    start..end
}

fn ends_sentence(text: &Folded<'_>, piece: usize) -> bool {
    match text.first(piece) {
        Some('.') => {
            let next = (piece + 1..text.all().end).filter_map(|next| text.first(next));
            let mut next = next.skip_while(|c| matches!(c, '"' | '\'' | ')' | '”' | '’' | '»'));
            // `Node.js`, `3.5`, `e.g. this` and `well... no` go on; `that was it. now I` ends, as people write on a phone.
            match next.next() {
                None => true,
                Some(space) if space.is_whitespace() => next.next().is_none_or(|c| !c.is_lowercase()) || ends_word(text, piece),
                Some(_) => false,
            }
        }
        Some('!' | '！' | '。' | '｡' | '।' | '۔' | '\n') => true,
        Some(';' | '；') | None => true,
        Some(_) => is_question_mark(text, piece),
    }
}

/// Whether a word stands right before a full stop that is no abbreviation.
fn ends_word(text: &Folded<'_>, stop: usize) -> bool {
    const ABBREVIATIONS: [&str; 20] = [
        "vs", "etc", "cf", "ca", "approx", "aprox", "incl", "esp", "ej", "ex", "dr", "mr", "mrs", "ms", "sr", "sra", "prof", "st", "no",
        "núm",
    ];
    let start = (0..stop).rev().find(|piece| !text.first(*piece).is_some_and(char::is_alphanumeric)).map_or(0, |before| before + 1);
    let part_of_more = start.checked_sub(1).and_then(|before| text.first(before)) == Some('.');
    let word = text.words(&(start..stop)).to_lowercase();
    stop - start > 1 && !part_of_more && !ABBREVIATIONS.contains(&word.as_str())
}

fn is_question_mark(text: &Folded<'_>, piece: usize) -> bool {
    match text.first(piece) {
        Some('?' | '？' | '؟' | '⁇' | '⁈' | '⁉' | '﹖' | '\u{37e}') => true,
        Some(';') => piece
            .checked_sub(1)
            .and_then(|before| text.first(before))
            .is_some_and(|c| matches!(c, '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}')),
        _ => false,
    }
}
