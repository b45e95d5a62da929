//! The transport over reqwest: TLS by rustls on ring with Mozilla's roots, no redirects, the system's proxies.

use std::error::Error as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, redirect};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Notify;
use tokio::task::{self, AbortHandle};

use super::{HttpBody, HttpRequest, HttpResponse, Transport};
use crate::error::{Error, ErrorKind, Result, opaque_debug};

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// With this many bytes that nobody has taken, no more are read.
const MOST_AHEAD: usize = 64 * 1024;

/// Sends requests with reqwest. Clones share their connections.
///
/// Connecting may take 10 s. It speaks HTTP/1.1 and TLS 1.2 and 1.3, trusts Mozilla's roots on every platform alike, follows no redirect, and
/// honours `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. A host that needs its own certificates, or the device's, passes a
/// client of its own.
#[derive(Debug, Clone)]
pub struct ReqwestTransport(Client);

impl ReqwestTransport {
    /// A transport with connections of its own.
    ///
    /// # Errors
    /// `Internal` if TLS cannot be set up.
    pub fn new() -> Result<Self> {
        // Given to the client as a whole: the provider that a process installs, and the platform's verifier, which panics on Android unless
        // it was set up over JNI, are never asked for.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|_| unusable())?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none()).connect_timeout(CONNECT);
        client.build().map(Self).map_err(|_| unusable())
    }

    /// The host's own client, for its certificates, proxies or pools. Set `redirect::Policy::none()` on it: the response to a request that was
    /// redirected is refused, but its headers may have gone there. It needs this crate's version of reqwest.
    pub fn from_client(client: Client) -> Self {
        Self(client)
    }
}

fn unusable() -> Error {
    Error::internal("TLS could not be set up; pass a client of your own to `ReqwestTransport::from_client`")
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn post(&self, mut request: HttpRequest) -> Result<HttpResponse> {
        let invalid =
            || Error::new(ErrorKind::RequestRejected, "a header cannot be sent as it is; check the endpoint's headers and its key");
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let body = request.take_body();
        let asked = reqwest::Url::parse(request.url()).map_err(|_| Error::new(ErrorKind::RequestRejected, "the base URL is not a URL"))?;
        let response = self.0.post(asked.clone()).headers(headers).body(body).send().await.map_err(|error| unreachable(&error))?;
        if *response.url() != asked {
            return Err(Error::new(
                ErrorKind::RequestRejected,
                "the client followed a redirect; build it with `redirect::Policy::none()`, and set the base URL to the final address",
            ));
        }
        let text = |(name, value): (&HeaderName, &HeaderValue)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
        let headers = response.headers().iter().filter_map(text).collect();
        let status = response.status().as_u16();
        let body: Box<dyn HttpBody> = if task::try_id().is_some() { Box::new(Here(response)) } else { Box::new(Apart::of(response)) };
        Ok(HttpResponse { status, headers, body })
    }
}

fn cut() -> Error {
    Error::new(ErrorKind::ReplyIncomplete, "the connection broke while the model was writing; resume to ask again")
}

/// A body for a task, which is woken where the connection runs.
#[derive(Debug)]
struct Here(Response);

#[async_trait]
impl HttpBody for Here {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        self.0.chunk().await.map(|piece| piece.map(|piece| piece.to_vec())).map_err(|_| cut())
    }
}

/// A body for a thread that is none of the runtime's. Each chunk is handed over by itself, which takes a wake-up: so that it is a task that
/// reads them, and the thread is woken once for all that have come until then.
#[derive(Debug)]
struct Apart {
    read: Arc<Read>,
    reading: AbortHandle,
}

impl Apart {
    fn of(response: Response) -> Self {
        let read = Arc::<Read>::default();
        let reading = tokio::spawn(Reading(read.clone()).of(response)).abort_handle();
        Self { read, reading }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

#[async_trait]
impl HttpBody for Apart {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let (bytes, end) = {
                let mut ahead = self.read.ahead();
                (std::mem::take(&mut ahead.bytes), ahead.end)
            };
            if !bytes.is_empty() {
                self.read.taken.notify_one();
                return Ok(Some(bytes));
            }
            match end {
                Some(End::Whole) => return Ok(None),
                Some(End::Cut) => return Err(cut()),
                None => self.read.more.notified().await,
            }
        }
    }
}

/// What of a body has been read and not yet been taken.
#[derive(Debug, Default)]
struct Read {
    ahead: Mutex<Ahead>,
    more: Notify,
    taken: Notify,
}

#[derive(Default)]
struct Ahead {
    bytes: Vec<u8>,
    end: Option<End>,
}
opaque_debug!(Ahead { end });

#[derive(Debug, Clone, Copy)]
enum End {
    Whole,
    Cut,
}

impl Read {
    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever reads; if it stops early, for whatever reason, the body was cut.
struct Reading(Arc<Read>);

impl Reading {
    async fn of(self, mut response: Response) {
        while let Ok(piece) = response.chunk().await {
            let Some(piece) = piece else {
                self.0.ahead().end = Some(End::Whole);
                return;
            };
            while self.0.ahead().bytes.len() > MOST_AHEAD {
                self.0.taken.notified().await;
            }
            self.0.ahead().bytes.extend_from_slice(&piece);
            self.0.more.notify_one();
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.ahead().end.get_or_insert(End::Cut);
        self.0.more.notify_one();
    }
}

/// Why no response came. The text of reqwest's own error holds the URL, so nothing of it is kept.
fn unreachable(error: &reqwest::Error) -> Error {
    let mut causes = std::iter::successors(error.source(), |&cause| {
        // An I/O error keeps what it was made of beside its source.
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inner.map(|inner| inner as &dyn std::error::Error).or_else(|| cause.source())
    });
    let certificate = causes.any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))));
    if certificate {
        let reason =
            "the certificate of the model's server is not valid for this address; check the base URL, the network and this device's clock";
        return Error::new(ErrorKind::ModelUnavailable, reason).permanent();
    }
    let reason = if error.is_timeout() {
        "the model's server could not be connected to in time; check the network and the base URL"
    } else if error.is_connect() {
        "the model's server cannot be reached; check the network and the base URL"
    } else {
        "the connection to the model's server broke before it answered; try again"
    };
    Error::new(ErrorKind::ModelUnavailable, reason)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const SENT: usize = 10 << 20;

    /// The response of a server that says it has so many bytes.
    async fn response(says: usize) -> Response {
        ReqwestTransport::new().unwrap().0.post(server(says)).send().await.unwrap()
    }

    fn server(says: usize) -> String {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        thread::spawn(move || {
            let (mut socket, _) = server.accept().unwrap();
            let _ = socket.read(&mut [0; 1_024]).unwrap();
            let _ = write!(socket, "HTTP/1.1 200 OK\r\ncontent-length: {says}\r\n\r\n");
            let _ = socket.write_all(&vec![b'x'; SENT]);
        });
        url
    }

    #[tokio::test]
    async fn what_nobody_takes_is_not_read_and_none_of_it_is_lost() {
        let mut body = Apart::of(response(SENT).await);
        let ahead = |body: &Apart| body.read.ahead().bytes.len();
        while ahead(&body) <= MOST_AHEAD {
            tokio::task::yield_now().await;
        }
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert!(ahead(&body) < SENT / 8, "{} bytes were read ahead", ahead(&body));
        assert!(format!("{body:?}").len() < 1_000, "it shows what a model wrote");
        let mut taken = 0;
        while let Some(bytes) = body.next().await.unwrap() {
            taken += bytes.len();
        }
        assert_eq!((taken, body.next().await.unwrap()), (SENT, None));
    }

    #[tokio::test]
    async fn a_body_that_is_cut_gives_what_came_and_then_fails() {
        let bodies: [Box<dyn HttpBody>; 2] = [Box::new(Here(response(SENT + 1).await)), Box::new(Apart::of(response(SENT + 1).await))];
        for mut body in bodies {
            let mut taken = 0;
            let error = loop {
                match body.next().await {
                    Ok(bytes) => taken += bytes.expect("it has no end").len(),
                    Err(error) => break error,
                }
            };
            assert_eq!((taken, error.kind()), (SENT, ErrorKind::ReplyIncomplete));
        }
    }

    #[tokio::test]
    async fn a_task_reads_by_itself_and_another_thread_has_it_read() {
        let post = || async {
            let request = HttpRequest::new(server(1), Vec::new(), Vec::new());
            format!("{:?}", ReqwestTransport::new().unwrap().post(request).await.unwrap().body)
        };
        assert!(post().await.starts_with("Apart"));
        assert!(tokio::spawn(post()).await.unwrap().starts_with("Here"));
    }
}
