//! Holds the two small programs to their word: as processes of their own they print what a model's server streams to them, however it does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

const KEY: &str = "key-of-the-test";
const SAID: &str = "What should I learn next?";
const ANSWER: &str = "Write the tests first, über alles: it suits you.";

/// How a response tells where it ends.
#[derive(Clone, Copy)]
enum Framing {
    Chunked,
    Length,
    UntilClosed,
}

/// A stream of Anthropic's that says the answer in three pieces.
fn events() -> String {
    let text = |text: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#);
    let (first, rest) = ANSWER.split_at(10);
    let (second, third) = rest.split_at(20);
    let all = [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":9}}}"#.to_owned(),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
        text(first),
        text(second),
        text(third),
        r#"{"type":"content_block_stop","index":0}"#.to_owned(),
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}"#.to_owned(),
        r#"{"type":"message_stop"}"#.to_owned(),
    ];
    all.iter().map(|data| format!("data: {data}\n\n")).collect()
}

/// The bytes of a response, a chunk for every 50 bytes of it.
fn response(framing: Framing) -> Vec<u8> {
    let (body, head) = (events(), "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
    let mut bytes = head.as_bytes().to_vec();
    match framing {
        Framing::Chunked => {
            bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.as_bytes().chunks(50) {
                bytes.extend(format!("{:X};of=interest\r\n", chunk.len()).as_bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
        }
        Framing::Length => bytes.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()),
        Framing::UntilClosed => bytes.extend(format!("Connection: close\r\n\r\n{body}").as_bytes()),
    }
    bytes
}

/// Answers one request with these bytes, closes the connection, and gives what it was sent.
fn server(response: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    let serving = thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("the program connects");
        let mut reader = BufReader::new(connection.try_clone().expect("a second handle"));
        let (mut request, mut length) = (String::new(), 0);
        loop {
            let from = request.len();
            reader.read_line(&mut request).expect("a head");
            let line = request[from..].to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        for piece in response.chunks(7) {
            connection.write_all(piece).expect("the program reads");
        }
        request + &String::from_utf8(body).expect("JSON is UTF-8")
    });
    (address, serving)
}

fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("a test is built below its profile's folder");
    let path = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    // Cargo builds examples for `cargo test`, but not for `cargo test --test programs`.
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if changed(&path) < changed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{name}.rs"))) {
        let built = Command::new(env!("CARGO")).args(["build", "--example", name]).status().expect("cargo starts");
        assert!(built.success());
    }
    path
}

/// Runs a program to its end, and gives what it printed and what the server was sent.
fn run(name: &str, response: Vec<u8>) -> (Output, String) {
    let (address, serving) = server(response);
    let mut command = Command::new(program(name));
    command.args(SAID.split(' ')).env("ANTHROPIC_BASE_URL", address).env("ANTHROPIC_API_KEY", KEY).env("NO_PROXY", "127.0.0.1");
    let output = command.output().expect("the program starts");
    (output, serving.join().expect("the server was asked"))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it writes UTF-8")
}

#[test]
fn one_message_is_answered_over_the_default_transport() {
    for framing in [Framing::Chunked, Framing::Length, Framing::UntilClosed] {
        let (output, request) = run("one_message", response(framing));
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), format!("{ANSWER}\n"));
        assert!(text(&output.stderr).contains("127.0.0.1"), "it says to whom it is sent");
        assert!(request.starts_with("POST /v1/messages HTTP/1.1\r\n") && request.contains(SAID), "{request}");
        assert!(request.contains(&format!("authorization: Bearer {KEY}\r\n")), "{request}");
    }
}

#[test]
fn a_transport_of_the_hosts_own_reads_every_framing() {
    for framing in [Framing::Chunked, Framing::Length, Framing::UntilClosed] {
        let (output, request) = run("own_transport", response(framing));
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), format!("{ANSWER}\n"));
        assert!(request.starts_with("POST /v1/messages HTTP/1.1\r\n") && request.contains(SAID), "{request}");
        assert!(!request.contains("authorization"), "a server on the device is shown no key");
    }
    ran("own_transport");
}

#[test]
fn an_answer_that_is_cut_off_is_an_error_after_its_first_pieces() {
    for (name, framing) in [("one_message", Framing::Chunked), ("own_transport", Framing::Chunked), ("own_transport", Framing::Length)] {
        let mut cut = response(framing);
        let at = text(&cut).find("suits").expect("the last piece");
        cut.truncate(at);
        let (output, _) = run(name, cut);
        assert!(!output.status.success());
        let said = text(&output.stdout);
        assert!(!said.is_empty() && ANSWER.starts_with(said), "{said}");
        let error = text(&output.stderr);
        assert!(error.contains("resume") && !error.contains(KEY) && !error.contains(SAID), "{error}");
    }
}
