//! Set-ups that cannot be, and what is said about them.

use std::time::Duration;

use push_wire_server::{BuildError, ChannelPolicy, Limits, PushServer};

use super::harness::Channel;

fn refused(
    set: impl FnOnce(
        push_wire_server::PushServerBuilder<Channel>,
    ) -> push_wire_server::PushServerBuilder<Channel>,
) -> BuildError {
    set(PushServer::builder()).build().expect_err("refused")
}

#[test]
fn the_system_channel_takes_no_policy() {
    let error = refused(|builder| builder.channel(Channel::System, ChannelPolicy::log()));
    assert_eq!(error, BuildError::SystemPolicy("system"));
    assert!(error.to_string().contains("\"system\""));
}

#[test]
fn a_path_must_be_one() {
    for path in ["", "rps", "/rps/{id}", "/rps?x=1", "/r ps"] {
        assert_eq!(
            refused(|builder| builder.path(path)),
            BuildError::Path(path.into())
        );
    }
}

#[test]
fn times_and_limits_of_zero_are_named() {
    let error = refused(|builder| builder.heartbeat(Duration::ZERO));
    assert_eq!(error, BuildError::Zero("heartbeat"));
    let mut limits = Limits::default();
    limits.message_bytes = 0;
    let error = refused(|builder| builder.limits(limits));
    assert_eq!(
        error.to_string(),
        "limits.message_bytes must be more than zero"
    );
}
