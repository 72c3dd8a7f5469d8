//! TCP options of a connection.

use std::io;

use tokio::net::TcpStream;

/// Bytes of a connection that the system holds unsent before it takes more (4 KiB): what lies there cannot be
/// overtaken, so it is to be little beside one fragment; and while a line is busy the next fragment has to be there
/// before the last one has left, so it is more than a packet.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 4 * 1024;

/// Sets TCP options for low latency.
///
/// `TCP_NODELAY`: messages are written whole, so there is nothing to wait for; with the default a message may wait
/// 40 ms for the acknowledgement of the one before. `TCP_NOTSENT_LOWAT`, on Linux: the system takes the next bytes
/// only when nearly all those before have been sent, so that an urgent message does not wait behind megabytes in
/// its buffer. What is on its way and not acknowledged does not count, so a fast line is as fast as before.
///
/// The server does this for connections that `axum::serve` took from a `TcpListener`. A listener of your own that
/// wraps its streams, in TLS for example, calls it for each stream that it accepts.
///
/// # Errors
/// Fails if the system does not know an option, or the connection has ended.
pub fn tune_tcp(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}
