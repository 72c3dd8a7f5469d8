//! Tests of the derived impls: ids, names, lanes and serde forms.

use std::collections::HashMap;

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    Control,
    Chat,
    #[channel(name = "cpu", id = 200, priority = "low")]
    CpuLoad,
    #[channel(priority = 0)]
    RtcSignal,
}

#[test]
fn reads_defaults_and_attributes() {
    let rows: Vec<_> = Channel::all()
        .iter()
        .map(|c| (c.wire_id(), c.name(), c.priority(), c.is_system()))
        .collect();
    assert_eq!(
        rows,
        [
            (0, "control", 0, true),
            (1, "chat", 1, false),
            (200, "cpu", 2, false),
            (3, "rtc_signal", 0, false),
        ]
    );
}

#[test]
fn finds_channel_by_id_and_name() {
    for &channel in Channel::all() {
        assert_eq!(Channel::from_wire_id(channel.wire_id()), Some(channel));
        assert_eq!(Channel::from_name(channel.name()), Some(channel));
    }
    assert_eq!(Channel::from_wire_id(2), None);
    assert_eq!(Channel::from_name("CpuLoad"), None);
}

#[test]
fn serializes_as_name_and_map_key() {
    let cursors = HashMap::from([(Channel::CpuLoad, 7)]);
    let json = serde_json::to_string(&cursors).unwrap();
    assert_eq!(json, r#"{"cpu":7}"#);
    let back: HashMap<Channel, u64> = serde_json::from_str(&json).unwrap();
    assert_eq!(back, cursors);
}

#[test]
fn unknown_name_error_lists_names() {
    let error = serde_json::from_str::<Channel>(r#""chats""#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid value: string \"chats\", expected one of the channels control, chat, cpu, rtc_signal \
         at line 1 column 7"
    );
}
