//! Where a model's server is and how it is talked to: address, credentials, transport, time limits, retries.

use std::sync::Arc;
use std::time::Duration;

use http_types::Uri;
use http_types::header::{HeaderName, HeaderValue};

use crate::credentials::Credentials;
use crate::error::{Error, Result, opaque_debug};
use crate::retry::Retries;
use crate::secret::Secret;
use crate::transport::Transport;
use crate::usage::{ModelInfo, ModelPlace};

/// How long a model's server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Until the head of a response is there, connecting included (default 60 s).
    pub answer: Duration,
    /// Between two pieces of a response (default 30 s).
    pub idle: Duration,
    /// For a call as a whole, with every retry and wait (default 120 s). A turn has a deadline of its own beside it.
    pub overall: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self { answer: Duration::from_secs(60), idle: Duration::from_secs(30), overall: Duration::from_secs(120) }
    }
}

/// A model's server, as settings. It is checked when a model is made of it.
///
/// ```
/// use completion_coach::{AnthropicModel, Credentials, Endpoint};
///
/// # #[cfg(feature = "http")] {
/// // A phone talks to its own backend, which has the key.
/// let endpoint = Endpoint::new("https://coach.example.com/llm", Credentials::none()).provider("anthropic").header("x-app", "3.1");
/// let model = AnthropicModel::new("claude-sonnet-5-5", endpoint)?;
/// # }
/// # Ok::<(), completion_coach::Error>(())
/// ```
#[derive(Clone)]
pub struct Endpoint {
    base_url: String,
    credentials: Credentials,
    provider: Option<String>,
    place: ModelPlace,
    unencrypted: bool,
    headers: Vec<(String, Secret)>,
    transport: Option<Arc<dyn Transport>>,
    retries: Retries,
    time_limits: TimeLimits,
}
opaque_debug!(Endpoint { credentials, provider, place, transport, retries, time_limits });

impl Endpoint {
    /// The server at this address, reached over a [`ReqwestTransport`](crate::ReqwestTransport) of its own.
    ///
    /// The address may have a path, to which the protocol's own path is added: `/v1/messages` for Anthropic's, `/chat/completions` for
    /// OpenAI's, whose addresses end in `/v1` by custom. Neither a query nor a user name may be in it.
    #[cfg(feature = "http")]
    pub fn new(base_url: impl Into<String>, credentials: Credentials) -> Self {
        Self::of(base_url.into(), credentials, None)
    }

    /// The same over the host's own transport.
    pub fn over(transport: impl Transport, base_url: impl Into<String>, credentials: Credentials) -> Self {
        Self::of(base_url.into(), credentials, Some(Arc::new(transport)))
    }

    fn of(base_url: String, credentials: Credentials, transport: Option<Arc<dyn Transport>>) -> Self {
        Self {
            base_url,
            credentials,
            provider: None,
            place: ModelPlace::Remote,
            unencrypted: false,
            headers: Vec::new(),
            transport,
            retries: Retries::default(),
            time_limits: TimeLimits::default(),
        }
    }

    /// What the server is shown, in place of what was given first.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Who runs the model, as the disclosure, the usage and the price table name it (default: the vendor at its own address, elsewhere the
    /// server's host name).
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// The model runs on this device, and the server at a loopback address hands nothing on: nobody's consent is needed then. It is not taken
    /// for granted of any address, because a proxy on the device may well hand things on.
    #[must_use]
    pub fn on_this_device(mut self) -> Self {
        self.place = ModelPlace::Local;
        self
    }

    /// Allows `http:` to an address that is not this device's. Whoever is on the way can then read the key and what people write.
    #[must_use]
    pub fn unencrypted(mut self) -> Self {
        self.unencrypted = true;
        self
    }

    /// A header to send with every request, such as a key that a gateway expects. Its value is kept as a secret.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret::new(value)));
        self
    }

    /// How failed requests are sent again.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// How long the server may take.
    #[must_use]
    pub fn time_limits(mut self, limits: TimeLimits) -> Self {
        self.time_limits = limits;
        self
    }

    /// The server as it is used, for the model of this name by this protocol, whose vendor is at the host named.
    pub(crate) fn server(self, model: &str, vendor: (&str, &str), path: &str) -> Result<Server> {
        let (host, address) = self.address()?;
        let provider = self.provider.unwrap_or_else(|| if host == vendor.1 { vendor.0.to_owned() } else { host });
        for (field, name) in [("model", model), ("provider", &provider)] {
            if name.trim().is_empty() || name.chars().any(char::is_control) {
                return Err(Error::invalid(field, "it needs a name without control characters"));
            }
        }
        for (name, value) in &self.headers {
            let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::invalid("header", "this is no name of a header"))?;
            let ours = ["authorization", "content-type", "content-length", "host"].contains(&known.as_str());
            if ours || HeaderValue::from_str(value.expose()).is_err() {
                return Err(Error::invalid("header", "it is set by this library, or its value has characters that cannot be sent"));
            }
        }
        let transport = match self.transport {
            Some(transport) => transport,
            #[cfg(feature = "http")]
            None => Arc::new(crate::transport::ReqwestTransport::new()?),
            #[cfg(not(feature = "http"))]
            None => return Err(Error::invalid("transport", "without the feature `http` an endpoint needs a transport of the host's")),
        };
        Ok(Server {
            url: format!("{address}{path}"),
            info: ModelInfo { provider, model: model.to_owned(), place: self.place, address: Some(address) },
            credentials: self.credentials,
            headers: self.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            transport,
            retries: self.retries,
            time_limits: self.time_limits,
        })
    }

    /// The host, and the address without a slash at its end.
    fn address(&self) -> Result<(String, String)> {
        let invalid = |reason| Error::invalid("base_url", reason);
        let uri: Uri = self.base_url.trim().parse().map_err(|_| invalid("it is not a URL; give it as https://host/path"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid("it needs a scheme and a host; give it as https://host/path"));
        };
        if authority.as_str().contains('@') || uri.query().is_some() || self.base_url.contains('#') {
            return Err(invalid("it can have neither a user name nor a query; put keys into the credentials or a header"));
        }
        let (scheme, host) = (scheme.to_ascii_lowercase(), authority.host().to_ascii_lowercase());
        if host.is_empty() || (authority.as_str().len() > host.len() && authority.port_u16().is_none()) {
            return Err(invalid("it needs a host, and a port up to 65535; give it as https://host/path"));
        }
        let device = loopback(&host);
        match scheme.as_str() {
            "https" => {}
            "http" if device || self.unencrypted => {}
            "http" => {
                return Err(invalid("http sends the key and what people write in the clear; use https, or allow it with `unencrypted`"));
            }
            _ => return Err(invalid("only https and http are spoken")),
        }
        if self.place == ModelPlace::Local && !device {
            return Err(invalid("only a server at a loopback address can be on this device"));
        }
        let path = uri.path().trim_end_matches('/');
        Ok((host, format!("{scheme}://{}{path}", authority.as_str().to_ascii_lowercase())))
    }
}

fn loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A server whose settings were found to be sound.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) info: ModelInfo,
    pub(crate) credentials: Credentials,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) retries: Retries,
    pub(crate) time_limits: TimeLimits,
}
opaque_debug!(Server { info, credentials, transport, retries, time_limits });

#[cfg(test)]
mod tests {
    use std::future::pending;

    use async_trait::async_trait;

    use super::*;
    use crate::error::ErrorKind;
    use crate::transport::{HttpRequest, HttpResponse};

    #[derive(Debug)]
    struct Nowhere;

    #[async_trait]
    impl Transport for Nowhere {
        async fn post(&self, _: HttpRequest) -> Result<HttpResponse> {
            pending().await
        }
    }

    fn endpoint(url: &str) -> Endpoint {
        Endpoint::over(Nowhere, url, Credentials::none())
    }

    fn server(endpoint: Endpoint) -> Result<Server> {
        endpoint.server("m-1", ("vendor", "api.vendor.example"), "/v1/messages")
    }

    #[test]
    fn an_address_keeps_its_path_and_loses_its_last_slash() {
        for (given, url, address, provider) in [
            ("https://api.vendor.example", "https://api.vendor.example/v1/messages", "https://api.vendor.example", "vendor"),
            ("HTTPS://API.Vendor.example/", "https://api.vendor.example/v1/messages", "https://api.vendor.example", "vendor"),
            (" https://h.example:8443/a/B/ ", "https://h.example:8443/a/B/v1/messages", "https://h.example:8443/a/B", "h.example"),
            ("http://127.0.0.1:1/x", "http://127.0.0.1:1/x/v1/messages", "http://127.0.0.1:1/x", "127.0.0.1"),
            ("http://[::1]:80", "http://[::1]:80/v1/messages", "http://[::1]:80", "[::1]"),
        ] {
            let server = server(endpoint(given)).expect(given);
            assert_eq!(
                (server.url.as_str(), server.info.address.as_deref(), server.info.provider.as_str()),
                (url, Some(address), provider)
            );
            assert_eq!(server.info.place, ModelPlace::Remote, "a loopback address may hand things on");
        }
    }

    #[test]
    fn what_is_no_address_says_so() {
        for url in [
            "",
            "models",
            "/v1",
            "https://",
            "https:///v1",
            "ftp://h.example",
            "https://user:pass@h.example",
            "https://h.example?key=1",
            "https://h.example#x",
            "https://h.example:99999",
            "http://h.example",
            "http://10.0.0.7",
            "https://h .example",
            "https://ü.example",
        ] {
            let error = server(endpoint(url)).expect_err(url);
            assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("base_url")), "{url}");
            assert!(!error.to_string().contains("pass"), "{error}");
        }
        assert!(server(endpoint("http://10.0.0.7").unencrypted()).is_ok());
    }

    #[test]
    fn only_a_loopback_address_is_on_this_device() {
        assert!(server(endpoint("https://h.example").on_this_device()).is_err());
        for url in ["http://localhost:11434/v1", "http://127.0.0.2", "http://[::1]/v1"] {
            assert_eq!(server(endpoint(url).on_this_device()).expect(url).info.place, ModelPlace::Local);
        }
    }

    #[test]
    fn headers_and_names_that_cannot_be_sent_are_refused() {
        let ok = || endpoint("https://h.example");
        for header in [("", "x"), ("a b", "x"), ("authorization", "x"), ("Host", "x"), ("x-key", "a\nb")] {
            assert_eq!(server(ok().header(header.0, header.1)).expect_err(header.0).field(), Some("header"));
        }
        assert_eq!(ok().server(" ", ("v", "h"), "/").expect_err("blank").field(), Some("model"));
        assert_eq!(server(ok().provider("\n")).expect_err("control").field(), Some("provider"));
        assert_eq!(server(ok().header("X-Key", "k")).expect("fine").headers[0].0, "x-key");
    }

    #[test]
    fn keys_are_cleaned_or_refused_and_never_shown() {
        for key in ["", "  ", "two words", "schlüssel"] {
            let error = Credentials::key(key).expect_err(key);
            assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("credentials")));
            assert!(key.trim().is_empty() || !error.to_string().contains(key));
        }
        let shown = format!("{:?}", Endpoint::over(Nowhere, "https://h.example", Credentials::key(" k-123\n").expect("a key")));
        assert!(!shown.contains("k-123"), "{shown}");
    }
}
