//! Path of the push-wire crate in the generated code.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::Span;
use syn::{Error, Ident, Path, parse_quote};

/// Crates that re-export what generated code needs, in the order in which the manifest is searched.
const HOMES: [&str; 3] = ["push-wire-shared", "push-wire-server", "push-wire-client"];

/// The path of the first of these crates that the user's manifest names.
pub(crate) fn path() -> Result<Path, Error> {
    let found = HOMES
        .iter()
        .find_map(|&home| Some((home, crate_name(home).ok()?)));
    match found {
        // In push-wire itself: each of its crates knows itself by its own name.
        Some((home, FoundCrate::Itself)) => Ok(rooted(&home.replace('-', "_"))),
        Some((_, FoundCrate::Name(name))) => Ok(rooted(&name)),
        None => Err(Error::new(
            Span::call_site(),
            "cannot find push-wire: add push-wire-server, push-wire-client or push-wire-shared to Cargo.toml, \
             or say where it is with #[channel(crate = \"path\")] on the enum",
        )),
    }
}

fn rooted(name: &str) -> Path {
    let name = Ident::new(name, Span::call_site());
    parse_quote!(::#name)
}
