//! TLS settings of a client.

use std::fmt;

use hyper_util::client::legacy::connect::HttpConnector;

use crate::connector::Connector;

#[cfg(feature = "tls")]
pub(crate) use with_rustls::Tls;
#[cfg(not(feature = "tls"))]
pub(crate) use without::Tls;

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[cfg(feature = "tls")]
mod with_rustls {
    use std::sync::{Arc, LazyLock};

    use rustls::crypto::ring;
    use rustls::{ClientConfig, RootCertStore};

    use super::{Connector, HttpConnector};

    /// The root certificates of the system, loaded once.
    static SYSTEM: LazyLock<(usize, Arc<ClientConfig>)> = LazyLock::new(of_system);

    /// TLS settings: those of the application, or the default with the root certificates of the system.
    #[derive(Clone, Default)]
    pub(crate) struct Tls(Option<Arc<ClientConfig>>);

    impl Tls {
        pub(crate) const fn new(config: Arc<ClientConfig>) -> Self {
            Self(Some(config))
        }

        /// The connector that adds TLS to the connections of `https` addresses.
        pub(crate) fn over(&self, mut tcp: HttpConnector) -> Connector {
            tcp.enforce_http(false);
            let config = self.0.as_ref().unwrap_or_else(|| &SYSTEM.1);
            (tcp, Arc::clone(config)).into()
        }

        /// Checks that a server's certificate can be verified.
        ///
        /// # Errors
        /// The reason, if it cannot.
        pub(crate) fn check(&self) -> Result<(), &'static str> {
            match self.0.is_some() || SYSTEM.0 > 0 {
                true => Ok(()),
                false => Err(
                    "this system has no root certificates: install them (Debian: ca-certificates), or set ClientConfig::with_tls",
                ),
            }
        }
    }

    /// The number of the system's root certificates, and settings with them.
    fn of_system() -> (usize, Arc<ClientConfig>) {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "root certificates of the system cannot be read");
        }
        let mut roots = RootCertStore::empty();
        let (added, _ignored) = roots.add_parsable_certificates(found.certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports the default versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        (added, Arc::new(config))
    }
}

#[cfg(not(feature = "tls"))]
mod without {
    use super::{Connector, HttpConnector};

    /// Nothing: this build has no TLS.
    #[derive(Clone, Default)]
    pub(crate) struct Tls(());

    impl Tls {
        pub(crate) const fn over(&self, tcp: HttpConnector) -> Connector {
            tcp
        }

        pub(crate) const fn check(&self) -> Result<(), &'static str> {
            Err("this build of the client has no TLS: turn on its feature `tls`")
        }
    }
}
