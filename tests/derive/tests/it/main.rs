//! Tests of `#[derive(ChannelKind)]`, and of the compiler's errors for enums that it does not accept.

mod channels;
mod renamed_path;
mod shadowed_names;
mod typescript;

#[test]
fn rejects_invalid_enums() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
