//! A server that plays a script: for each request one answer, to the byte, with waits, resets and silence where the script says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One thing that the server does.
#[derive(Clone)]
pub(crate) enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Does nothing until the client leaves.
    Hang,
    /// Ends the connection by a reset.
    Reset,
    /// Goes on with the next request of this connection instead of closing it.
    Keep,
}

/// What a client sent, and when it left.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
    pub(crate) connection: usize,
    pub(crate) left: Option<Instant>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

#[derive(Default)]
struct Played {
    answers: std::collections::VecDeque<Vec<Act>>,
    seen: Vec<Seen>,
    connections: usize,
}

pub(crate) struct Server {
    port: u16,
    played: Arc<Mutex<Played>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server for these answers, one a request.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let played = Arc::new(Mutex::new(Played { answers: answers.into_iter().collect(), ..Played::default() }));
        let task = tokio::spawn({
            let played = played.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let played = played.clone();
                    let connection = {
                        let mut played = lock(&played);
                        played.connections += 1;
                        played.connections
                    };
                    tokio::spawn(async move { serve(stream, connection, &played).await });
                }
            }
        });
        Self { port, played, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Plays this at the next request that nothing is planned for yet.
    pub(crate) fn play(&self, acts: Vec<Act>) {
        lock(&self.played).answers.push_back(acts);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.played).seen.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        lock(&self.played).connections
    }

    /// When the client left that sent the request with this number.
    pub(crate) async fn left(&self, request: usize) -> Instant {
        loop {
            if let Some(left) = lock(&self.played).seen.get(request).and_then(|seen| seen.left) {
                return left;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn lock(played: &Mutex<Played>) -> std::sync::MutexGuard<'_, Played> {
    played.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, connection: usize, played: &Mutex<Played>) {
    let _ = stream.set_nodelay(true);
    while let Some((head, body)) = read(&mut stream).await {
        let (at, acts) = {
            let mut played = lock(played);
            played.seen.push(Seen { head, body, connection, left: None });
            (played.seen.len() - 1, played.answers.pop_front())
        };
        let mut kept = false;
        for act in acts.unwrap_or_else(|| vec![Act::Send(head_of(500, &[("content-length", "0")]))]) {
            let gone = match act {
                Act::Send(bytes) => stream.write_all(&bytes).await.is_err(),
                Act::Wait(time) => tokio::time::timeout(time, gone(&mut stream)).await.is_ok(),
                Act::Hang => {
                    gone(&mut stream).await;
                    true
                }
                Act::Reset => {
                    let _ = stream.set_zero_linger();
                    return;
                }
                Act::Keep => {
                    kept = true;
                    false
                }
            };
            if gone {
                lock(played).seen[at].left = Some(Instant::now());
                return;
            }
        }
        if !kept {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// Returns when the client has closed its side.
async fn gone(stream: &mut (impl AsyncRead + Unpin)) {
    let mut bytes = [0; 64];
    while matches!(stream.read(&mut bytes).await, Ok(count) if count > 0) {}
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Value)> {
    let (mut read, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.lines().filter_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok()).next();
            if read.len() >= end + 4 + length.unwrap_or(0) {
                return Some((head, serde_json::from_slice(&read[end + 4..]).unwrap_or_default()));
            }
        }
        match stream.read(&mut bytes).await {
            Ok(count) if count > 0 => read.extend_from_slice(&bytes[..count]),
            _ => return None,
        }
    }
}

/// The head of a response.
pub(crate) fn head_of(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("HTTP/1.1 {status} As Said\r\n{}\r\n", lines.collect::<String>()).into_bytes()
}

/// A whole response with a body of a known length.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<Act> {
    let length = body.len().to_string();
    let headers: Vec<_> = headers.iter().copied().chain([("content-length", length.as_str())]).collect();
    vec![Act::Send(head_of(status, &headers)), Act::Send(body.as_bytes().to_vec())]
}

/// The head of an event stream in chunks.
pub(crate) fn stream_head() -> Act {
    Act::Send(head_of(
        200,
        &[("content-type", "text/event-stream; charset=utf-8"), ("transfer-encoding", "chunked"), ("request-id", "req_7")],
    ))
}

/// One chunk of it.
pub(crate) fn chunk(bytes: &[u8]) -> Act {
    Act::Send([format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())
}

/// Its end in good order.
pub(crate) fn chunks_end() -> Act {
    Act::Send(b"0\r\n\r\n".to_vec())
}

/// A whole event stream, in one chunk, that ends in good order.
pub(crate) fn stream(events: &str) -> Vec<Act> {
    vec![stream_head(), chunk(events.as_bytes()), chunks_end()]
}
