//! TCP options of a connection.

use std::io;
use std::time::Duration;

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
/// The server does this for connections that [`serve`](crate::serve) or `axum::serve` accepted from a `TcpListener`. A
/// listener that wraps its streams should call it for each stream that it accepts.
///
/// # Errors
/// Fails if the system does not support an option, or the connection has ended.
pub fn tune_tcp(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}

/// Lets the system end a connection whose other end acknowledges nothing, takes no bytes or does not answer for this
/// time, on Linux (`TCP_USER_TIMEOUT`, RFC 5482, and probes of an idle connection); elsewhere nothing is set.
///
/// # Errors
/// Fails if the system does not support an option, or the connection has ended.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    expect(clippy::unnecessary_wraps, reason = "it can fail on Linux")
)]
pub(crate) fn end_stalled(stream: &TcpStream, limit: Duration) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let second = Duration::from_secs(1);
        let probes = socket2::TcpKeepalive::new()
            .with_time(limit.max(second))
            .with_interval((limit / 4).max(second));
        let socket = socket2::SockRef::from(stream);
        socket.set_tcp_keepalive(&probes)?;
        socket.set_tcp_user_timeout(Some(limit))?;
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (stream, limit);
    Ok(())
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use socket2::SockRef;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn options_are_set() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        tune_tcp(&stream).unwrap();
        let limit = Duration::from_secs(30);
        end_stalled(&stream, limit).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(limit));
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), limit);
    }
}
