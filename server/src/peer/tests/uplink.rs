//! Tests of clients' messages in the push-wire dialect: order, acknowledgement and refusals.

use push_wire_shared::ChannelKind;
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::op::RejectedMessage;

use super::*;

/// The channels, as a grant names them.
#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Named {
    #[channel(system)]
    System,
    Chat,
}

#[test]
fn handles_client_messages_once_in_order() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    let secret = WireClient::secret(&client.auth(None, vec![]));
    let received = |upto| [Seen::Op(ServerOp::Received { upto })];
    assert_eq!(client.send(CHAT, 1, "\"a\""), received(1));
    assert_eq!(client.send(CHAT, 2, "\"b\""), received(2));
    assert_eq!(client.send(CHAT, 2, "\"b\""), received(2));
    assert_eq!(client.delivered, ["\"a\"", "\"b\""]);
    let mut again = WireClient::connect(&hub);
    let seen = again.auth(Some(secret), vec![]);
    assert!(matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.received == 2));
    assert_eq!(again.send(CHAT, 2, "\"b\""), received(2));
    assert_eq!(again.delivered, [""; 0]);
    let seen = again.send(CHAT, 4, "1");
    assert_eq!(
        seen.last(),
        Some(&Seen::Close(CloseReason::ProtocolError.code()))
    );
}

#[test]
fn acknowledges_a_message_of_many_once() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    let uplinks = (1..=3).flat_map(|number| uplink_record(CHAT, number, b"1"));
    let seen = client.message(uplinks.collect());
    assert_eq!(seen, [Seen::Op(ServerOp::Received { upto: 3 })]);
}

#[test]
fn rejects_before_acknowledging() {
    const NOWHERE: u8 = 9;
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.refuses = "\"no\"";
    client.auth(None, vec![]);
    let seen = client.message(
        [
            uplink_record(CHAT, 1, b"\"no\""),
            uplink_record(NOWHERE, 2, b"1"),
            uplink_record(CHAT, 3, b"\"no\""),
            uplink_record(CHAT, 4, b"\"yes\""),
        ]
        .concat(),
    );
    let mut refused = Vec::new();
    let mut acknowledged = 0;
    for one in &seen {
        match one {
            Seen::Op(ServerOp::Rejected(rejection)) => {
                assert!(rejection.number > acknowledged, "{seen:?}");
                refused.push(rejection.number);
            }
            Seen::Op(ServerOp::Received { upto }) => acknowledged = *upto,
            other => panic!("{other:?}"),
        }
    }
    refused.sort_unstable();
    assert_eq!((&refused[..], acknowledged), (&[1, 2, 3][..], 4));
}

#[test]
fn unknown_channel_uses_number() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    let secret = WireClient::secret(&client.auth(None, vec![]));
    client.send(9, 1, "1");
    let mut again = WireClient::connect(&hub);
    let seen = again.auth(Some(secret), vec![]);
    assert!(matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.received == 1));
}

#[test]
fn repeats_rejections_after_reconnect() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.grant = Grant::nothing();
    let secret = WireClient::secret(&client.auth(None, vec![]));
    client.send(CHAT, 1, "1");
    let mut again = WireClient::connect(&hub);
    let seen = again.auth(Some(secret), vec![]);
    assert!(matches!(
        &seen[0],
        Seen::Op(ServerOp::AuthOk(ok)) if ok.received == 1 && ok.rejected[0].number == 1
    ));
}

#[test]
fn every_refusal_of_a_burst_is_repeated() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.refuses = "1";
    let secret = WireClient::secret(&client.auth(None, vec![]));
    let burst = (1..=100).map(|number| uplink_record(CHAT, number, b"1"));
    client.message(burst.collect::<Vec<_>>().concat());
    let mut again = WireClient::connect(&hub);
    let seen = again.auth(Some(secret), vec![]);
    let Seen::Op(ServerOp::AuthOk(auth_ok)) = &seen[0] else {
        panic!("not accepted: {seen:?}");
    };
    let rejected = auth_ok.rejected.iter().map(|message| message.number);
    assert!(rejected.eq(1..=100));
}

#[test]
fn checks_grant_of_topic() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.grant = Grant::nothing().send_topics(Named::Chat, ["room-*"]);
    client.auth(None, vec![]);
    let mut send = |topic, number| client.message(topic_record(CHAT, topic, number, b"1"));
    for (number, topic, refusal) in [
        (1, Some("room-1"), None),
        (2, None, Some("no right to send on chat")),
        (
            3,
            Some("lobby"),
            Some(r#"no right to send to the topic "lobby" of chat"#),
        ),
        (4, Some("room-"), None),
    ] {
        let seen = send(topic, number);
        let upto = u64::from(number);
        let rejected = refusal.map(|message| {
            Seen::Op(ServerOp::Rejected(RejectedMessage {
                number: upto,
                code: ErrorCode::NotPermitted,
                message: message.into(),
                retry_ms: None,
            }))
        });
        let received = Seen::Op(ServerOp::Received { upto });
        let expected: Vec<_> = rejected.into_iter().chain([received]).collect();
        assert_eq!(seen, expected);
    }
    let topics: Vec<_> = client.topics.iter().map(Option::as_deref).collect();
    assert_eq!(topics, [Some("room-1"), Some("room-")]);
}
