//! Words per language as data: the guide's texts and the lists that rules look words up in. One more language is one more file.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::{fmt, iter};

use miniz_oxide::inflate::decompress_to_vec;
use serde::Deserialize;

use crate::error::{Error, Result};

/// Everything that is said or recognised in one language.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub(crate) struct Words {
    /// The BCP 47 tag of the language.
    pub(crate) tag: String,
    /// Texts by their stable ids, with `{name}` where something is put in.
    texts: BTreeMap<String, String>,
    /// Lists of words and phrases, in lower case, by their stable ids.
    lists: BTreeMap<String, List>,
}

/// Phrases, and what finds them all at once, made when it is first needed: there can be a thousand.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Vec<&'static str>", bound(deserialize = "'de: 'static"))]
struct List {
    phrases: Vec<&'static str>,
    search: OnceLock<Option<Search>>,
}

impl From<Vec<&'static str>> for List {
    fn from(phrases: Vec<&'static str>) -> Self {
        Self { phrases, search: OnceLock::new() }
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.phrases == other.phrases
    }
}

/// Finds every place of many phrases, overlapping ones as well. They are sorted, so that one search tells what stands at a place.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// A bit for each beginning that a phrase has, as long as the shortest of them: most places of a text have none of these.
    beginnings: [u64; 16],
    /// What of a place's first eight bytes is behind such a beginning.
    behind: u32,
    phrases: Vec<Sorted>,
    /// How many phrases have this number of a shelf or a lower one.
    up_to: Box<[u16; 256]>,
}

#[derive(Debug, Clone)]
struct Sorted {
    /// How it begins, so that most comparisons need not go where the phrase is.
    bytes: u64,
    phrase: &'static str,
    number: u32,
    shelf: u8,
    /// The longest other phrase that this one begins with.
    begins_with: Option<u16>,
}

impl Search {
    /// `None` if there are none to find. None of them is empty, and there are fewer than 65,536.
    pub(crate) fn new(phrases: impl Iterator<Item = &'static str>) -> Option<Self> {
        let sorted = |(number, phrase)| {
            let Start { shelf, bytes, .. } = Start::of(phrase, 0);
            Sorted { bytes, phrase, number, shelf, begins_with: None }
        };
        let mut phrases: Vec<_> = (0..).zip(phrases).map(sorted).collect();
        phrases.sort_unstable_by_key(|sorted| (sorted.shelf, sorted.phrase, sorted.number));
        let mut up_to = Box::new([0; 256]);
        let mut beginnings: Vec<usize> = Vec::new();
        for at in 0..phrases.len() {
            let phrase = phrases[at].phrase;
            while beginnings.pop_if(|last| !phrase.starts_with(phrases[*last].phrase)).is_some() {}
            phrases[at].begins_with = beginnings.last().and_then(|at| u16::try_from(*at).ok());
            beginnings.push(at);
            up_to[usize::from(phrases[at].shelf)] += 1;
        }
        for shelf in 1..up_to.len() {
            up_to[shelf] += up_to[shelf - 1];
        }
        let shortest = phrases.iter().map(|sorted| sorted.phrase.len()).min()?.min(size_of::<u64>());
        let behind = u64::BITS - 8 * u32::try_from(shortest).ok()?;
        let mut search = Self { beginnings: [0; 16], behind, phrases, up_to };
        for at in 0..search.phrases.len() {
            let (word, bit) = search.beginning_of(search.phrases[at].bytes);
            search.beginnings[word] |= bit;
        }
        Some(search)
    }

    fn beginning_of(&self, bytes: u64) -> (usize, u64) {
        let hash = (bytes >> self.behind).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
        (hash as usize / 64, 1 << (hash % 64))
    }

    /// Whether a phrase may begin with these bytes, or certainly none does.
    fn may_begin(&self, bytes: u64) -> bool {
        let (word, bit) = self.beginning_of(bytes);
        self.beginnings[word] & bit != 0
    }

    /// The number of each phrase that begins at one of these places, and its own.
    pub(crate) fn places(&self, text: &str, starts: impl Iterator<Item = Start>) -> impl Iterator<Item = (usize, Range<usize>)> {
        let any = starts.filter(|start| self.may_begin(start.bytes));
        any.flat_map(|Start { at, shelf, bytes }| {
            let found = self.beginning(&text[at..], bytes, self.on(shelf));
            found.map(move |found| (found.number as usize, at..at + found.phrase.len()))
        })
    }

    /// Whether this is one of the phrases.
    pub(crate) fn has(&self, phrase: &str) -> bool {
        let Start { bytes, shelf, .. } = Start::of(phrase, 0);
        let compared = |sorted: &Sorted| sorted.bytes.cmp(&bytes).then_with(|| behind(sorted.phrase).cmp(behind(phrase)));
        self.may_begin(bytes) && self.phrases[self.on(shelf)].binary_search_by(compared).is_ok()
    }

    fn on(&self, shelf: u8) -> Range<usize> {
        shelf.checked_sub(1).map_or(0, |before| self.up_to[usize::from(before)].into())..self.up_to[usize::from(shelf)].into()
    }

    /// Every phrase that a text begins with: the last one that is not behind it in the order, or one that this begins with.
    fn beginning(&self, text: &str, bytes: u64, with: Range<usize>) -> impl Iterator<Item = &Sorted> {
        let is_before = |sorted: &Sorted| sorted.bytes < bytes || (sorted.bytes == bytes && sorted.phrase <= text);
        let before = self.phrases[with.clone()].partition_point(is_before);
        let last = before.checked_sub(1).map(|at| &self.phrases[with.start + at]);
        let chain = iter::successors(last, |sorted| Some(&self.phrases[usize::from(sorted.begins_with?)]));
        chain.filter(move |sorted| sorted.begins(text, bytes))
    }
}

/// What a comparison of the first eight bytes leaves to be compared, which is nothing of most words.
fn behind(text: &str) -> &[u8] {
    text.as_bytes().get(size_of::<u64>()..).unwrap_or_default()
}

impl Sorted {
    /// Whether a text with these first bytes begins with the phrase.
    fn begins(&self, text: &str, bytes: u64) -> bool {
        let compared = self.phrase.len().min(size_of::<u64>());
        let alike = (self.bytes ^ bytes).leading_zeros() as usize >= 8 * compared;
        alike && (compared == self.phrase.len() || text.starts_with(self.phrase))
    }
}

/// Where something may begin that is looked up, with what of it each list is asked for first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    at: usize,
    /// Phrases are kept apart by their first character, as far as a byte tells: in Japanese the first byte of all of them is the same.
    shelf: u8,
    /// The first eight bytes, with zeros where there are fewer: in the same order as the texts, as far as they go.
    bytes: u64,
}

impl Start {
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let rest = &text.as_bytes()[at..];
        let bytes = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut bytes = [0; size_of::<u64>()];
            bytes[..rest.len()].copy_from_slice(rest);
            bytes
        });
        let shelf = text[at..].chars().next().map_or(0, |first| u32::from(first) as u8);
        Self { at, shelf, bytes: u64::from_be_bytes(bytes) }
    }
}

/// Packed by `build.rs`. Phrases are kept where they are unpacked, for as long as the process lives.
static LANGUAGES: LazyLock<Vec<Words>> = LazyLock::new(|| {
    macro_rules! packed {
        ($tag:literal) => {
            include_bytes!(concat!(env!("OUT_DIR"), "/", $tag, ".json.deflate")).as_slice()
        };
    }
    let unpack = |packed| {
        let json: &'static [u8] = decompress_to_vec(packed).expect("what `build.rs` packs can be unpacked").leak();
        serde_json::from_slice(json).expect("a language file of this crate is valid")
    };
    [packed!("en"), packed!("es"), packed!("ja"), packed!("pt")].map(unpack).into()
});

/// What the library says to people: the guide's questions, the offer, the disclosure, the recap. The host can replace any of it.
///
/// ```
/// use completion_coach::Texts;
///
/// let texts = Texts::default().with("en", [("closing.complete", "That is all. Have a look at what you wrote.")])?;
/// assert_eq!(texts.get("en-GB", "closing.complete"), Some("That is all. Have a look at what you wrote."));
/// assert_eq!(texts.get("es", "offer.later"), Texts::default().get("es", "offer.later"));
/// assert!(Texts::default().with("en", [("no.such.text", "x")]).is_err());
/// assert!(Texts::default().all("pt-BR").any(|(id, text)| id == "offer.later" && !text.is_empty()));
/// # Ok::<(), completion_coach::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Texts(Option<&'static [Words]>);

/// Without the texts, which may be the host's.
impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({})", if self.0.is_some() { "replaced" } else { "own" })
    }
}

/// The same set of texts is kept once, however often a host puts it together.
impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.languages(), other.languages())
    }
}
impl Eq for Texts {}

impl Default for Texts {
    /// The library's own, in English, Spanish, Portuguese and Japanese.
    fn default() -> Self {
        Self(None)
    }
}

impl Texts {
    /// These texts of a language, by their ids, in place of the ones there are. Each set of texts is kept as long as the process lives.
    ///
    /// # Errors
    /// `InvalidInput` if there is no such language or text, if a text is blank, or if it has other `{placeholders}` than the one it replaces.
    pub fn with<'a>(self, language: &str, texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        static KEPT: Mutex<Vec<&'static [Words]>> = Mutex::new(Vec::new());
        let mut languages = self.languages().to_vec();
        let words = languages.iter_mut().find(|words| same(&words.tag, language));
        let words = words
            .ok_or_else(|| Error::invalid("texts", "the library has no texts in this language; its languages are en, es, pt and ja"))?;
        for (id, text) in texts {
            let known = words.texts.get_mut(id).ok_or_else(|| Error::invalid("texts", "there is no text with this id"))?;
            if text.trim().is_empty() || placeholders(text) != placeholders(known) {
                return Err(Error::invalid("texts", "a text cannot be blank, and needs the same {placeholders} as the one it replaces"));
            }
            text.clone_into(known);
        }
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = kept.iter().find(|same| same[..] == languages[..]) {
            return Ok(Self(Some(same)));
        }
        let new: &'static [Words] = Box::leak(languages.into_boxed_slice());
        kept.push(new);
        Ok(Self(Some(new)))
    }

    /// The text with this id in this language, without regard to its region.
    pub fn get(&self, language: &str, id: &str) -> Option<&'static str> {
        let words = self.languages().iter().find(|words| same(&words.tag, language))?;
        words.texts.get(id).map(String::as_str)
    }

    /// The texts of a language, by their ids; none for a language that the library has no texts in.
    pub fn all(self, language: &str) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let words = self.languages().iter().find(|words| same(&words.tag, language));
        words.into_iter().flat_map(|words| &words.texts).map(|(id, text)| (id.as_str(), text.as_str()))
    }

    /// The ids of all texts.
    pub fn ids() -> impl Iterator<Item = &'static str> {
        LANGUAGES[0].texts.keys().map(String::as_str)
    }

    fn languages(self) -> &'static [Words] {
        self.0.unwrap_or(&LANGUAGES)
    }

    /// The words of a language, by its tag without regard to its region; English for one that has none yet.
    pub(crate) fn words(self, tag: &str) -> &'static Words {
        let languages = self.languages();
        languages.iter().find(|words| same(&words.tag, tag)).unwrap_or(&languages[0])
    }
}

fn placeholders(text: &str) -> HashSet<&str> {
    text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

/// The library's own words of a language; English for one that has none yet.
pub(crate) fn words(tag: &str) -> &'static Words {
    Texts::default().words(tag)
}

/// The words of every language that there are words of.
pub(crate) fn all() -> &'static [Words] {
    &LANGUAGES
}

/// The words of a language, if there are any.
pub(crate) fn known(tag: &str) -> Option<&'static Words> {
    let words = words(tag);
    same(&words.tag, tag).then_some(words)
}

/// A language without its region: `pt` for `pt-BR`.
pub(crate) fn primary(tag: &str) -> String {
    language(tag).to_ascii_lowercase()
}

fn language(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

/// Whether two tags are of one language.
fn same(a: &str, b: &str) -> bool {
    language(a).eq_ignore_ascii_case(language(b))
}

impl Words {
    /// The text with this id. Empty if there is none, which a test rules out for every id in use.
    pub(crate) fn text(&self, id: &str) -> &str {
        self.texts.get(id).map_or("", String::as_str)
    }

    /// The first of these texts that exists.
    pub(crate) fn first(&self, ids: &[&str]) -> &str {
        ids.iter().map(|id| self.text(id)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Every phrase of every list.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = &'static str> {
        self.lists.values().flat_map(|list| &list.phrases).copied()
    }

    /// The list with this id. Empty if there is none.
    pub(crate) fn list(&self, id: &str) -> &[&'static str] {
        self.lists.get(id).map_or(&[], |list| list.phrases.as_slice())
    }

    /// Whether a list has this phrase.
    pub(crate) fn has(&self, id: &str, phrase: &str) -> bool {
        self.search(id).is_some_and(|search| search.has(phrase))
    }

    /// What finds every phrase of a list at once, overlapping ones as well; `None` for an empty list.
    pub(crate) fn search(&self, id: &str) -> Option<&Search> {
        let list = self.lists.get(id)?;
        list.search.get_or_init(|| Search::new(list.phrases.iter().copied().filter(|phrase| !phrase.is_empty()))).as_ref()
    }
}

/// Puts values into a text's `{name}`s, in one pass: what is put in is never looked at again.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let value = values.iter().find_map(|(name, value)| {
            let after = rest[1..].strip_prefix(name)?.strip_prefix('}')?;
            Some((value, after))
        });
        match value {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::{Search, Start, all};

    fn everywhere(text: &str) -> impl Iterator<Item = Start> {
        text.char_indices().map(|(at, _)| Start::of(text, at))
    }

    #[test]
    fn a_search_finds_every_phrase_everywhere_overlapping_ones_as_well() {
        let search = Search::new(["not", "is not", "is", "nothing", "not", "ções", "ção"].into_iter()).expect("there are phrases");
        let mut found: Vec<_> = search.places("it is nothing: ações", everywhere("it is nothing: ações")).collect();
        found.sort_unstable_by_key(|(number, place)| (place.start, *number));
        let said = |number, start, length| (number, start..start + length);
        assert_eq!(found, [said(1, 3, 6), said(2, 3, 2), said(0, 6, 3), said(3, 6, 7), said(4, 6, 3), said(5, 16, 6)]);
        assert!(search.has("not") && search.has("ção") && !search.has("no") && !search.has("nothing at all") && !search.has(""));
        assert!(Search::new(std::iter::empty()).is_none());
    }

    #[test]
    fn a_search_finds_what_looking_for_each_phrase_alone_finds() {
        for words in all() {
            for list in words.lists.values().filter(|list| list.phrases.len() > 1) {
                let text = list.phrases.iter().step_by(list.phrases.len() / 7 + 1).fold(String::new(), |text, phrase| text + phrase + " ");
                let search = Search::new(list.phrases.iter().copied()).expect("there are phrases");
                let mut found: Vec<_> = search.places(&text, everywhere(&text)).collect();
                found.sort_unstable_by_key(|(number, place)| (*number, place.start));
                let text = text.as_str();
                let starts = |phrase: &'static str| text.char_indices().map(|(at, _)| at).filter(move |at| text[*at..].starts_with(phrase));
                let looked_for: Vec<_> = list
                    .phrases
                    .iter()
                    .enumerate()
                    .flat_map(|(number, phrase)| starts(phrase).map(move |at| (number, at..at + phrase.len())))
                    .collect();
                assert_eq!(found, looked_for, "{}", words.tag);
            }
        }
    }
}
