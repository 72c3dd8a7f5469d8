//! `export_client!`, for modules with the channels of one application.

#[doc(hidden)]
pub mod parts {
    pub use push_wire_shared::channel::ChannelTable;
    pub use wasm_bindgen;

    pub use crate::js::{AssetCheck, ClientHooks, PageClient};

    /// Version of this crate, which has to be that of the npm package.
    pub const VERSION: &str = env!("CARGO_PKG_VERSION");
}

/// Exports a client of an application's channels to JavaScript, as a class of this name.
///
/// For a crate of the type `cdylib` that becomes the WebAssembly module of an npm package. The module checks the names of
/// channels itself: one that the enum does not have is refused without a request to the server. Pass the class to
/// `ownPackage` of the npm package `push-wire/own`, which has the rest of the client. `examples/shared-channels` is such a
/// package.
///
/// ```
/// use push_wire_client_wasm::ChannelKind;
///
/// #[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
/// enum Channel {
///     #[channel(system)]
///     System,
///     Chat,
/// }
///
/// push_wire_client_wasm::export_client!(MyClient, Channel);
/// ```
#[macro_export]
macro_rules! export_client {
    ($client:ident, $channels:ty) => {
        const _: () = {
            use $crate::export::parts::wasm_bindgen::prelude::{JsValue, wasm_bindgen};
            // The code that the attribute generates uses the name `wasm_bindgen`, also where a path is given.
            use $crate::export::parts::{
                AssetCheck, ChannelTable, ClientHooks, PageClient, wasm_bindgen,
            };

            /// Client of this module's channels: for `ownPackage` of the npm package `push-wire/own`.
            #[wasm_bindgen(wasm_bindgen = wasm_bindgen)]
            #[derive(Debug)]
            pub struct $client(());

            #[wasm_bindgen(wasm_bindgen = wasm_bindgen)]
            impl $client {
                /// A client that is not connected yet.
                ///
                /// # Errors
                /// The error that `hooks.error` makes, for an address or an option that cannot be used.
                pub fn open(
                    url: &str,
                    options: JsValue,
                    hooks: ClientHooks,
                ) -> Result<PageClient, JsValue> {
                    let client = PageClient::new(url, options, hooks)?;
                    Ok(client.with_channels(ChannelTable::of::<$channels>()))
                }

                /// A check of an asset of `size` bytes with this SHA-256 in hexadecimal, of which at most `limit` are taken.
                #[wasm_bindgen(js_name = checkAsset)]
                #[must_use]
                pub fn check_asset(size: f64, sha256: &str, limit: f64) -> AssetCheck {
                    AssetCheck::new(size, sha256, limit)
                }

                /// Version of the crate `push-wire-client-wasm`.
                #[must_use]
                pub fn version() -> String {
                    $crate::export::parts::VERSION.into()
                }
            }
        };
    };
}
