//! The same without the feature `http`, over a transport of the host's own: HTTP/1.1 on a `TcpStream`, to a model's server on this device.
//!
//! `cargo run --example own_transport --no-default-features --features sqlite -- What should I learn next?`

use std::env;
use std::io::{self, Write};

use async_trait::async_trait;
use completion_coach::{
    AnthropicModel, CompletionCoach, Credentials, Delivery, Endpoint, Error, ErrorKind, HttpBody, HttpRequest, HttpResponse, Profile,
    Result, SqliteStore, Transport, TurnEvent,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = env::var("ANTHROPIC_BASE_URL").unwrap_or("http://127.0.0.1:8080".to_owned());
    // What stays on the device needs nobody's consent.
    let endpoint = Endpoint::over(OverTcp, address, Credentials::none()).on_this_device();
    let model = AnthropicModel::new("local", endpoint)?;
    let coach = CompletionCoach::builder(SqliteStore::in_memory()?, model).delivery(Delivery::Live).build()?;
    let me = coach.user("me");
    me.save_profile(&Profile::default()).await?;

    let said: Vec<_> = env::args().skip(1).collect();
    let mut turn = me.chat().stream(said.join(" ").as_str()).await?;
    while let Some(event) = turn.next().await {
        if let TurnEvent::Text(piece) = event? {
            write!(io::stdout(), "{piece}")?;
            io::stdout().flush()?;
        }
    }
    Ok(writeln!(io::stdout())?)
}

/// A connection for each request.
#[derive(Debug)]
struct OverTcp;

#[async_trait]
impl Transport for OverTcp {
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse> {
        let unencrypted = request.url().strip_prefix("http://").and_then(|rest| rest.split_once('/'));
        let (host, path) = unencrypted.ok_or_else(|| unreachable().permanent())?;
        let port = host.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
        let connection = if port { TcpStream::connect(host).await } else { TcpStream::connect(format!("{host}:80")).await };
        let mut connection = BufReader::new(connection.map_err(|_| unreachable())?);

        let length = request.body().len();
        let mut head = format!("POST /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n");
        for (name, value) in request.headers() {
            head += &format!("{name}: {value}\r\n");
        }
        let sent = [head.as_bytes(), b"\r\n", request.body()].concat();
        connection.write_all(&sent).await.map_err(|_| unreachable())?;

        let status = line(&mut connection).await.ok_or_else(unreachable)?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(unreachable)?;
        let mut headers = Vec::new();
        loop {
            let line = line(&mut connection).await.ok_or_else(unreachable)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let header = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str());
        let left = match (header("transfer-encoding"), header("content-length").and_then(|length| length.parse().ok())) {
            (Some(_), _) => Left::Chunk(0),
            (None, Some(length)) => Left::Length(length),
            (None, None) => Left::UntilClosed,
        };
        Ok(HttpResponse { status, headers, body: Box::new(Body { connection, left }) })
    }
}

#[derive(Debug)]
struct Body {
    connection: BufReader<TcpStream>,
    left: Left,
}

/// What is still to come, in bytes.
#[derive(Debug)]
enum Left {
    Chunk(usize),
    Length(usize),
    UntilClosed,
}

#[async_trait]
impl HttpBody for Body {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let broken = || Error::new(ErrorKind::ReplyIncomplete, "the connection broke while the model was writing; resume to ask again");
        if let Left::Chunk(0) = self.left {
            let mut size = line(&mut self.connection).await.ok_or_else(broken)?;
            if size.is_empty() {
                // The end of the chunk before.
                size = line(&mut self.connection).await.ok_or_else(broken)?;
            }
            let size = size.split(';').next().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
            self.left = size.map(|size| if size == 0 { Left::Length(0) } else { Left::Chunk(size) }).ok_or_else(broken)?;
        }
        let most = match self.left {
            Left::Chunk(left) | Left::Length(left) => left,
            Left::UntilClosed => usize::MAX,
        };
        let mut piece = vec![0; most.min(8_192)];
        let read = self.connection.read(&mut piece).await.map_err(|_| broken())?;
        match &mut self.left {
            Left::Length(0) => return Ok(None),
            Left::UntilClosed if read == 0 => return Ok(None),
            _ if read == 0 => return Err(broken()),
            Left::Chunk(left) | Left::Length(left) => *left -= read,
            Left::UntilClosed => {}
        }
        piece.truncate(read);
        Ok(Some(piece))
    }
}

/// A line of a head or before a chunk, without its end. `None` if it is not whole or far too long.
async fn line(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    connection.take(8_192).read_line(&mut line).await.ok()?;
    line.strip_suffix("\r\n").map(str::to_owned)
}

fn unreachable() -> Error {
    Error::new(ErrorKind::ModelUnavailable, "the model's server on this device cannot be reached; start it, or check ANTHROPIC_BASE_URL")
}
