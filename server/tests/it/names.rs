//! Check that the published names are reachable at the crate's root.

#[expect(unused_imports, reason = "that they can be imported is the test")]
use push_wire_server::{
    AuthError, AuthValidator, BinaryEnvelope, BinaryError, BinaryFlags, BinaryFrame,
    ChannelHandler, ChannelKind, CompressionConfig, CompressionDictionary, DeltaApplyResult,
    DeltaError, DeltaOp, FRAGMENT_HEADER_LEN, FragmentAssembler, FragmentError, FragmentRetention,
    FragmentShard, Frame, MAGIC_HEADER, PayloadDelta, PayloadEncoding, PushServer, RawPayload,
    RtcMessage, RtcRouter, SendError, SystemOp, TurnCredential, VERSION_BYTE, apply_delta,
    compute_delta, decode_frame, decode_frame_with_dictionaries, encode_frame,
    encode_frame_with_compression, parse_channels, train_dictionary,
};
#[expect(unused_imports, reason = "that they can be imported is the test")]
use push_wire_server::{
    FailoverPolicy, ModeSwitchReason, ModeSwitchSignal, RelayBandwidth, RelayController,
    RelayOutcome, RouteOutcome, TransportDispatcher, TransportError, TransportManager,
    TransportMode, TransportPacket, TransportRoute, relay, transport,
};

#[test]
fn published_constants_keep_their_values() {
    assert_eq!(push_wire_server::MAGIC_HEADER, *b"RP");
    assert_eq!(push_wire_server::VERSION_BYTE, 1);
    assert_eq!(push_wire_server::FRAGMENT_HEADER_LEN, 20);
}
