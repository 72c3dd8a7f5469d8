//! The `#[channel(…)]` attributes of a variant.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Error, Lit, LitInt, LitStr, Result, Variant};

pub(crate) const ID_RANGE: &str = "a wire id is one byte: 0 to 255";
const PRIORITIES: &str = "a priority is \"high\" or 0, \"normal\" or 1, \"low\" or 2";
/// Names of the priorities 0, 1 and 2.
const LANES: [&str; 3] = ["high", "normal", "low"];

/// Content of the `#[channel(…)]` attributes of one variant.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) id: Option<(u8, Span)>,
    pub(crate) priority: Option<u8>,
    pub(crate) system: Option<Span>,
}

impl Attributes {
    pub(crate) fn of(variant: &Variant) -> Result<Self> {
        let mut attributes = Self::default();
        for attribute in variant
            .attrs
            .iter()
            .filter(|a| a.path().is_ident("channel"))
        {
            attribute.parse_nested_meta(|meta| attributes.read(&meta))?;
        }
        Ok(attributes)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let again = if meta.path.is_ident("system") {
            self.system.replace(meta.path.span()).is_some()
        } else if meta.path.is_ident("name") {
            let name: LitStr = meta.value()?.parse()?;
            self.name.replace(checked_name(name)?).is_some()
        } else if meta.path.is_ident("id") {
            let id: LitInt = meta.value()?.parse()?;
            let value = id
                .base10_parse()
                .map_err(|_| Error::new(id.span(), ID_RANGE))?;
            self.id.replace((value, id.span())).is_some()
        } else if meta.path.is_ident("priority") {
            let priority = priority(&meta.value()?.parse()?)?;
            self.priority.replace(priority).is_some()
        } else {
            return Err(meta.error(
                "on a variant, #[channel] takes: name = \"…\", id = 0..=255, priority = \"high\" | \"normal\" | \"low\", system",
            ));
        };
        if again {
            return Err(meta.error("given twice"));
        }
        Ok(())
    }
}

/// Checks a channel's name. It must have no commas or blanks, because URLs have comma-separated lists of names.
fn checked_name(name: LitStr) -> Result<LitStr> {
    let text = name.value();
    if text.is_empty() {
        return Err(Error::new(name.span(), "a channel's name cannot be empty"));
    }
    if text.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control()) {
        return Err(Error::new(
            name.span(),
            "a channel's name has no commas, blanks or control characters: it is used in comma-separated lists in URLs",
        ));
    }
    Ok(name)
}

fn priority(literal: &Lit) -> Result<u8> {
    let lane = if let Lit::Str(name) = literal {
        LANES.iter().position(|lane| *lane == name.value())
    } else if let Lit::Int(number) = literal {
        number.base10_parse().ok().filter(|&n| n < LANES.len())
    } else {
        None
    };
    lane.and_then(|lane| u8::try_from(lane).ok())
        .ok_or_else(|| Error::new(literal.span(), PRIORITIES))
}
