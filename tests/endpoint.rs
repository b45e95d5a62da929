//! Wrong keys, addresses and servers: each a typed error in time that says what to do; and no secret or content in any error or log.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use completion_coach::{
    AnthropicModel, CompletionCoach, Credentials, Debrief, Endpoint, Error, ErrorKind, Model, NewAction, NewMessage, OpenAiModel, Profile,
    ReqwestTransport, Retries, SqliteStore, TimeLimits, User,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const KEY: &str = "sk-kestrel-7f3a";
const WORDS: &str = "We ran the zorilla pipeline twice and it held.";

/// A server on which every connection is served like this.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A server that reads what it is sent, answers this and closes.
async fn answering(answer: impl Into<Vec<u8>>) -> String {
    let answer: Arc<Vec<u8>> = Arc::new(answer.into());
    let address = server(move |mut stream| {
        let answer = answer.clone();
        async move {
            request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    format!("http://{}", address.await)
}

/// Reads one request with its body; gives its head.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let (mut read, mut bytes) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        read.extend_from_slice(&bytes[..count]);
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            return head.to_owned();
        }
    }
    String::new()
}

fn json(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn endpoint(url: impl Into<String>) -> Endpoint {
    let limits = TimeLimits { answer: Duration::from_millis(600), idle: Duration::from_millis(400), overall: Duration::from_secs(3) };
    let retries = Retries { most: 0, ..Retries::default() };
    Endpoint::new(url, Credentials::key(KEY).expect("a key")).time_limits(limits).retries(retries)
}

fn both(endpoint: &Endpoint) -> [Arc<dyn Model>; 2] {
    [
        Arc::new(AnthropicModel::new("model-1", endpoint.clone()).expect("sound")),
        Arc::new(OpenAiModel::new("model-1", endpoint.clone()).expect("sound")),
    ]
}

async fn opened(model: Arc<dyn Model>) -> (CompletionCoach, User, Debrief) {
    let coach = CompletionCoach::shared(Arc::new(SqliteStore::in_memory().expect("memory")), model).build().expect("sound");
    let me = coach.user("me");
    me.save_profile(&Profile { headline: Some("Keeper of the zorilla".into()), ..Profile::default() }).await.expect("it fits");
    me.record_done(NewAction::new("other", "Counted every zorilla").id("run-1")).await.expect("it fits");
    me.consent(&coach.disclosure("en")).await.expect("this is what is configured");
    let debrief = me.debrief("run-1");
    debrief.open().await.expect("it opens").reply().await.expect("the guide asks");
    (coach, me, debrief)
}

/// What a turn fails with at this endpoint, for each protocol, and how long that took. The words are kept.
async fn failures(endpoint: &Endpoint) -> Vec<(Error, Duration)> {
    let mut failed = Vec::new();
    for model in both(endpoint) {
        let (_, _, debrief) = opened(model).await;
        let began = Instant::now();
        let error = debrief.send(NewMessage::typed(WORDS).id("m-1")).await.expect_err("this is no model's server");
        failed.push((error, began.elapsed()));
        let kept = debrief.messages(9, None).await.expect("they can be read").messages;
        assert_eq!(kept.iter().filter(|message| message.text == WORDS).count(), 1);
        assert_eq!(kept.len(), 2);
    }
    failed
}

async fn fails(url: impl Into<String>, kind: ErrorKind, advice: &str) {
    for (error, took) in failures(&endpoint(url)).await {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(advice), "`{error}` does not say `{advice}`");
        // Far above every limit that was set: what is held is that there is an end.
        assert!(took < Duration::from_secs(30), "{took:?}");
        silent(&error.to_string());
        silent(&format!("{error:?}"));
    }
}

fn silent(text: &str) {
    assert!(!text.to_lowercase().contains("zorilla") && !text.contains("kestrel"), "{text}");
}

#[tokio::test]
async fn a_key_that_is_missing_or_wrong_says_to_check_it() {
    let missing = Credentials::environment("COMPLETION_COACH_NO_SUCH_KEY").expect_err("it is not set");
    assert_eq!((missing.kind(), missing.field()), (ErrorKind::InvalidInput, Some("credentials")));
    assert!(missing.to_string().contains("set it"), "{missing}");
    let refusal = r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#;
    fails(answering(json("401 Unauthorized", refusal)).await, ErrorKind::Unauthorised, "check it").await;
    fails(answering(json("403 Forbidden", "{}")).await, ErrorKind::Unauthorised, "what the account may use").await;
}

#[tokio::test]
async fn an_unknown_model_says_to_check_its_name() {
    let unknown = r#"{"type":"error","error":{"type":"not_found_error","code":"model_not_found","message":"model: model-1"}}"#;
    fails(answering(json("404 Not Found", unknown)).await, ErrorKind::RequestRejected, "model's name").await;
    fails(answering("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await, ErrorKind::RequestRejected, "base URL").await;
}

#[tokio::test]
async fn an_address_where_something_else_answers_says_to_check_it() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";
    fails(answering(page).await, ErrorKind::ModelUnavailable, "base URL").await;
    for body in [r#"{"status":"fine"}"#, "[]", "null", "7", "{", ""] {
        fails(answering(json("200 OK", body)).await, ErrorKind::RequestRejected, "base URL").await;
    }
    let other_protocol = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"hello\": 1}\n\n";
    fails(answering(other_protocol).await, ErrorKind::ReplyIncomplete, "resume").await;
    fails(answering("SSH-2.0-OpenSSH_9.2\r\n").await, ErrorKind::ModelUnavailable, "try again").await;
}

#[tokio::test]
async fn an_address_where_nobody_answers_says_to_check_the_network() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port is free").local_addr().expect("it is bound");
    fails(format!("http://{closed}"), ErrorKind::ModelUnavailable, "network").await;
    fails("https://no-such-host.invalid", ErrorKind::ModelUnavailable, "network").await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_at_the_limit() {
    let silent = server(|mut stream| async move {
        request(&mut stream).await;
        std::future::pending().await
    });
    fails(format!("http://{}", silent.await), ErrorKind::ModelUnavailable, "in time").await;
}

#[tokio::test]
async fn a_server_that_drips_is_left_at_the_limit_of_the_whole_call() {
    let dripping = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await;
        while stream.write_all(b":").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let url = format!("http://{}", dripping.await);
    fails(url.clone(), ErrorKind::ModelUnavailable, "in time").await;
    // One byte a minute, as far as the idle limit goes.
    let slower = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n:").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    fails(format!("http://{}", slower.await), ErrorKind::ModelUnavailable, "in time").await;
}

#[tokio::test]
async fn a_gigabyte_of_error_is_not_read() {
    static SENT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let address = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 500 No\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n").await;
        let (block, mut sent) = (vec![b'x'; 1 << 16], 0);
        while sent < 1_000_000_000 && stream.write_all(&block).await.is_ok() {
            sent += block.len();
        }
        SENT.lock().expect("no test panics in it").push(sent);
    });
    fails(format!("http://{}", address.await), ErrorKind::ModelUnavailable, "resume later").await;
    let sent = loop {
        let sent = SENT.lock().expect("no test panics in it").clone();
        if sent.len() == 2 {
            break sent;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    // What the sockets hold, and no more, was written before the client left.
    assert!(sent.iter().all(|sent| *sent < 50_000_000), "{sent:?}");
}

#[tokio::test]
async fn an_event_without_an_end_is_not_kept() {
    let flood = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: ").await;
        while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
    });
    fails(format!("http://{}", flood.await), ErrorKind::ReplyIncomplete, "cannot be read").await;
}

/// A TLS server with a certificate for this name, and a client that trusts it.
async fn tls(name: &str) -> (SocketAddr, reqwest::Client) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions().expect("TLS");
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                refuse(stream).await;
            }
        }
    });
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a root");
    let trusting = tokio_rustls::rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let trusting = trusting.with_safe_default_protocol_versions().expect("TLS").with_root_certificates(roots).with_no_client_auth();
    let client = reqwest::Client::builder().tls_backend_preconfigured(trusting).redirect(reqwest::redirect::Policy::none());
    (address.await, client.no_proxy().build().expect("a client"))
}

async fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    request(&mut stream).await;
    let _ = stream.write_all(&json("402 Payment Required", "{}")).await;
    let _ = stream.shutdown().await;
}

/// `Cargo.lock` keeps the tables for names of other scripts out, which no address of an endpoint may hold; their ASCII form must still do.
#[test]
fn a_name_of_another_script_is_reached_by_its_ascii_form() {
    let parsed = reqwest::Url::parse("https://api.xn--bcher-kva.example/v1").expect("an address in ASCII");
    assert_eq!(parsed.host_str(), Some("api.xn--bcher-kva.example"));
    let endpoint = |url: &str| AnthropicModel::new("m-1", endpoint(url));
    assert!(endpoint("https://api.xn--bcher-kva.example").is_ok());
    assert_eq!(endpoint("https://api.bücher.example").expect_err("not in ASCII").kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_for_another_name_is_told_apart_from_no_network() {
    let (address, _) = tls("localhost").await;
    fails(format!("https://localhost:{}", address.port()), ErrorKind::ModelUnavailable, "certificate").await;
    // A client of the host's own that trusts it: the name decides.
    for (name, reached) in [("localhost", true), ("models.example", false)] {
        let (address, client) = tls(name).await;
        let own = Endpoint::over(
            ReqwestTransport::from_client(client),
            format!("https://localhost:{}", address.port()),
            Credentials::key(KEY).expect("a key"),
        );
        for (error, _) in failures(&own.retries(Retries { most: 0, ..Retries::default() })).await {
            assert_eq!((error.kind(), error.is_permanent()), (ErrorKind::ModelUnavailable, true));
            assert_eq!(error.to_string().contains("certificate"), !reached, "{error}");
        }
    }
}

#[tokio::test]
async fn a_client_of_the_hosts_that_follows_redirects_is_refused() {
    let target = answering("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await;
    let from = answering(format!("HTTP/1.1 307 Moved\r\nlocation: {target}/v1/messages\r\ncontent-length: 0\r\n\r\n")).await;
    let client = reqwest::Client::builder().no_proxy();
    // Without TLS settings of its own this client would ask the process for a provider, which nobody installed.
    let config = tokio_rustls::rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("TLS");
    let config = config.with_root_certificates(tokio_rustls::rustls::RootCertStore::empty()).with_no_client_auth();
    let client = client.tls_backend_preconfigured(config).build().expect("a client");
    let own = Endpoint::over(ReqwestTransport::from_client(client), from, Credentials::none());
    for (error, _) in failures(&own).await {
        assert_eq!(error.kind(), ErrorKind::RequestRejected);
        assert!(error.to_string().contains("Policy::none"), "{error}");
    }
}

#[tokio::test]
async fn a_source_of_tokens_that_fails_or_hangs_ends_the_turn() {
    #[derive(Debug)]
    struct Source(bool);

    #[async_trait::async_trait]
    impl completion_coach::TokenSource for Source {
        async fn token(&self) -> completion_coach::Result<completion_coach::Secret> {
            if self.0 {
                std::future::pending::<()>().await;
            }
            Err(Error::new(ErrorKind::Unauthorised, "sign in again"))
        }

        async fn invalidate(&self, _: &completion_coach::Secret) {}
    }
    let nobody = answering("").await;
    for (hangs, kind) in [(false, ErrorKind::Unauthorised), (true, ErrorKind::ModelUnavailable)] {
        for (error, _) in failures(&endpoint(nobody.clone()).credentials(Credentials::source(Source(hangs)))).await {
            assert_eq!((error.kind(), error.attempts()), (kind, None));
        }
    }
}

/// Everything that is logged by anybody in this process.
fn logs() -> Arc<Mutex<Vec<u8>>> {
    static LOGS: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    struct To(Arc<Mutex<Vec<u8>>>);
    impl Write for To {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let install = || {
        let logs = Arc::new(Mutex::new(Vec::new()));
        let spans = tracing_subscriber::fmt::format::FmtSpan::CLOSE;
        let writer = logs.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_span_events(spans).with_ansi(false);
        subscriber.with_writer(move || To(writer.clone())).init();
        logs
    };
    LOGS.get_or_init(install).clone()
}

fn logged() -> String {
    String::from_utf8_lossy(&logs().lock().expect("no writer panics")).into_owned()
}

#[tokio::test]
async fn a_server_that_echoes_everything_puts_nothing_of_it_into_errors_or_logs() {
    logs();
    let echo = format!("{WORDS} Bearer {KEY} zorilla");
    let errors = [
        format!(r#"{{"type":"error","error":{{"type":"{echo}","message":"{echo}","details":{{"error_code":"{echo}"}}}}}}"#),
        format!(r#"{{"error":{{"type":"{echo}","code":"{echo}","message":"{echo}"}}}}"#),
        format!(r#"{{"detail":"{echo}"}}"#),
        echo.clone(),
    ];
    for status in ["400 Bad", "401 No", "404 No", "429 Slow", "500 Broken", "200 OK"] {
        for body in &errors {
            for (error, _) in failures(&endpoint(answering(json(status, body)).await)).await {
                silent(&format!("{error} {error:?}"));
            }
        }
    }
    let stream =
        |data: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: {echo}\ndata: {data}\n\n{echo}\n\n");
    for data in [&errors[0], &errors[1], &echo] {
        for (error, _) in failures(&endpoint(answering(stream(data)).await)).await {
            silent(&format!("{error} {error:?}"));
        }
    }
    let text = logged();
    assert!(text.contains("gen_ai.request.model"), "nothing was logged, so nothing was tested");
    silent(&text);
}

#[tokio::test]
async fn a_request_is_a_span_with_the_names_of_the_conventions() {
    logs();
    let events = [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":11,"cache_read_input_tokens":20,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"What was the zorilla like?"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let events: String = events.iter().map(|data| format!("data: {data}\n\n")).collect();
    let url = answering(format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{events}")).await;
    let model = AnthropicModel::new("span-1", endpoint(url).provider("anthropic")).expect("sound");
    let (_, _, debrief) = opened(Arc::new(model)).await;
    debrief.send(NewMessage::typed(WORDS)).await.expect("a reply");
    let text = logged();
    let closed = text.lines().find(|line| line.contains("chat span-1") && line.contains("close")).expect("the span was closed");
    for field in [
        "gen_ai.operation.name=\"chat\"",
        "gen_ai.provider.name=\"anthropic\"",
        "gen_ai.request.model=\"span-1\"",
        "gen_ai.request.max_tokens=1024",
        "gen_ai.output.type=\"text\"",
        "gen_ai.response.finish_reasons=\"stop\"",
        "gen_ai.usage.input_tokens=31",
        "gen_ai.usage.output_tokens=7",
        "gen_ai.usage.cache_read.input_tokens=20",
        "completion_coach.operation=\"reply\"",
        "completion_coach.requests=1",
        "time.busy",
    ] {
        assert!(closed.contains(field), "{field} is not in {closed}");
    }
    silent(&text);
}
