//! The key to a model's server: fixed, from the environment, or short-lived from the host.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// Where short-lived tokens come from, such as the app's own backend, so that no app ships a key.
///
/// ```
/// use completion_coach::{Result, Secret, TokenSource};
///
/// /// Keeps the newest token until the server refuses it.
/// #[derive(Debug, Default)]
/// struct Backend(std::sync::Mutex<Option<Secret>>);
///
/// #[async_trait::async_trait]
/// impl TokenSource for Backend {
///     async fn token(&self) -> Result<Secret> {
///         if let Some(token) = self.0.lock().unwrap().clone() {
///             return Ok(token);
///         }
///         let fresh = Secret::new("what the backend answers");
///         *self.0.lock().unwrap() = Some(fresh.clone());
///         Ok(fresh)
///     }
///
///     async fn invalidate(&self, refused: &Secret) {
///         // Another turn may have fetched a newer one already.
///         let mut kept = self.0.lock().unwrap();
///         if kept.as_ref().is_some_and(|kept| kept.expose() == refused.expose()) {
///             *kept = None;
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait TokenSource: Debug + Send + Sync + 'static {
    /// A token that should be accepted now. It is asked for at every request, so keep it as long as it lives.
    ///
    /// # Errors
    /// `Unauthorised` if the person has to sign in again, `ModelUnavailable` if it cannot be fetched now.
    async fn token(&self) -> Result<Secret>;

    /// The server did not accept this token: the next one must be another. Asked at most once a call.
    async fn invalidate(&self, refused: &Secret);
}

/// What a model's server is shown. It is sent as `Authorization: Bearer`.
#[derive(Debug, Clone)]
pub struct Credentials(Kept);

#[derive(Debug, Clone)]
enum Kept {
    Nothing,
    Key(Secret),
    Source(Arc<dyn TokenSource>),
}

impl Credentials {
    /// Nothing at all, for a server that asks for nothing.
    pub fn none() -> Self {
        Self(Kept::Nothing)
    }

    /// A key that does not change. White space around it is dropped.
    ///
    /// # Errors
    /// `InvalidInput` if it is empty or has characters that no key has.
    pub fn key(key: impl Into<String>) -> Result<Self> {
        checked(&Secret::new(key)).map(|key| Self(Kept::Key(key)))
    }

    /// The key in this environment variable, such as `ANTHROPIC_API_KEY`, read now.
    ///
    /// # Errors
    /// `InvalidInput` if it is not set, empty, or no key.
    pub fn environment(variable: &str) -> Result<Self> {
        match std::env::var(variable) {
            Ok(key) => Self::key(key),
            Err(_) => Err(Error::invalid("credentials", "the environment variable for the key is not set; set it, or pass a key")),
        }
    }

    /// Short-lived tokens from the host. One that the server refuses is replaced once.
    pub fn source(source: impl TokenSource) -> Self {
        Self(Kept::Source(Arc::new(source)))
    }

    /// What to show now.
    pub(crate) async fn token(&self) -> Result<Option<Secret>> {
        match &self.0 {
            Kept::Nothing => Ok(None),
            Kept::Key(key) => Ok(Some(key.clone())),
            Kept::Source(source) => checked(&source.token().await?).map(Some),
        }
    }

    /// Says that this was refused. Whether there can be another one.
    pub(crate) async fn invalidate(&self, refused: &Secret) -> bool {
        let Kept::Source(source) = &self.0 else { return false };
        source.invalidate(refused).await;
        true
    }
}

fn checked(key: &Secret) -> Result<Secret> {
    let trimmed = key.expose().trim();
    if trimmed.is_empty() {
        return Err(Error::invalid("credentials", "the key is empty; set it, or use `Credentials::none`"));
    }
    if !trimmed.chars().all(|character| character.is_ascii_graphic()) {
        return Err(Error::invalid("credentials", "a key has only visible ASCII characters; copy it again"));
    }
    Ok(Secret::new(trimmed))
}
