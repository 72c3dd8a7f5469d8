//! Signals that ask a process to end.

use std::future::pending;

use tokio::signal;

/// Waits for Ctrl-C or SIGTERM. Where the system does not let a program wait for SIGTERM, it ends the process as usual.
#[cfg(unix)]
pub(super) async fn asked_to_end() {
    let Ok(mut terminated) = signal::unix::signal(signal::unix::SignalKind::terminate()) else {
        return interrupted().await;
    };
    tokio::select! {
        () = interrupted() => {}
        _ = terminated.recv() => {}
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn asked_to_end() {
    interrupted().await;
}

async fn interrupted() {
    if let Err(error) = signal::ctrl_c().await {
        tracing::warn!(%error, "cannot wait for Ctrl-C");
        pending::<()>().await;
    }
}
