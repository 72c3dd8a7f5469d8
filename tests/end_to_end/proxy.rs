//! TCP proxy between client and server whose connections a test can cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Proxy that forwards connections to a server. Dropping it cuts them.
pub(crate) struct Proxy {
    address: SocketAddr,
    /// Counter of the cuts; each change ends the open connections.
    cuts: watch::Sender<u32>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy to the server at this address, on a free port.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = watch::Sender::new(0);
        let cut = cuts.subscribe();
        let task = tokio::spawn(forward(listener, server, cut));
        Self {
            address,
            cuts,
            task,
        }
    }

    /// Address that clients connect to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes every open connection. New ones are forwarded.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(listener: TcpListener, server: SocketAddr, cut: watch::Receiver<u32>) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut cut = cut.clone();
        cut.mark_unchanged();
        connections.spawn(async move {
            let Ok(mut far) = TcpStream::connect(server).await else {
                return;
            };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = cut.changed() => {}
            }
        });
    }
}
