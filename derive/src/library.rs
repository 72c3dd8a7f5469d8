//! Path of the push-wire crate in the generated code.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::Span;
use syn::{Error, Ident, Path, parse_quote};

/// Crates that export the items used by generated code, in the order in which they are looked up in the manifest.
const CRATES: [&str; 3] = ["push-wire-shared", "push-wire-server", "push-wire-client"];

/// Path of the first of [`CRATES`] in the user's manifest.
pub(crate) fn path() -> Result<Path, Error> {
    let found = CRATES
        .iter()
        .find_map(|&name| Some((name, crate_name(name).ok()?)));
    match found {
        // In push-wire's own crates, which refer to themselves by their name.
        Some((name, FoundCrate::Itself)) => Ok(absolute(&name.replace('-', "_"))),
        Some((_, FoundCrate::Name(name))) => Ok(absolute(&name)),
        None => Err(Error::new(
            Span::call_site(),
            "cannot find push-wire: add push-wire-server, push-wire-client or push-wire-shared to Cargo.toml, \
             or say where it is with #[channel(crate = \"path\")] on the enum",
        )),
    }
}

fn absolute(name: &str) -> Path {
    let name = Ident::new(name, Span::call_site());
    parse_quote!(::#name)
}
