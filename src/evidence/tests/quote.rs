//! Where words are found in a text, and where they are not.

use proptest::prelude::*;

use super::super::quote::{Folded, find_quote};
use super::*;

fn found(text: &str, quote: &str) -> Option<Evidence> {
    let folded = Folded::new(text);
    find_quote(&folded, quote).map(|(place, _)| folded.evidence(&place, &"m".into()))
}

fn assert_cut(text: &str, evidence: &Evidence) {
    assert_eq!(&text[evidence.start..evidence.end], evidence.quote);
    let units: Vec<u16> = text.encode_utf16().collect();
    assert_eq!(String::from_utf16(&units[evidence.start_utf16..evidence.end_utf16]).expect("no half character"), evidence.quote);
}

#[test]
fn a_quote_is_found_however_it_is_written_and_comes_back_to_the_letter() {
    let cases = [
        ("I learned LoRA fine-tuning", "learned lora FINE-TUNING", "learned LoRA fine-tuning"),
        ("one  two\n\tthree", " one two three ", "one  two\n\tthree"),
        ("I didn’t stop", "didn't stop", "didn’t stop"),
        ("she said “go on”", "said \"go on\"", "said “go on"),
        ("state—of—the—art", "state-of-the-art", "state—of—the—art"),
        ("the ﬁrst one", "first", "ﬁrst"),
        ("ｆｕｌｌ width", "full", "ｆｕｌｌ"),
        ("caf\u{e9} culture", "cafe\u{301}", "caf\u{e9}"),
        ("cafe\u{301} culture", "caf\u{e9}", "cafe\u{301}"),
        ("a\u{323}\u{307} b", "a\u{307}\u{323}", "a\u{323}\u{307}"),
        ("Straße", "STRASSE", "Straße"),
        ("ΟΔΟΣ", "οδος", "ΟΔΟΣ"),
        ("AT&T and <b>", "AT&amp;T and &lt;b&gt;", "AT&T and <b"),
        ("한글을 배웠다", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}\u{110b}\u{1173}\u{11af}", "한글을"),
        ("Rustを学んだ", "rust", "Rust"),
        ("Rust를 배웠다", "Rust", "Rust"),
        ("機械学習を学んだ", "機械学習", "機械学習"),
        ("ﾊﾟｿｺﾝを買った", "パソコン", "ﾊﾟｿｺﾝ"),
        ("ฉันเรียนภาษาไทย", "เรียน", "เรียน"),
        ("मैंने क्षमता सीखी", "क्षमता", "क्षमता"),
        ("trust rust", "rust", "rust"),
        ("C++ and C", "c", "C"),
        ("👩🏽‍💻 wrote Go 👍", "wrote go", "wrote Go"),
    ];
    for (text, quote, exact) in cases {
        let evidence = found(text, quote).unwrap_or_else(|| panic!("{quote:?} is in {text:?}"));
        assert!(evidence.quote.starts_with(exact), "{:?} is not {exact:?}", evidence.quote);
        assert_cut(text, &evidence);
    }
    assert_eq!(found("trust rust", "rust").map(|evidence| evidence.start), Some(6));
    assert_eq!(found("👍 Go", "go").map(|evidence| (evidence.start, evidence.start_utf16)), Some((5, 3)));
}

#[test]
fn a_quote_that_is_not_there_is_not_found() {
    let cases = [
        ("I trust it", "rust"),
        ("rusty", "rust"),
        ("I know C++", "C"),
        ("I know C#", "c"),
        ("résumé", "resume"),
        ("cafe\u{301}", "cafe"),
        ("각", "가"),
        ("\u{1100}\u{1161}\u{11a8}", "\u{1100}\u{1161}"),
        ("ﬁrst", "f"),
        ("パ", "ハ"),
        ("Rust", ""),
        ("Rust!", "!"),
        ("- — -", "-"),
        ("", "Rust"),
        ("Rust and Go", "Rust or Go"),
        ("Rust and Go", "Rust … Go"),
        ("no space", "nospace"),
        ("क्षमता", "क"),
        ("AT&amp;amp;T", "AT&T"),
    ];
    for (text, quote) in cases {
        assert_eq!(found(text, quote), None, "{quote:?} is not in {text:?}");
    }
}

#[test]
fn a_quote_made_to_be_slow_takes_no_longer() {
    let text = "ab".repeat(100_000);
    let quote = format!("{}c", "ab".repeat(50_000));
    let started = std::time::Instant::now();
    assert_eq!(found(&text, &quote), None);
    // Every other place of this one is an occurrence that splits the word.
    assert_eq!(found(&text, &"ab".repeat(50_000)), None);
    assert!(started.elapsed().as_secs() < 5);
}

/// Texts of every sort: words of several scripts, marks, white space, quotation marks, emoji, and anything at all.
fn anything() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z]{1,6}",
        Just(" ".to_owned()),
        "[ \t\n\u{a0}\u{3000}]{1,3}",
        "[-–—'’\"“”«»「」.,?!]",
        "[àéîõüßſıİςΣκЖж]{1,3}",
        "[\u{300}-\u{345}\u{93e}\u{94d}\u{200d}\u{fe0f}]{1,2}",
        "[あアパﾊﾟ漢字กำ한글ᄒ\u{1161}\u{11a8}]{1,4}",
        "[👍👩🏽𝒜ﬁ①½Å]{1,2}",
        "\\PC{0,3}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// The same words as a careless copyist writes them.
fn changed(quote: &str, how: &[u8]) -> String {
    let mut copy = String::new();
    for (at, c) in quote.chars().enumerate() {
        match how.get(at % how.len().max(1)).copied().unwrap_or(0) % 3 {
            0 if c.is_alphabetic() => copy.extend(c.to_uppercase()),
            1 if c.is_alphabetic() => copy.extend(c.to_lowercase()),
            _ if c.is_whitespace() => copy.push_str(" \n"),
            _ => copy.push(c),
        }
    }
    copy
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn i8_what_is_found_is_cut_from_the_message_to_the_letter(text in anything(), quote in anything()) {
        if let Some(evidence) = found(&text, &quote) {
            assert_cut(&text, &evidence);
            let plain = super::super::quote::unescaped(&quote);
            let folded = Folded::new(&evidence.quote);
            prop_assert!(folded.same(&quote) || folded.same(&plain));
        }
    }

    #[test]
    fn any_words_of_a_text_are_found_in_it_whatever_their_case_and_spacing(
        words in prop::collection::vec("[a-zA-Zàéîõüßςжｆ漢あ한]{1,5}[\u{301}\u{323}]{0,2}", 1..10),
        from in 0_usize..10, count in 1_usize..10, how in prop::collection::vec(any::<u8>(), 1..8),
        gap in prop_oneof![Just(" "), Just("\n"), Just(" — "), Just(", ")],
    ) {
        let text = words.join(gap);
        let from = from % words.len();
        let part = words[from..words.len().min(from + count)].join(gap);
        let copy = changed(&part, &how);
        let evidence = found(&text, &copy);
        prop_assert!(evidence.is_some(), "{copy:?} is in {text:?}");
        assert_cut(&text, &evidence.expect("found"));
    }

    #[test]
    fn any_slice_of_any_text_is_found_unless_it_cuts_through_a_word_or_a_character(
        text in anything(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
    ) {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (a, b) = (ends[a.index(ends.len())], ends[b.index(ends.len())]);
        let quote = &text[a.min(b)..a.max(b)];
        match found(&text, quote) {
            Some(evidence) => assert_cut(&text, &evidence),
            None => {
                let edge = |at: usize| {
                    let before = text[..at].chars().next_back();
                    let after = text[at..].chars().next();
                    before.zip(after).is_some_and(|(before, after)| !before.is_whitespace() && !after.is_whitespace())
                };
                let marked = |part: &str| {
                    let continues = super::super::quote::continues;
                    part.chars().find(|c| c.is_alphanumeric() || continues(*c)).is_some_and(continues)
                };
                prop_assert!(
                    !quote.contains(char::is_alphanumeric) || edge(a) || edge(b) || marked(quote) || marked(&text[a.max(b)..]),
                    "{quote:?} is in {text:?}"
                );
            }
        }
    }

    #[test]
    fn folding_twice_is_folding_once(text in anything()) {
        let once = Folded::new(&text).into_key();
        let twice = Folded::new(&once).into_key();
        prop_assert_eq!(Folded::new(&twice).into_key(), twice);
    }
}
