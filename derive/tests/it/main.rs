//! Tests of derived channels, and of the compiler's errors for wrong ones.

mod channels;
mod renamed_path;
mod shadowed_names;

#[test]
fn errors_of_wrong_enums() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
