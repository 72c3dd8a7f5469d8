//! Opening of TCP connections, with TLS or without, for WebSockets and HTTP alike.

use std::error::Error;
use std::future::poll_fn;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use crate::tls::Tls;

/// Opens connections to the hosts of `http` and, with the feature `tls`, of `https` addresses.
#[cfg(feature = "tls")]
pub(crate) type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
pub(crate) type Connector = HttpConnector;

/// An open connection.
pub(crate) type Connection = TokioIo<<Connector as Service<Uri>>::Response>;

/// A connector with these settings.
pub(crate) fn connector(tls: &Tls) -> Connector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tls.over(tcp)
}

/// Opens a connection to the host of an address.
pub(crate) async fn open(
    mut connector: Connector,
    address: Uri,
) -> Result<Connection, Box<dyn Error + Send + Sync>> {
    poll_fn(|cx| connector.poll_ready(cx)).await?;
    Ok(TokioIo::new(connector.call(address).await?))
}
