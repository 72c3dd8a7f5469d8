//! Parsing and checks of the user's enum.

use std::collections::HashMap;
use std::hash::Hash;

use proc_macro2::Span;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Path, Result, Variant};

use crate::attributes::{Attributes, ID_RANGE};
use crate::library;
use crate::naming::snake_case;

/// A checked enum.
pub(crate) struct Channels {
    pub(crate) name: Ident,
    pub(crate) library: Path,
    pub(crate) variants: Vec<Channel>,
}

/// One variant of a checked enum.
pub(crate) struct Channel {
    pub(crate) variant: Ident,
    pub(crate) name: String,
    pub(crate) id: u8,
    pub(crate) priority: u8,
    pub(crate) system: bool,
}

/// Reads and checks the enum; reports all errors at once.
pub(crate) fn channels(input: &DeriveInput) -> Result<Channels> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "ChannelKind can only be derived for an enum",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "ChannelKind cannot be derived for a generic enum: the channels are one fixed list",
        ));
    }
    let library = match library_attribute(input)? {
        Some(path) => path,
        None => library::path()?,
    };
    let mut errors = Errors::default();
    let mut seen = Seen::default();
    let variants = data
        .variants
        .iter()
        .enumerate()
        .filter_map(|(place, variant)| errors.keep(channel(variant, place, &mut seen)))
        .collect();
    if errors.none() && seen.system.is_none() {
        errors.add(Error::new_spanned(
            &input.ident,
            "no system channel: mark one variant with #[channel(system)]",
        ));
    }
    errors.into_result()?;
    Ok(Channels {
        name: input.ident.clone(),
        library,
        variants,
    })
}

fn library_attribute(input: &DeriveInput) -> Result<Option<Path>> {
    let mut library = None;
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("channel")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("on the enum, #[channel] takes: crate = \"path\""));
            }
            let path: LitStr = meta.value()?.parse()?;
            library = Some(path.parse()?);
            Ok(())
        })?;
    }
    Ok(library)
}

/// Ids and names of the variants read so far.
#[derive(Default)]
struct Seen {
    ids: HashMap<u8, Ident>,
    names: HashMap<String, Ident>,
    system: Option<Ident>,
}

fn channel(variant: &Variant, place: usize, seen: &mut Seen) -> Result<Channel> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(
            &variant.fields,
            "a channel carries no fields: topics inside a channel are named at run time",
        ));
    }
    let attributes = Attributes::of(variant)?;
    let (id, id_span) = match attributes.id {
        Some(id) => id,
        None => match u8::try_from(place) {
            Ok(id) => (id, variant.ident.span()),
            Err(_) => return Err(Error::new_spanned(&variant.ident, ID_RANGE)),
        },
    };
    let (name, name_span) = match attributes.name {
        Some(name) => (name.value(), name.span()),
        None => (snake_case(&variant.ident), variant.ident.span()),
    };
    claim(&mut seen.ids, id, variant, id_span, "wire id")?;
    claim(&mut seen.names, name.clone(), variant, name_span, "name")?;
    if let Some(span) = attributes.system
        && let Some(first) = seen.system.replace(variant.ident.clone())
    {
        return Err(Error::new(
            span,
            format!("a second system channel: `{first}` is one already"),
        ));
    }
    let system = attributes.system.is_some();
    Ok(Channel {
        variant: variant.ident.clone(),
        name,
        id,
        priority: attributes.priority.unwrap_or(u8::from(!system)),
        system,
    })
}

/// Records the variant's id or name.
///
/// # Errors
/// Fails if an earlier variant has it.
fn claim<K: Eq + Hash + std::fmt::Display + Clone>(
    taken: &mut HashMap<K, Ident>,
    key: K,
    variant: &Variant,
    span: Span,
    what: &str,
) -> Result<()> {
    match taken.insert(key.clone(), variant.ident.clone()) {
        None => Ok(()),
        Some(first) => Err(Error::new(
            span,
            format!("{what} `{key}` belongs to `{first}` already"),
        )),
    }
}

/// Collected errors of all variants.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn none(&self) -> bool {
        self.0.is_none()
    }

    fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    fn into_result(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
