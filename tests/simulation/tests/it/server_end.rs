//! Tests of the server's end of a simulated connection: it calls its peer as the peer's contract demands.

use std::sync::Arc;
use std::time::Duration;

use push_wire_server::internals::hub::{Hub, HubConfig};
use push_wire_server::internals::peer::{Dialect, Peer};
use push_wire_shared::session::op::{Auth, ClientOp, ServerOp};
use push_wire_shared::session::wire::Records;
use push_wire_shared::time::Moment;
use push_wire_simulation::fault_injector::InjectedFault;
use push_wire_simulation::feed;
use push_wire_simulation::model::Model;
use push_wire_simulation::node::{Node, Token};
use push_wire_simulation::raw_message::RawMessage;
use push_wire_simulation::server_end::ServerEnd;
use uuid::Uuid;

/// Ops that may wait for the client.
const CONTROL_OPS: usize = 4;

const PINGS: usize = 20;

fn message(number: u32, op: &ClientOp) -> Vec<u8> {
    let mut message = RawMessage::new(number);
    message.op(op);
    message.into_bytes()
}

#[test]
fn holds_messages_while_the_peer_is_full() {
    let now = Moment::after_origin(Duration::from_secs(1));
    let (mut node, mut model) = (Node::new(now, 1, InjectedFault::None), Model::default());
    let mut config = HubConfig::new(feed::table());
    config.limits.control_ops = CONTROL_OPS;
    let hub = Hub::new(config, Arc::new(|| 7));
    let mut end = ServerEnd::new(now, Peer::new(hub, Dialect::Wire, now));
    let auth = Auth {
        token: Some(
            Token {
                issued: now,
                user: 0,
            }
            .to_string(),
        ),
        ..Auth::new(Uuid::nil())
    };
    end.handle_message(now, message(0, &ClientOp::Auth(auth)));
    assert_eq!(end.act(now, &mut node, &mut model), Ok(true));
    for number in (1..).take(PINGS) {
        end.handle_message(now, message(number, &ClientOp::Ping));
    }
    // `auth_ok` waits too.
    assert_eq!(end.held(), PINGS + 1 - CONTROL_OPS);
    let mut pongs = 0;
    while let Some(message) = end.next_message(now, true).unwrap() {
        let ops = Records::new(&message).map(|record| ServerOp::decode(record.unwrap().1));
        pongs += ops.filter(|op| *op == Ok(ServerOp::Pong)).count();
    }
    assert_eq!((end.held(), pongs), (0, PINGS));
}
