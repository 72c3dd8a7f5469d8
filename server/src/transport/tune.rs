//! TCP options of a connection.

use std::io;

use tokio::net::TcpStream;

/// Unsent bytes of a connection in the kernel below which it accepts more (4 KiB): less than a fragment, because these
/// bytes delay urgent messages; more than a packet, so that a busy link does not run empty.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 4 * 1024;

/// Sets TCP options for low latency.
///
/// `TCP_NODELAY`: with the default a message may wait 40 ms for the acknowledgement of the one before.
/// `TCP_NOTSENT_LOWAT`, on Linux: the kernel accepts more bytes only when nearly all earlier ones have been sent, so
/// that an urgent message does not wait behind megabytes in its buffer. Bytes sent and not yet acknowledged do not
/// count, so throughput stays the same.
///
/// The server does this for connections that `axum::serve` accepted from a `TcpListener`. A listener that wraps its
/// streams, for example in TLS, should call it for each stream that it accepts.
///
/// # Errors
/// Fails if the system does not support an option, or the connection has ended.
pub fn tune_tcp(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}
