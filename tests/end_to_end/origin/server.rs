//! Servers that differ in what they know of their clients and of other origins.

use std::net::SocketAddr;
use std::sync::Arc;

use push_wire_server::{Credentials, ForwardedHeader, Grant, IpNet, PushServer, serve};
use push_wire_shared::ChannelKind;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Channel {
    #[channel(system)]
    System,
    Chat,
}

/// Settings of a server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// No authenticator.
    Open,
    /// An authenticator that accepts everyone.
    Authenticated,
    /// No authenticator, and a list of origins.
    Listed,
    /// No authenticator, and a list of hosts.
    Hosts,
    /// No authenticator, and trusted proxies on the machine with `X-Forwarded-For`.
    BehindXForwarded,
    /// The same with `Forwarded`.
    BehindForwarded,
    /// Trusted proxies on other machines.
    BehindAnother,
}

/// A server on a free port; ends when dropped.
pub(super) struct Server {
    pub(super) push: Arc<PushServer<Channel>>,
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(kind: Kind) -> Self {
        let builder = PushServer::builder();
        let local: [IpNet; 1] = ["127.0.0.0/8".parse().unwrap()];
        let another: [IpNet; 1] = ["192.0.2.0/24".parse().unwrap()];
        let builder = match kind {
            Kind::Open => builder,
            Kind::Authenticated => {
                builder.authenticator(async |_: Credentials<Channel>| Ok(Grant::everything()))
            }
            Kind::Listed => {
                builder.allowed_origins(["https://app.example", "https://*.example.org"])
            }
            Kind::Hosts => builder.allowed_hosts(["site.example", "*.example.org"]),
            Kind::BehindXForwarded => {
                builder.trusted_proxies(ForwardedHeader::XForwardedFor, local)
            }
            Kind::BehindForwarded => builder.trusted_proxies(ForwardedHeader::Forwarded, local),
            Kind::BehindAnother => builder.trusted_proxies(ForwardedHeader::XForwardedFor, another),
        };
        let push = builder.build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve(listener, push.router()).into_future());
        Self {
            push,
            address,
            task,
        }
    }
}
