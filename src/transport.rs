//! The port to the network: one HTTP POST whose response streams back, so that a phone can use its own stack.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::{Result, opaque_debug};
use crate::secret::Secret;

#[cfg(feature = "http")]
mod reqwest;
#[cfg(feature = "http")]
pub use self::reqwest::ReqwestTransport;

/// A POST to send.
#[derive(Clone)]
pub struct HttpRequest {
    url: String,
    headers: Vec<(String, Secret)>,
    body: Vec<u8>,
}
opaque_debug!(HttpRequest {});

impl HttpRequest {
    /// A request: an absolute URL, the headers, the body.
    pub fn new(url: String, headers: Vec<(String, Secret)>, body: Vec<u8>) -> Self {
        Self { url, headers, body }
    }

    /// Where to: an absolute URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers to send, in lower case. One of them carries the key: neither log them nor send them anywhere else.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.expose()))
    }

    /// The body: JSON in UTF-8.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, to send it without a copy; nothing is left of it here.
    pub fn take_body(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.body)
    }
}

/// The head of a response, and its body as it comes.
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Box<dyn HttpBody>,
}
opaque_debug!(HttpResponse { status });

impl HttpResponse {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A response's body. Dropping it closes the connection at once.
#[async_trait]
pub trait HttpBody: Debug + Send + 'static {
    /// The next bytes as they come off the network, or `None` at the end. Dropping the future ends the request.
    ///
    /// # Errors
    /// `ReplyIncomplete` if the connection broke.
    async fn next(&mut self) -> Result<Option<Vec<u8>>>;
}

/// Sends HTTP POSTs: the host's own network stack (URLSession, OkHttp), or [`ReqwestTransport`] with the feature `http`.
///
/// It follows no redirect, so that no key reaches another address, and retries nothing. Time limits are kept by the caller, who drops
/// the future or the body; that ends the request and closes its connection.
///
/// ```
/// use completion_coach::{Error, ErrorKind, HttpBody, HttpRequest, HttpResponse, Result, Transport};
///
/// /// What a host has: something that posts, and gives the response in pieces.
/// #[derive(Debug)]
/// struct Mine;
/// #[derive(Debug)]
/// struct Pieces(std::vec::IntoIter<Vec<u8>>);
///
/// #[async_trait::async_trait]
/// impl Transport for Mine {
///     async fn post(&self, request: HttpRequest) -> Result<HttpResponse> {
///         if !request.url().starts_with("https://") {
///             return Err(Error::new(ErrorKind::ModelUnavailable, "the model's server cannot be reached; check the network"));
///         }
///         Ok(HttpResponse { status: 200, headers: Vec::new(), body: Box::new(Pieces(Vec::new().into_iter())) })
///     }
/// }
///
/// #[async_trait::async_trait]
/// impl HttpBody for Pieces {
///     async fn next(&mut self) -> Result<Option<Vec<u8>>> {
///         Ok(self.0.next())
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// Sends a request, and comes back as soon as the head of the response is there, whatever its status. Dropping the future ends the
    /// request.
    ///
    /// # Errors
    /// `ModelUnavailable` if no response came; [`Error::permanent`](crate::Error::permanent) if trying again would not help. The reason
    /// is shown to people: static text that says what to do.
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse> {
        (**self).post(request).await
    }
}
