//! Calls of a transport into the application behind it.

use std::sync::Arc;

use axum::http::request::Parts;
use push_wire_shared::session::server::MessageError;

use crate::auth::Verdict;
use crate::hub::Hub;
use crate::peer::{AuthRequest, Inbound};

/// The application, as one connection sees it.
pub(crate) trait Application: Send + Sync + 'static {
    fn hub(&self) -> &Arc<Hub>;

    /// Begins to ask what a client may do; `request` opened the connection.
    fn authenticate(&self, client: AuthRequest, request: &Parts) -> Verdict;

    /// Hands on a client's message.
    fn deliver(&self, message: Inbound) -> Result<(), MessageError>;
}
