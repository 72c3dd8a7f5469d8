//! What derived channels do, and what the compiler says about wrong ones.

mod channels;

#[test]
fn right_and_wrong_enums() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
