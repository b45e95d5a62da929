//! Whether a turn is in another language than the user's: by script, and by the most frequent words of the languages there are words of.

use crate::lang::{self, Words, primary};

/// Fewer words than this tell no language.
const FEWEST: usize = 8;

/// Whether a turn is in another language than this one, as far as that can be told.
pub(super) fn is_another(plain: &str, folded: &str, language: &str) -> bool {
    let language = primary(language);
    let mut counts = [0_usize; Script::Other as usize + 1];
    for letter in plain.chars().filter(|c| c.is_alphabetic()) {
        counts[script(letter) as usize] += 1;
    }
    let letters = counts.iter().sum::<usize>();
    let share = |wanted: Script| counts[wanted as usize] as f32 / letters as f32;
    if letters < 8 {
        return false;
    }
    // Terms in Latin letters are at home in every language.
    match language.as_str() {
        "ja" => return share(Script::Kana) < 0.12,
        "zh" => return share(Script::Han) < 0.3 || share(Script::Kana) > 0.1,
        "ko" => return share(Script::Hangul) < 0.3,
        "ru" | "uk" | "bg" | "be" | "mk" => return share(Script::Cyrillic) < 0.3,
        "el" => return share(Script::Greek) < 0.3,
        "ar" | "fa" | "ur" => return share(Script::Arabic) < 0.3,
        "he" => return share(Script::Hebrew) < 0.3,
        "hi" | "mr" | "ne" => return share(Script::Devanagari) < 0.3,
        "th" => return share(Script::Thai) < 0.3,
        // Both scripts are in use, or the script is not known here.
        "sr" | "kk" | "uz" | "az" | "mn" | "ka" | "hy" | "ta" | "te" | "bn" | "am" | "km" | "lo" | "my" | "pa" | "gu" | "ml" | "kn"
        | "si" => {
            return false;
        }
        _ if share(Script::Latin) < 0.5 => return true,
        _ => {}
    }
    let words: Vec<&str> = folded.split([' ', '\'']).filter(|word| !word.is_empty()).collect();
    if words.len() < FEWEST {
        return false;
    }
    let frequent = |known: &Words, word: &str| known.search("function_words").is_some_and(|search| search.has(word));
    let of_all = |count: usize| count as f32 / words.len() as f32;
    // A few words that are not tell that there are no more.
    let has_more = |known: &Words, share: f32| {
        let mut left = words.len();
        words.iter().all(|word| {
            left -= usize::from(!frequent(known, word));
            of_all(left) > share
        })
    };
    let Some(known) = lang::known(&language) else { return has_more(lang::words("en"), 0.25) };
    let own = of_all(words.iter().filter(|word| frequent(known, word)).count());
    // No language can have twice as many.
    if own >= 0.5 {
        return false;
    }
    let mut others = lang::all().iter().filter(|other| other.tag != known.tag);
    (own == 0.0 && words.len() >= 12) || (own < 0.04 && words.len() >= 14) || others.any(|other| has_more(other, (2.0 * own).max(0.15)))
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    Devanagari,
    Thai,
    Hangul,
    Kana,
    Han,
    Other,
}

fn script(c: char) -> Script {
    match u32::from(c) {
        0x41..=0x24f | 0x1e00..=0x1eff | 0xff21..=0xff5a => Script::Latin,
        0x370..=0x3ff | 0x1f00..=0x1fff => Script::Greek,
        0x400..=0x52f => Script::Cyrillic,
        0x590..=0x5ff => Script::Hebrew,
        0x600..=0x6ff | 0x750..=0x77f => Script::Arabic,
        0x900..=0x97f => Script::Devanagari,
        0xe00..=0xe7f => Script::Thai,
        0x1100..=0x11ff | 0xac00..=0xd7af => Script::Hangul,
        0x3040..=0x30ff | 0xff66..=0xff9f => Script::Kana,
        0x3400..=0x9fff | 0xf900..=0xfaff => Script::Han,
        _ => Script::Other,
    }
}
