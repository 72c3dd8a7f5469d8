//! The other end of the socket that a request came from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use tokio::net::TcpStream;

/// Its address, if the server that accepted it has noted it, or the application has.
pub(crate) fn peer(request: &Parts) -> Option<IpAddr> {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(address)| address.ip())
}

/// Adds the address of the other end to a request, unless the application has noted it.
pub(crate) fn note_peer(request: &mut Parts, tcp: &TcpStream) {
    if peer(request).is_none()
        && let Ok(address) = tcp.peer_addr()
    {
        request.extensions.insert(ConnectInfo(address));
    }
}
