//! Server-sent events from bytes: the same events however the bytes are cut, in linear time and bounded memory.

use std::fmt;

/// An event of a stream, as far as models use them: its name and its data.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// The `event` field; empty where there is none.
    pub(crate) name: String,
    /// The lines of the `data` fields, joined by newlines.
    pub(crate) data: String,
}

/// Without the data, which is what a model wrote.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({} bytes)", self.data.len())
    }
}

/// An event that is larger than was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Cuts a stream of bytes into events.
///
/// It follows the HTML standard's event streams: UTF-8, a byte order mark at the start, lines that end in LF, CR or CRLF, comments,
/// several `data` lines, unknown fields ignored. It differs where servers of models do: an event at the end of the stream counts without a
/// blank line behind it, and a line `error: …` outside of any event is an event named `error`, as older llama.cpp writes it.
#[derive(Debug)]
pub(crate) struct Parser {
    most: usize,
    /// The line that is not whole yet.
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    first_line: bool,
    after_cr: bool,
}

impl Parser {
    /// A parser for events of at most so many bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, line: Vec::new(), event: Event::default(), has_data: false, first_line: true, after_cr: false }
    }

    /// Takes more bytes, and adds the events that became whole.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLarge> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            if self.line.is_empty() {
                self.has_room(end)?;
                self.end_line(&bytes[..end], events)?;
            } else {
                self.keep(&bytes[..end])?;
                self.end_kept_line(events)?;
            }
            let cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.after_cr = cr && bytes.is_empty();
            if cr {
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        self.keep(bytes)
    }

    /// The end of the stream: what is left is an event as well.
    pub(crate) fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), TooLarge> {
        self.end_kept_line(events)?;
        self.dispatch(events);
        Ok(())
    }

    fn has_room(&self, more: usize) -> Result<(), TooLarge> {
        if self.line.len() + self.event.data.len() + more > self.most { Err(TooLarge) } else { Ok(()) }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        self.has_room(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_kept_line(&mut self, events: &mut Vec<Event>) -> Result<(), TooLarge> {
        let mut line = std::mem::take(&mut self.line);
        let ended = self.end_line(&line, events);
        line.clear();
        self.line = line;
        ended
    }

    fn end_line(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLarge> {
        let text = String::from_utf8_lossy(bytes);
        let mut line = text.as_ref();
        if std::mem::take(&mut self.first_line) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(events);
        } else {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.name),
                "data" => {
                    if self.has_data {
                        self.event.data.push('\n');
                    }
                    self.event.data.push_str(value);
                    self.has_data = true;
                }
                "error" if !self.has_data => {
                    self.event = Event { name: "error".to_owned(), data: value.to_owned() };
                    self.has_data = true;
                    self.dispatch(events);
                }
                _ => {}
            }
        }
        // Replacement characters are longer than the bytes that they stand for.
        if self.event.data.len() > self.most.saturating_mul(3) {
            return Err(TooLarge);
        }
        Ok(())
    }

    /// An event without data is none.
    fn dispatch(&mut self, events: &mut Vec<Event>) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            events.push(event);
        }
    }
}

#[cfg(test)]
mod tests;
