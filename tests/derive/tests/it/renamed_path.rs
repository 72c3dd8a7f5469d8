//! Test of an enum that names another path of the library: `#[channel(crate = "…")]`.

mod framework {
    pub(super) use push_wire_shared as push_wire;
}

use framework::push_wire::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[channel(crate = "crate::renamed_path::framework::push_wire")]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

#[test]
fn uses_given_path() {
    assert_eq!(Channel::from_name("chat"), Some(Channel::Chat));
    assert!(Channel::System.is_system());
}
