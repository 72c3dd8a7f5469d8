//! The channels as TypeScript: `channels.ts`, whose types a page gives to `connect<Channels>()`.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{ChannelMode, ChannelTable};

/// Payload type of one direction of a channel that was not declared.
const UNDECLARED: &str = "unknown";
/// Payload type of a direction that a channel does not have.
const ABSENT: &str = "never";

/// The channels of a table as a TypeScript module, made by [`ChannelTable::to_typescript`].
///
/// A channel of which nothing is declared has payloads of the type `unknown` in both directions. One of which a direction is
/// declared has only that one, or both.
#[derive(Clone, Debug)]
pub struct TypeScript {
    channels: Vec<Payloads>,
    declarations: Declarations,
}

/// Payload types of one channel, as they are named in TypeScript.
#[derive(Clone, Debug)]
struct Payloads {
    name: String,
    read: Option<String>,
    send: Option<String>,
}

/// Declarations of the payload types, by name.
#[derive(Clone, Debug, Default)]
struct Declarations {
    by_name: BTreeMap<String, String>,
    clash: Option<String>,
}

/// Two payload types have the same name in TypeScript.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the name {name} is taken in channels.ts: rename a type that has it with #[ts(rename = \"…\")]"
)]
pub struct NameClashError {
    /// The name.
    pub name: String,
}

impl TypeScript {
    pub(super) fn of(table: &ChannelTable) -> Self {
        let channels = table.channels().iter();
        let channels = channels.filter(|channel| channel.mode != ChannelMode::System);
        let channels = channels.map(|channel| Payloads {
            name: channel.name.clone(),
            read: None,
            send: None,
        });
        Self {
            channels: channels.collect(),
            declarations: Declarations::default(),
        }
    }

    /// The text of the module: the interface `Channels`, and the declarations of its payload types.
    ///
    /// # Errors
    /// [`NameClashError`] if two different types have one name in TypeScript.
    pub fn text(&self) -> Result<String, NameClashError> {
        match &self.declarations.clash {
            Some(name) => Err(NameClashError { name: name.clone() }),
            None => Ok(format!("{self}")),
        }
    }
}

/// The text of the module, with one declaration for each name.
impl fmt::Display for TypeScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("// Written by push-wire from the channels of the backend. Do not edit.\n")?;
        f.write_str("import type { Channel } from \"push-wire\";\n\n")?;
        f.write_str("/** Payload types of the channels: of entries, and of messages. */\n")?;
        f.write_str("export interface Channels {\n")?;
        for channel in &self.channels {
            writeln!(f, "  {channel};")?;
        }
        f.write_str("}\n")?;
        for declaration in self.declarations.by_name.values() {
            write!(f, "\n{declaration}\n")?;
        }
        Ok(())
    }
}

impl fmt::Display for Payloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_undeclared = self.read.is_none() && self.send.is_none();
        let default = if is_undeclared { UNDECLARED } else { ABSENT };
        let [read, send] = [&self.read, &self.send].map(|name| name.as_deref().unwrap_or(default));
        let name = serde_json::Value::from(self.name.as_str());
        write!(f, "{name}: Channel<{read}, {send}>")
    }
}

#[cfg(feature = "typescript")]
mod payloads {
    use alloc::string::String;
    use core::any::TypeId;
    use std::collections::HashSet;

    use ts_rs::{Config, TS, TypeVisitor};

    use super::{Declarations, Payloads, TypeScript};
    use crate::channel::ChannelKind;

    /// The names of the interface and of the import, which no payload type can have.
    const RESERVED: [&str; 2] = ["Channels", "Channel"];

    impl TypeScript {
        /// Declares the type of a channel's entries, which a page reads. Without effect on the system channel.
        #[must_use]
        pub fn reads<T: TS + 'static + ?Sized>(mut self, channel: impl ChannelKind) -> Self {
            let name = self.declarations.name::<T>();
            if let Some(payloads) = self.payloads(channel) {
                payloads.read = Some(name);
            }
            self
        }

        /// Declares the type of a channel's messages, which a page sends. Without effect on the system channel.
        #[must_use]
        pub fn sends<T: TS + 'static + ?Sized>(mut self, channel: impl ChannelKind) -> Self {
            let name = self.declarations.name::<T>();
            if let Some(payloads) = self.payloads(channel) {
                payloads.send = Some(name);
            }
            self
        }

        fn payloads(&mut self, channel: impl ChannelKind) -> Option<&mut Payloads> {
            let name = channel.name();
            self.channels
                .iter_mut()
                .find(|payloads| payloads.name == name)
        }
    }

    impl Declarations {
        /// Name of a type; declares it, and those that it consists of.
        fn name<T: TS + 'static + ?Sized>(&mut self) -> String {
            // Values of a page come from JSON, whose large integers are read as numbers.
            let config = Config::new().with_large_int("number");
            let mut visitor = Visitor {
                declarations: self,
                config: &config,
                seen: HashSet::new(),
            };
            visitor.visit::<T>();
            T::name(&config)
        }

        fn add(&mut self, name: String, text: String) {
            let is_taken = RESERVED.contains(&name.as_str());
            let earlier = self.by_name.insert(name.clone(), text.clone());
            if is_taken || earlier.is_some_and(|earlier| earlier != text) {
                self.clash.get_or_insert(name);
            }
        }
    }

    struct Visitor<'a> {
        declarations: &'a mut Declarations,
        config: &'a Config,
        seen: HashSet<TypeId>,
    }

    impl TypeVisitor for Visitor<'_> {
        fn visit<T: TS + 'static + ?Sized>(&mut self) {
            if !self.seen.insert(TypeId::of::<T>()) {
                return;
            }
            // Primitive types and those of the standard library have no path and no declaration.
            if T::output_path().is_some() {
                let docs = T::docs().unwrap_or_default();
                let text = alloc::format!("{docs}export {}", T::decl(self.config));
                self.declarations.add(T::ident(self.config), text);
            }
            T::visit_dependencies(self);
            T::visit_generics(self);
        }
    }
}
