//! Event streams, cut in every way.

use proptest::prelude::*;

use super::{Event, Parser, TooLarge};

const MOST: usize = 64 * 1024;

fn parse(pieces: &[&[u8]], most: usize) -> Result<Vec<Event>, TooLarge> {
    let (mut parser, mut events) = (Parser::new(most), Vec::new());
    for piece in pieces {
        parser.feed(piece, &mut events)?;
    }
    parser.finish(&mut events)?;
    Ok(events)
}

fn event(name: &str, data: &str) -> Event {
    Event { name: name.into(), data: data.into() }
}

#[test]
fn the_standards_cases() {
    let cases: [(&str, &[(&str, &str)]); 19] = [
        ("data: a\n\n", &[("", "a")]),
        ("data:a\n\n", &[("", "a")]),
        ("data:  a\n\n", &[("", " a")]),
        ("data\n\n", &[("", "")]),
        ("data:\ndata:\n\n", &[("", "\n")]),
        ("data: a\ndata: b\n\n", &[("", "a\nb")]),
        ("event: x\ndata: a\n\ndata: b\n\n", &[("x", "a"), ("", "b")]),
        ("event: x\n\ndata: b\n\n", &[("", "b")]),
        (": comment\ndata: a\n: more\n\n", &[("", "a")]),
        (":\n\n:\n\n", &[]),
        ("id: 1\nretry: 5\nwhat: ever\ndata: a\n\n", &[("", "a")]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]),
        ("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]),
        ("\u{feff}data: a\n\n", &[("", "a")]),
        ("data: a\n\n\u{feff}data: b\n\n", &[("", "a")]),
        ("data: a", &[("", "a")]),
        ("data: a\n", &[("", "a")]),
        ("error: {\"code\":500}\n", &[("error", "{\"code\":500}")]),
        ("data: a\nerror: b\n\n", &[("", "a")]),
    ];
    for (stream, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(name, data)| event(name, data)).collect();
        assert_eq!(parse(&[stream.as_bytes()], MOST), Ok(expected), "{stream:?}");
    }
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    assert_eq!(parse(&[b"data: a\xff\xfeb\n\n"], MOST), Ok(vec![event("", "a\u{fffd}\u{fffd}b")]));
}

#[test]
fn an_event_over_the_cap_is_refused_however_it_comes() {
    let long = format!("data: {}\n\n", "x".repeat(100));
    assert!(parse(&[long.as_bytes()], 50).is_err());
    assert!(parse(&long.as_bytes().chunks(1).collect::<Vec<_>>(), 50).is_err());
    let lines = "data: xxxxxxxxxx\n".repeat(10);
    assert!(parse(&[lines.as_bytes()], 50).is_err());
    let events = "data: xxxxxxxxxx\n\n".repeat(1_000);
    assert_eq!(parse(&[events.as_bytes()], 50).expect("each is small").len(), 1_000);
}

#[test]
fn a_line_of_four_megabytes_in_small_pieces_is_read_once() {
    // Quadratic work on it would take minutes.
    let line = format!("data: {}\n\n", "é".repeat(2 << 20));
    let events = parse(&line.as_bytes().chunks(7).collect::<Vec<_>>(), 5 << 20).expect("it is below the cap");
    assert_eq!(events[0].data.len(), 4 << 20);
}

/// A stream that is likely to hit what matters.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"data: ".to_vec()),
        Just(b"data".to_vec()),
        Just(b":".to_vec()),
        Just(b" ".to_vec()),
        Just(b"event: e\n".to_vec()),
        Just(b"error: {}\n".to_vec()),
        Just("\u{feff}".as_bytes().to_vec()),
        Just("é🎈か".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_any_cutting_gives_the_same_events(stream in stream(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let whole = parse(&[&stream], MOST);
        prop_assert_eq!(&parse(&pieces, MOST), &whole);
        prop_assert_eq!(&parse(&stream.chunks(1).collect::<Vec<_>>(), MOST), &whole);
        // The cap holds whatever comes.
        for event in parse(&[&stream], 24).unwrap_or_default() {
            prop_assert!(event.data.len() <= 3 * 24);
        }
    }
}
