//! Target: messages of clients on a signalling channel.

use push_wire_shared::limits::{
    RTC_BATCH, RTC_CANDIDATE_BYTES, RTC_META_BYTES, RTC_SDP_BYTES, RTC_STATUS_BYTES,
};
use push_wire_shared::rtc::RtcMessage;
use push_wire_shared::rtc::signalling::{Output, Sender, Signal, Signalling, SignallingConfig};
use push_wire_shared::time::Moment;
use serde::Serialize;
use uuid::Uuid;

const SENDER: Uuid = Uuid::from_u128(1);

pub(super) fn run(bytes: &[u8]) {
    let Ok(signal) = Signal::read(bytes) else {
        return;
    };
    match &signal {
        Signal::Message(message) => {
            check_sizes(message);
            check_written(message, &signal);
        }
        Signal::Request(request) => check_written(request, &signal),
    }
    pass_on(signal);
}

/// Checks that a message is within the limits, and that only clients send such messages.
fn check_sizes(message: &RtcMessage) {
    match message {
        RtcMessage::Offer { sdp, meta, .. } | RtcMessage::Answer { sdp, meta, .. } => {
            assert!(sdp.len() <= RTC_SDP_BYTES);
            assert!(meta.is_null() || meta.to_string().len() <= RTC_META_BYTES);
        }
        RtcMessage::Candidate { candidate, .. } => assert!(candidate.len() <= RTC_CANDIDATE_BYTES),
        RtcMessage::CandidateBatch { candidates, .. } => {
            assert!(candidates.len() <= RTC_BATCH);
            let mut sizes = candidates.iter().map(String::len);
            assert!(sizes.all(|size| size <= RTC_CANDIDATE_BYTES));
        }
        RtcMessage::Status { status, .. } => assert!(status.len() <= RTC_STATUS_BYTES),
        RtcMessage::PeerDiscovery { .. } => {}
        RtcMessage::PeerList { .. } | RtcMessage::TurnCredentials(_) => {
            panic!("{message:?} is the server's")
        }
    }
}

/// Checks that a signal is the same after it was written and read again.
fn check_written(content: &impl Serialize, signal: &Signal) {
    let written = serde_json::to_vec(content).expect("a signal can be written");
    assert_eq!(Signal::read(&written).as_ref(), Ok(signal));
}

/// Checks that the signal goes to its receiver, with its true sender.
fn pass_on(signal: Signal) {
    let mut signalling = Signalling::new(SignallingConfig::default());
    let sender = Sender::new(SENDER).allowed(true);
    let receiver = signal.receiver();
    let handled = signalling.handle(Moment::default(), sender, signal, |_| true);
    assert!(handled.is_ok() || signalling.poll_output().is_none());
    while let Some(output) = signalling.poll_output() {
        match output {
            Output::Send { to, message } => {
                assert_eq!(to, receiver.unwrap_or(SENDER));
                assert_eq!(message.clone().with_sender(SENDER), message);
            }
            Output::TurnRequested(client) => assert_eq!(client, SENDER),
        }
    }
}
