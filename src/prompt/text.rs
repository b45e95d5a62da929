//! People's words made safe for their place in a prompt: cleaned, escaped, and cut without breaking either.

/// What stands at the end of a text that was cut.
const CUT: &str = " […]";

/// Characters that show nothing but change how text is shown or read: controls, bidi embeddings, overrides and isolates, the byte
/// order mark, and the invisible tag characters in which instructions are smuggled.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line: everything that is blank or hidden becomes a single space.
pub(super) fn line(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || hidden(c)).filter(|word| !word.is_empty()) {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(word);
    }
    clean
}

/// Several lines: line breaks of any kind and tabs stay, whatever else is hidden goes, and blank ends are trimmed.
pub(super) fn lines(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
        return text.trim().to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\t' => clean.push(c),
            c if hidden(c) => {}
            c => clean.push(c),
        }
    }
    clean.trim().to_owned()
}

/// The text with what could open or close a tag written as XML entities.
pub(super) fn escape(text: &str) -> String {
    if !text.contains(['&', '<', '>']) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// How many characters the text has once it is escaped.
pub(super) fn escaped_chars(text: &str) -> usize {
    text.chars().map(cost).sum()
}

fn cost(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        _ => 1,
    }
}

/// The escaped text in at most `room` characters: whole, or cut with a mark, at a space where there is one in the second half.
pub(super) fn cut(text: &str, room: usize) -> String {
    if escaped_chars(text) <= room {
        return escape(text);
    }
    let Some(room) = room.checked_sub(CUT.chars().count()) else {
        return String::new();
    };
    let (mut used, mut end) = (0, 0);
    for (at, c) in text.char_indices() {
        used += cost(c);
        if used > room {
            break;
        }
        end = at + c.len_utf8();
    }
    let inside_a_word = !text[end..].starts_with(char::is_whitespace);
    let at_a_space = text[..end].rfind(char::is_whitespace).filter(|space| inside_a_word && *space >= end / 2);
    let kept = text[..at_a_space.unwrap_or(end)].trim_end();
    if kept.is_empty() {
        return String::new();
    }
    escape(kept) + CUT
}
