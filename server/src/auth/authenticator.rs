//! Authentication of clients by the application.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use axum::http::{HeaderMap, Uri};
use push_wire_shared::ChannelKind;
use uuid::Uuid;

use super::{AuthError, Grant};

/// Credentials of a client that connects, or of a message that it POSTs in the JSON dialect. `Debug` leaves out the token, the
/// address and the headers, which contain secrets.
#[derive(Clone)]
#[non_exhaustive]
pub struct Credentials<C> {
    /// The client's id: its own choice, which proves nothing.
    pub client_id: Uuid,
    /// The token of its `auth`, or the bearer token of its POST.
    pub token: Option<String>,
    /// The channels that it named; empty when it named none, and for a POST.
    pub channels: Vec<C>,
    /// Address of the request that opened the connection, or of the POST, as the client wrote it.
    pub uri: Uri,
    /// Headers of that request: cookies, origin.
    pub headers: HeaderMap,
    /// The other end of the connection: a proxy's address, if there is one in front. Known when `axum::serve` took the
    /// connection from a `TcpListener`, or the application serves with
    /// [`into_make_service_with_connect_info`](axum::Router::into_make_service_with_connect_info).
    pub remote_addr: Option<SocketAddr>,
}

impl<C: fmt::Debug> fmt::Debug for Credentials<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("has_token", &self.token.is_some())
            .field("channels", &self.channels)
            .field("remote_addr", &self.remote_addr)
            .finish_non_exhaustive()
    }
}

/// Authentication of clients: finds a client's identity and grant. It may take as long as the server's handshake time,
/// and does not delay other clients.
///
/// Implemented by closures that return a future.
pub trait Authenticator<C: ChannelKind>: Send + Sync + 'static {
    /// Decides about one connection, and about each token that its client shows before its grant ends, with the request that
    /// opened the connection and no channels. In the JSON dialect also about each POST for a session that was opened without a token
    /// and has an identity: the message is taken only if the grant has the same one, and counts under the session's grant.
    ///
    /// # Errors
    /// [`AuthError`]: the reason, which decides whether the client retries.
    fn authenticate(
        &self,
        credentials: Credentials<C>,
    ) -> impl Future<Output = Result<Grant, AuthError>> + Send;
}

impl<C, F, R> Authenticator<C> for F
where
    C: ChannelKind,
    F: Fn(Credentials<C>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Grant, AuthError>> + Send,
{
    fn authenticate(
        &self,
        credentials: Credentials<C>,
    ) -> impl Future<Output = Result<Grant, AuthError>> + Send {
        self(credentials)
    }
}

/// A pending answer of an authenticator.
pub(crate) type PendingGrant = Pin<Box<dyn Future<Output = Result<Grant, AuthError>> + Send>>;

/// An authenticator of any type.
pub(crate) trait AnyAuthenticator<C: ChannelKind>: Send + Sync {
    fn begin(self: std::sync::Arc<Self>, credentials: Credentials<C>) -> PendingGrant;
}

impl<C: ChannelKind, A: Authenticator<C>> AnyAuthenticator<C> for A {
    fn begin(self: std::sync::Arc<Self>, credentials: Credentials<C>) -> PendingGrant {
        Box::pin(async move { self.authenticate(credentials).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_has_no_secrets() {
        let mut headers = HeaderMap::new();
        for name in ["authorization", "cookie"] {
            headers.insert(name, "a+secret".parse().unwrap());
        }
        let credentials = Credentials::<u8> {
            client_id: Uuid::from_u128(7),
            token: Some("a+secret".into()),
            channels: vec![1],
            uri: Uri::from_static("/rps?ticket=a+secret"),
            headers,
            remote_addr: None,
        };
        let text = format!("{credentials:?}");
        assert!(text.contains("has_token: true"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
