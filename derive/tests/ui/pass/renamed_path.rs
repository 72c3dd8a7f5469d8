//! Compile test: `#[channel(crate = "…")]` names the path of the library.

mod framework {
    pub use push_wire_shared as push_wire;
}

use framework::push_wire::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[channel(crate = "crate::framework::push_wire")]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

fn main() {
    assert_eq!(Channel::from_name("chat"), Some(Channel::Chat));
    assert!(Channel::System.is_system());
}
