//! End of the process when it is asked to end.

use std::time::Duration;

use tokio::signal;

use crate::Server;

/// Time that connections have to end.
const GRACE: Duration = Duration::from_secs(10);

/// Waits until the process is asked to end, and ends all connections: their pages then continue at the next process.
pub(crate) async fn drained(server: Server) {
    asked().await;
    match server.drain(GRACE).await {
        0 => {}
        left => eprintln!("{left} connections did not end within {GRACE:?}"),
    }
}

/// Waits for Ctrl-C, or on Unix for SIGTERM. Where such a signal cannot be waited for, it ends the process as it would.
#[cfg(unix)]
async fn asked() {
    let interrupted = signal::ctrl_c();
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(interrupted.await),
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn asked() {
    drop(signal::ctrl_c().await);
}
