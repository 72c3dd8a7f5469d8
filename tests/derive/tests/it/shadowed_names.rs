//! Test of an enum in a module that shadows names of the standard library, on which generated code must not depend.

#![expect(
    dead_code,
    unused_macros,
    reason = "the names only shadow those of the standard library"
)]

struct Option;
struct Some;
struct Result;
type Ok = ();
macro_rules! matches {
    () => {};
}

#[derive(push_wire_shared::ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    r#Type,
}

#[test]
fn ignores_shadowed_names() {
    assert_eq!(
        push_wire_shared::ChannelKind::name(&Channel::r#Type),
        "type"
    );
}
