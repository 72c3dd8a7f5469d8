//! serde serializer over the format of a binary encoding.

use alloc::vec::Vec;
use core::marker::PhantomData;

use serde::ser::{self, Serialize};

use super::{Container, Format};
use crate::encoding::EncodeError;
use crate::encoding::msgpack::{self, token::Reader};
use crate::limits::NESTING;

/// Names that `serde_json` gives to structs of one field which is JSON text: a number, if its feature
/// `arbitrary_precision` is on, and a `RawValue`. Written as that text's value, they are the same whatever the
/// features.
const JSON_TEXT: &str = "$serde_json::private::";

/// Appends a value.
pub(in crate::encoding) fn write_value<F: Format, T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
) -> Result<(), EncodeError> {
    value.serialize(&mut Serializer::<F> {
        out,
        depth: NESTING,
        format: PhantomData,
    })
}

struct Serializer<'a, F> {
    out: &'a mut Vec<u8>,
    /// Levels that may still be opened.
    depth: usize,
    format: PhantomData<F>,
}

impl<F: Format> Serializer<'_, F> {
    fn deeper(&mut self) -> Result<(), EncodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(EncodeError::TooDeep)?;
        Ok(())
    }
}

/// A container being written.
struct Open<'s, 'a, F> {
    serializer: &'s mut Serializer<'a, F>,
    container: Container,
    announced: Option<usize>,
    written: usize,
    /// Offset of its first byte.
    start: usize,
    /// Levels that it closes: a variant's value stands in a map of its own.
    levels: usize,
    /// It is no container, but the value of its one field, a JSON text.
    is_json_text: bool,
}

impl<'s, 'a, F: Format> Open<'s, 'a, F> {
    fn new(
        serializer: &'s mut Serializer<'a, F>,
        container: Container,
        announced: Option<usize>,
    ) -> Result<Self, EncodeError> {
        serializer.deeper()?;
        let start = serializer.out.len();
        match announced {
            Some(len) => F::begin(serializer.out, container, len),
            None => F::begin_unsized(serializer.out, container),
        }
        Ok(Self {
            serializer,
            container,
            announced,
            written: 0,
            start,
            levels: 1,
            is_json_text: false,
        })
    }

    /// One that is the value of its field.
    fn json_text(serializer: &'s mut Serializer<'a, F>, len: usize) -> Self {
        let start = serializer.out.len();
        Self {
            serializer,
            container: Container::List,
            announced: Some(len),
            written: 0,
            start,
            levels: 0,
            is_json_text: true,
        }
    }

    /// `{variant: container}`
    fn variant(
        serializer: &'s mut Serializer<'a, F>,
        variant: &str,
        container: Container,
        len: usize,
    ) -> Result<Self, EncodeError> {
        serializer.deeper()?;
        F::begin(serializer.out, Container::Map, 1);
        F::str(serializer.out, variant);
        let open = Self::new(serializer, container, Some(len))?;
        Ok(Self { levels: 2, ..open })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.written += 1;
        value.serialize(&mut *self.serializer)
    }

    fn field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        if self.is_json_text {
            return self.text_field(value);
        }
        if F::STRUCTS_ARE_MAPS {
            F::str(self.serializer.out, key);
        }
        self.item(value)
    }

    /// The value of a text.
    #[cold]
    fn text_field<T: Serialize + ?Sized>(&mut self, text: &T) -> Result<(), EncodeError> {
        if !F::TAKES_JSON_TEXT {
            return Err(EncodeError::Refused("JSON text in a control op".into()));
        }
        self.written += 1;
        let packed = msgpack::to_vec(text)?;
        let text = Reader::new(&packed).str();
        let text = text.map_err(|_| EncodeError::Refused("JSON text is not a string".into()))?;
        F::json_text(self.serializer.out, text, self.serializer.depth)
    }

    fn close(self) -> Result<(), EncodeError> {
        self.serializer.depth += self.levels;
        match self.announced {
            None => {
                let (out, container) = (&mut *self.serializer.out, self.container);
                F::end_unsized(out, container, self.start, self.written);
                Ok(())
            }
            Some(announced) if announced == self.written => Ok(()),
            Some(_) => Err(EncodeError::WrongLength),
        }
    }
}

/// Container that structs are written as.
const fn struct_container<F: Format>() -> Container {
    if F::STRUCTS_ARE_MAPS {
        Container::Map
    } else {
        Container::List
    }
}

/// Methods that write a plain value and cannot fail.
macro_rules! plain {
    ($($method:ident($value:ident: $type:ty) => $write:expr;)*) => {
        $(fn $method(self, $value: $type) -> Result<(), EncodeError> {
            $write(&mut *self.out);
            Ok(())
        })*
    };
}

impl<'s, 'a, F: Format> ser::Serializer for &'s mut Serializer<'a, F> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Open<'s, 'a, F>;
    type SerializeTuple = Open<'s, 'a, F>;
    type SerializeTupleStruct = Open<'s, 'a, F>;
    type SerializeTupleVariant = Open<'s, 'a, F>;
    type SerializeMap = Open<'s, 'a, F>;
    type SerializeStruct = Open<'s, 'a, F>;
    type SerializeStructVariant = Open<'s, 'a, F>;

    plain! {
        serialize_bool(value: bool) => |out| F::bool(out, value);
        serialize_i8(n: i8) => |out| F::int(out, n.into());
        serialize_i16(n: i16) => |out| F::int(out, n.into());
        serialize_i32(n: i32) => |out| F::int(out, n.into());
        serialize_i64(n: i64) => |out| F::int(out, n);
        serialize_u8(n: u8) => |out| F::uint(out, n.into());
        serialize_u16(n: u16) => |out| F::uint(out, n.into());
        serialize_u32(n: u32) => |out| F::uint(out, n.into());
        serialize_u64(n: u64) => |out| F::uint(out, n);
        serialize_f32(n: f32) => |out| F::f32(out, n);
        serialize_f64(n: f64) => |out| F::f64(out, n);
        serialize_char(c: char) => |out| F::str(out, c.encode_utf8(&mut [0; 4]));
        serialize_str(text: &str) => |out| F::str(out, text);
        serialize_bytes(bytes: &[u8]) => |out| F::bytes(out, bytes);
        serialize_unit_struct(_name: &'static str) => F::unit_struct;
    }

    fn serialize_i128(self, n: i128) -> Result<(), EncodeError> {
        F::wide_int(self.out, n)
    }

    fn serialize_u128(self, n: u128) -> Result<(), EncodeError> {
        F::wide_uint(self.out, n)
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        F::nil(self.out);
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        F::str(self.out, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let mut open = Open::new(self, Container::Map, Some(1))?;
        F::str(open.serializer.out, variant);
        open.item(value)?;
        open.close()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, EncodeError> {
        Open::new(self, Container::List, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, EncodeError> {
        Open::new(self, Container::List, Some(len))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, EncodeError> {
        Open::new(self, Container::List, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, EncodeError> {
        Open::variant(self, variant, Container::List, len)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, EncodeError> {
        Open::new(self, Container::Map, len)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, EncodeError> {
        if name.starts_with(JSON_TEXT) {
            return Ok(Open::json_text(self, len));
        }
        Open::new(self, struct_container::<F>(), Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, EncodeError> {
        Open::variant(self, variant, struct_container::<F>(), len)
    }

    fn is_human_readable(&self) -> bool {
        F::HUMAN_READABLE
    }
}

/// The traits of containers whose items have no keys.
macro_rules! lists {
    ($($list:ident::$method:ident),*) => {
        $(impl<F: Format> ser::$list for Open<'_, '_, F> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.item(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.close()
            }
        })*
    };
}

lists! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
}

/// The traits of structs.
macro_rules! structs {
    ($($of:ident),*) => {
        $(impl<F: Format> ser::$of for Open<'_, '_, F> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.close()
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

impl<F: Format> ser::SerializeMap for Open<'_, '_, F> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        key.serialize(&mut *self.serializer)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}
