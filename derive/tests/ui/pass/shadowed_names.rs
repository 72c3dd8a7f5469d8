//! Compile test: generated code depends on no name in the user's scope.

#![allow(dead_code)]

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

fn main() {
    assert_eq!(push_wire_shared::ChannelKind::name(&Channel::r#Type), "type");
}
