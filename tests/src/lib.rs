//! Support of the tests that need both ends: the checks of hostile input, which the fuzz targets share.

pub mod hostile;

/// The README's Rust blocks compile; tests/documents has its whole program.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The Rust blocks of the guide to the native client compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/native-client.md")]
pub struct NativeClient;

/// The program of docs/auth.md compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/auth.md")]
pub struct Auth;
