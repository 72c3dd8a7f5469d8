//! How much the system holds of what is to be sent.

use std::io;

use tokio::net::TcpStream;

/// Bytes of a connection that the system holds unsent before it takes more (4 KiB): what lies there cannot be
/// overtaken, so it is to be little beside one fragment; and while a line is busy the next fragment has to be there
/// before the last one has left, so it is more than a packet.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 4 * 1024;

/// Has the system take the next bytes of a connection only when nearly all those before have been sent
/// (`TCP_NOTSENT_LOWAT`), so that an urgent message does not wait behind megabytes that it has buffered. What is
/// on its way and not acknowledged does not count, so a fast line is as fast as before.
///
/// The server does this for connections that `axum::serve` took from a `TcpListener`. A listener of your own that
/// wraps its streams, in TLS for example, calls it for each stream that it accepts. Where the system is not Linux it
/// does nothing.
///
/// # Errors
/// When the system does not know the option.
pub fn limit_unsent(stream: &TcpStream) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
    Ok(())
}
