//! A block of `Label: a; b; c` lines that never gets longer than it may, whatever people put into it.

use super::text::{cut, escape, escaped_chars, line};

/// What a cut line must have room for beside its label to be worth sending.
const LEAST_CHARS: usize = 24;

/// One line: a label and its items, cleaned and not yet escaped. A text is a single item.
pub(super) struct Line {
    label: String,
    items: Vec<String>,
    /// How long the whole line is, escaped; counted once, for the lines are measured again and again.
    whole: usize,
    most: usize,
}

impl Line {
    /// A line of these items, without those that are blank. `None` if none is left.
    pub(super) fn new<I: AsRef<str>>(label: &str, items: impl IntoIterator<Item = I>) -> Option<Self> {
        let items: Vec<_> = items.into_iter().map(|item| line(item.as_ref())).filter(|item| !item.is_empty()).collect();
        (!items.is_empty()).then(|| Self::of(line(label), items))
    }

    /// A line that says that nothing is there yet.
    pub(super) fn empty(label: &str) -> Self {
        Self::of(line(label), vec!["(empty)".to_owned()])
    }

    /// The same in at most this many characters, however much room there is.
    pub(super) fn at_most(mut self, chars: usize) -> Self {
        self.most = chars;
        self
    }

    fn of(label: String, items: Vec<String>) -> Self {
        let separators = "; ".len() * items.len().saturating_sub(1);
        let whole = head(&label) + items.iter().map(|item| escaped_chars(item)).sum::<usize>() + separators;
        Self { label, items, whole, most: usize::MAX }
    }

    fn chars(&self) -> usize {
        self.whole.min(self.most)
    }

    /// The line in at most `room` characters. `None` if that is too little to say anything.
    fn render(&self, room: usize) -> Option<String> {
        let label = escape(&self.label);
        let room = room.min(self.most);
        let join = |items: &[String]| items.iter().map(|item| escape(item)).collect::<Vec<_>>().join("; ");
        if self.whole <= room {
            return Some(format!("{label}: {}", join(&self.items)));
        }
        let room = room.checked_sub(head(&self.label)).filter(|room| *room >= LEAST_CHARS)?;
        let (mut used, mut whole) = (0, 0);
        for (index, item) in self.items.iter().enumerate() {
            used += escaped_chars(item) + "; ".len();
            if used + more(self.items.len() - index - 1).chars().count() > room {
                break;
            }
            whole = index + 1;
        }
        if whole > 0 {
            return Some(format!("{label}: {}; {}", join(&self.items[..whole]), more(self.items.len() - whole)));
        }
        Some(cut(&self.items[0], room)).filter(|first| !first.is_empty()).map(|first| format!("{label}: {first}"))
    }
}

fn head(label: &str) -> usize {
    escaped_chars(label) + ": ".len()
}

fn more(count: usize) -> String {
    format!("… ({count} more)")
}

/// The lines in at most `max_chars` characters. Short lines stay whole and long ones share what is left; lines that there is no room
/// for at all are counted at the end.
pub(super) fn fit(lines: &[Line], max_chars: usize) -> String {
    let all = fair_share(lines, max_chars).map(|share| render(lines, share));
    if let Some(rendered) = all.filter(|rendered| rendered.len() == lines.len()) {
        return rendered.join("\n");
    }
    let Some(room) = max_chars.checked_sub(1 + more(lines.len()).chars().count()) else {
        return String::new();
    };
    let most = (0..=lines.len()).rev().find_map(|count| fair_share(&lines[..count], room).map(|share| render(&lines[..count], share)));
    let mut rendered = most.unwrap_or_default();
    if rendered.len() < lines.len() {
        rendered.push(more(lines.len() - rendered.len()));
    }
    rendered.join("\n")
}

fn render(lines: &[Line], share: usize) -> Vec<String> {
    lines.iter().filter_map(|line| line.render(share)).collect()
}

/// The most characters that every line may have so that all fit into `room`. `None` if long lines would get too little.
fn fair_share(lines: &[Line], room: usize) -> Option<usize> {
    let mut lengths: Vec<_> = lines.iter().map(Line::chars).collect();
    lengths.sort_unstable();
    let mut left = room.checked_sub(lines.len().saturating_sub(1))?;
    for (index, length) in lengths.iter().enumerate() {
        let share = left / (lengths.len() - index);
        if *length > share {
            return (share >= 2 * LEAST_CHARS).then_some(share);
        }
        left -= length;
    }
    Some(usize::MAX)
}
