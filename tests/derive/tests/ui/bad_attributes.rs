//! Compile test: wrong and repeated attributes are errors.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system, system)]
    System,
    #[channel(id = 256)]
    Chat,
    #[channel(priority = "urgent")]
    Log,
    #[channel(priority = 3)]
    Cpu,
    #[channel(name = "a, b")]
    Market,
    #[channel(name = "")]
    Empty,
    #[channel(lane = 1)]
    Ui,
}

fn main() {}
