//! Address of the client from which a request came.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use tokio::net::TcpStream;

/// IP address of the other end of a request's socket: [`ConnectInfo`], which the server that accepted the socket or the
/// application adds. `None` if neither did.
pub(crate) fn peer(request: &Parts) -> Option<IpAddr> {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(address)| address.ip())
}

/// Adds the address of the other end of the socket to a request, unless the application has added one.
pub(crate) fn note_peer(request: &mut Parts, tcp: &TcpStream) {
    if peer(request).is_none()
        && let Ok(address) = tcp.peer_addr()
    {
        request.extensions.insert(ConnectInfo(address));
    }
}
