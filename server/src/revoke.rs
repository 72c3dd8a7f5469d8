//! Revocation of credentials on a running server.

use push_wire_shared::ChannelKind;

use crate::{PushServer, Revocation, RevokeError, clock};

impl<C: ChannelKind> PushServer<C> {
    /// Refuses credentials from now on, until the time of the [`Revocation`]. Connections that were opened with them are
    /// closed at once with 4200, over every transport; their clients may come back with another token. Revocations are
    /// kept in memory: after a restart, the authenticator must refuse the credentials by itself.
    ///
    /// # Errors
    /// [`RevokeError::Full`]: too many are kept; nothing has changed.
    pub fn revoke(&self, revocation: Revocation) -> Result<(), RevokeError> {
        self.hub.revoke(clock::wall(), revocation)
    }
}
