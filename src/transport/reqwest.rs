//! The transport over reqwest: TLS by rustls on ring with Mozilla's roots, no redirects, the system's proxies.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, redirect};
use rustls::{ClientConfig, RootCertStore};

use super::{HttpBody, HttpRequest, HttpResponse, Transport};
use crate::error::{Error, ErrorKind, Result};

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

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
        Ok(HttpResponse { status: response.status().as_u16(), headers, body: Box::new(Body(response)) })
    }
}

#[derive(Debug)]
struct Body(Response);

#[async_trait]
impl HttpBody for Body {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self.0.chunk().await {
            Ok(piece) => Ok(piece.map(|piece| piece.to_vec())),
            Err(_) => Err(Error::new(ErrorKind::ReplyIncomplete, "the connection broke while the model was writing; resume to ask again")),
        }
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
