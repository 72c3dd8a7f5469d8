//! Calls of a transport into the application behind it.

use std::sync::Arc;

use axum::http::request::Parts;
use push_wire_shared::session::server::MessageError;

use crate::admission::Admission;
use crate::auth::PendingGrant;
use crate::hub::Hub;
use crate::peer::{AuthRequest, Inbound};

/// Callbacks of the application for one connection.
pub(crate) trait Application: Send + Sync + 'static {
    fn hub(&self) -> &Arc<Hub>;

    fn admission(&self) -> &Arc<Admission>;

    /// Starts the authentication of a client; `request` is the HTTP request that opened the connection.
    fn authenticate(&self, client: AuthRequest, request: &Parts) -> PendingGrant;

    /// Passes a client's message to its handler.
    fn deliver(&self, message: Inbound) -> Result<(), MessageError>;
}
