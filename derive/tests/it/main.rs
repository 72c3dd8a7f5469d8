//! Tests of derived channels, and of the compiler's errors for wrong ones.

mod channels;

#[test]
fn right_and_wrong_enums() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
