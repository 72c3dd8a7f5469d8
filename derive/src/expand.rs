//! Code generation: the impls for a checked enum.

use proc_macro2::TokenStream;
use quote::quote;

use crate::parse::{Channel, Channels};

/// The impls of `ChannelKind`, `Serialize` and `Deserialize`.
pub(crate) fn channel_kind(channels: &Channels) -> TokenStream {
    let kind = kind(channels);
    let serde = serde(channels);
    quote! {
        #kind
        #serde
    }
}

fn kind(channels: &Channels) -> TokenStream {
    let Channels {
        name,
        library,
        variants,
    } = channels;
    let variant: Vec<_> = variants.iter().map(|c| &c.variant).collect();
    let names: Vec<_> = variants.iter().map(|c| &c.name).collect();
    let ids: Vec<_> = variants.iter().map(|c| c.id).collect();
    let priorities = variants.iter().map(|c| c.priority);
    let system = variants
        .iter()
        .filter(|c| c.system)
        .map(|c: &Channel| &c.variant);
    quote! {
        #[automatically_derived]
        impl #library::ChannelKind for #name {
            fn priority(&self) -> u8 {
                match self { #(Self::#variant => #priorities,)* }
            }

            fn wire_id(&self) -> u8 {
                match self { #(Self::#variant => #ids,)* }
            }

            fn from_wire_id(id: u8) -> ::core::option::Option<Self> {
                match id {
                    #(#ids => ::core::option::Option::Some(Self::#variant),)*
                    _ => ::core::option::Option::None,
                }
            }

            fn from_name(name: &str) -> ::core::option::Option<Self> {
                match name {
                    #(#names => ::core::option::Option::Some(Self::#variant),)*
                    _ => ::core::option::Option::None,
                }
            }

            fn name(&self) -> &'static str {
                match self { #(Self::#variant => #names,)* }
            }

            fn is_system(&self) -> bool {
                ::core::matches!(self, #(Self::#system)|*)
            }

            fn all() -> &'static [Self] {
                &[#(Self::#variant),*]
            }
        }
    }
}

/// The serde impls: a channel is its name in every format, as a string and as a map's key.
fn serde(channels: &Channels) -> TokenStream {
    let Channels { name, library, .. } = channels;
    quote! {
        #[automatically_derived]
        impl #library::__private::serde::Serialize for #name {
            fn serialize<S>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error>
            where
                S: #library::__private::serde::Serializer,
            {
                serializer.serialize_str(#library::ChannelKind::name(self))
            }
        }

        #[automatically_derived]
        impl<'de> #library::__private::serde::Deserialize<'de> for #name {
            fn deserialize<D>(deserializer: D) -> ::core::result::Result<Self, D::Error>
            where
                D: #library::__private::serde::Deserializer<'de>,
            {
                #library::__private::channel_by_name(deserializer)
            }
        }
    }
}
