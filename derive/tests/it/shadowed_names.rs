//! A channel in a module that gives names of the standard library another meaning: generated code depends on none.

#![expect(
    dead_code,
    unused_macros,
    reason = "the names are there to be in the way"
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
fn derives_in_spite_of_them() {
    assert_eq!(
        push_wire_shared::ChannelKind::name(&Channel::r#Type),
        "type"
    );
}
