//! Words per language as data: the guide's texts and the lists that rules look words up in. One more language is one more file.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Everything that is said or recognised in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// The BCP 47 tag of the language.
    pub(crate) tag: String,
    /// Texts by their stable ids, with `{name}` where something is put in.
    texts: BTreeMap<String, String>,
    /// Lists of words and phrases, in lower case, by their stable ids.
    lists: BTreeMap<String, Vec<String>>,
}

static LANGUAGES: LazyLock<Vec<Words>> = LazyLock::new(|| {
    let sources = [include_str!("lang/en.json"), include_str!("lang/es.json"), include_str!("lang/ja.json"), include_str!("lang/pt.json")];
    sources.iter().map(|source| serde_json::from_str(source).expect("a language file of this crate is valid")).collect()
});

/// The words of a language, by its tag without regard to its region; English for one that has none yet.
pub(crate) fn words(tag: &str) -> &'static Words {
    let wanted = primary(tag);
    LANGUAGES.iter().find(|words| primary(&words.tag) == wanted).unwrap_or(&LANGUAGES[0])
}

/// The words of every language that there are words of.
pub(crate) fn all() -> &'static [Words] {
    &LANGUAGES
}

/// The words of a language, if there are any.
pub(crate) fn known(tag: &str) -> Option<&'static Words> {
    let words = words(tag);
    (primary(&words.tag) == primary(tag)).then_some(words)
}

/// A language without its region: `pt` for `pt-BR`.
pub(crate) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
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
    pub(crate) fn phrases(&self) -> impl Iterator<Item = &str> {
        self.lists.values().flatten().map(String::as_str)
    }

    /// The list with this id. Empty if there is none.
    pub(crate) fn list(&self, id: &str) -> &[String] {
        self.lists.get(id).map_or(&[], Vec::as_slice)
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
