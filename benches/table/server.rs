//! A model's server on this machine: it answers every request with one reply as Anthropic streams it, at once or as fast as a model writes.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// 60 words that end in one question.
pub(crate) const ANSWER: &str = "The parser works, and the tests that nearly made you give up are what you now trust it by. You stayed with \
                                 them for two weeks although the plan had said one, and the group can use the result without asking you. \
                                 When you look back at that second week, what would you do differently if you began again tomorrow?";

/// The pieces of the reply, two words each.
pub(crate) fn pieces() -> Vec<String> {
    ANSWER.split_inclusive(' ').collect::<Vec<_>>().chunks(2).map(<[&str]>::concat).collect()
}

/// How the reply is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Everything in one write.
    AtOnce,
    /// A piece every so often.
    Every(Duration),
    /// The same, and each piece is the nanoseconds between this moment and its being written.
    Stamped(Duration, Instant),
}

/// Starts it on a thread and a runtime of its own, where it stays as long as the process.
pub(crate) fn start(pace: Pace) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                connection.set_nodelay(true).unwrap();
                // A client that leaves is no matter.
                tokio::spawn(async move { serve(connection, pace).await.ok() });
            }
        })
    });
    address
}

/// A whole stream, as the body of a response.
pub(crate) fn stream() -> String {
    [before(), pieces().iter().map(|piece| delta(piece)).collect(), after()].concat()
}

async fn serve(connection: TcpStream, pace: Pace) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    let chunks = [before(), pieces().iter().map(|piece| delta(piece)).collect(), after()].map(|part| chunked(&part));
    let [first, text, last] = chunks;
    let first =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_7\r\ntransfer-encoding: chunked\r\n\r\n{first}");
    let last = last + "0\r\n\r\n";
    let whole = [first.as_str(), &text, &last].concat();
    while asked(&mut connection).await? {
        let (every, epoch) = match pace {
            Pace::AtOnce => {
                connection.write_all(whole.as_bytes()).await?;
                continue;
            }
            Pace::Every(every) => (every, None),
            Pace::Stamped(every, epoch) => (every, Some(epoch)),
        };
        connection.write_all(first.as_bytes()).await?;
        for piece in pieces() {
            tokio::time::sleep(every).await;
            let piece = epoch.map_or(piece, |epoch| format!(" {}", epoch.elapsed().as_nanos()));
            connection.write_all(chunked(&delta(&piece)).as_bytes()).await?;
        }
        connection.write_all(last.as_bytes()).await?;
    }
    Ok(())
}

/// Reads a request. There is none when the client has closed the connection.
async fn asked(connection: &mut BufReader<TcpStream>) -> io::Result<bool> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            None if line == "\r\n" => break,
            _ => {}
        }
    }
    connection.read_exact(&mut vec![0; length]).await?;
    Ok(true)
}

/// Each event in a chunk of its own, as a server sends it that writes as the model does.
fn chunked(events: &str) -> String {
    events.split_inclusive("\n\n").map(|event| format!("{:x}\r\n{event}\r\n", event.len())).collect()
}

fn before() -> String {
    let start = r#"{"type":"message_start","message":{"id":"msg_7","type":"message","role":"assistant","model":"claude-haiku-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":987,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}}}"#;
    let block = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    [event("message_start", start), event("content_block_start", block), event("ping", r#"{"type":"ping"}"#)].concat()
}

fn delta(text: &str) -> String {
    event("content_block_delta", &format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#))
}

fn after() -> String {
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":74}}"#;
    let stop = r#"{"type":"content_block_stop","index":0}"#;
    [event("content_block_stop", stop), event("message_delta", end), event("message_stop", r#"{"type":"message_stop"}"#)].concat()
}

fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
