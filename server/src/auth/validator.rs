//! Authentication by a synchronous callback that accepts or refuses a list of channels.

use std::future::{Future, ready};
use std::sync::Arc;

use push_wire_shared::ChannelKind;
use uuid::Uuid;

use super::{AuthError, Authenticator, Credentials, Grant};

/// Callback that decides whether a client (its id, its token) may use these channels.
///
/// It is called for the channels that the client names, which decides whether the client is accepted, and then for the
/// others, which decides what else it may subscribe to later.
pub type AuthValidator<C> =
    Arc<dyn Fn(Uuid, Option<&str>, &[C]) -> Result<(), AuthError> + Send + Sync>;

/// Authenticator that builds a grant from a validator's answers.
pub(crate) struct ByValidator<C>(pub(crate) AuthValidator<C>);

impl<C: ChannelKind> Authenticator<C> for ByValidator<C> {
    fn authenticate(
        &self,
        credentials: Credentials<C>,
    ) -> impl Future<Output = Result<Grant, AuthError>> + Send {
        ready(self.grant(&credentials))
    }
}

impl<C: ChannelKind> ByValidator<C> {
    fn grant(&self, credentials: &Credentials<C>) -> Result<Grant, AuthError> {
        let token = credentials.token.as_deref();
        let named = &credentials.channels[..];
        let ask = |channels: &[C]| (self.0)(credentials.client_id, token, channels);
        ask(named)?;
        let others: Vec<C> = C::all()
            .iter()
            .copied()
            .filter(|channel| !channel.is_system() && !named.contains(channel))
            .collect();
        if others.is_empty() || ask(&others).is_ok() {
            return Ok(Grant::everything());
        }
        let allowed = others
            .into_iter()
            .filter(|channel| ask(&[*channel]).is_ok());
        Ok(Grant::channels(named.iter().copied().chain(allowed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, Uri};

    #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
        Prices,
        Staff,
    }

    fn grant(named: &[Channel], validator: AuthValidator<Channel>) -> Result<Grant, AuthError> {
        ByValidator(validator).grant(&Credentials {
            client_id: Uuid::nil(),
            token: Some("ada".into()),
            channels: named.to_vec(),
            uri: Uri::from_static("/rps"),
            headers: HeaderMap::new(),
            remote_addr: None,
        })
    }

    fn reads(grant: &Grant, channel: Channel) -> bool {
        grant.may_read(channel, None)
    }

    fn no_staff() -> AuthValidator<Channel> {
        Arc::new(|_, token, channels| {
            if token == Some("ada") && !channels.contains(&Channel::Staff) {
                Ok(())
            } else {
                Err(AuthError::Forbidden)
            }
        })
    }

    #[test]
    fn forbidden_channel_refuses_client() {
        assert_eq!(
            grant(&[Channel::Staff], no_staff()),
            Err(AuthError::Forbidden)
        );
    }

    #[test]
    fn validates_unnamed_channels() {
        for named in [&[][..], &[Channel::Chat]] {
            let grant = grant(named, no_staff()).unwrap();
            assert!(reads(&grant, Channel::Chat) && reads(&grant, Channel::Prices));
            assert!(!reads(&grant, Channel::Staff) && !grant.may_send(Channel::Staff, None));
        }
    }

    #[test]
    fn permissive_validator_grants_all() {
        assert_eq!(
            grant(&[Channel::Chat], Arc::new(|_, _, _| Ok(()))),
            Ok(Grant::everything())
        );
    }
}
