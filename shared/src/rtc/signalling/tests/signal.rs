//! Tests of reading clients' messages.

use super::*;

#[test]
fn sizes_are_bounded() {
    let with = |field: &str, value: Value| {
        let mut message = json!({"type": "offer", "from": A, "to": B, "sdp": ""});
        message[field] = value;
        message
    };
    let candidate =
        |text: &str| json!({"type": "candidate", "from": A, "to": B, "candidate": text});
    let batch = |candidates: Vec<&str>| json!({"type": "candidate_batch", "from": A, "to": B, "candidates": candidates});
    let status = |text: &str| json!({"type": "status", "from": A, "to": B, "status": text});
    let text = |bytes: usize| "x".repeat(bytes);
    let quoted = |bytes: usize| json!(text(bytes - 2));
    let long = text(RTC_CANDIDATE_BYTES + 1);
    for (part, taken, refused) in [
        (
            "sdp",
            with("sdp", json!(text(RTC_SDP_BYTES))),
            with("sdp", json!(text(RTC_SDP_BYTES + 1))),
        ),
        (
            "meta",
            with("meta", quoted(RTC_META_BYTES)),
            with("meta", quoted(RTC_META_BYTES + 1)),
        ),
        (
            "candidate",
            candidate(&text(RTC_CANDIDATE_BYTES)),
            candidate(&long),
        ),
        ("candidate", batch(vec!["a"]), batch(vec![&long])),
        (
            "candidates",
            batch(vec!["a"; RTC_BATCH]),
            batch(vec!["a"; RTC_BATCH + 1]),
        ),
        (
            "status",
            status(&text(RTC_STATUS_BYTES)),
            status(&text(RTC_STATUS_BYTES + 1)),
        ),
    ] {
        read(&taken).unwrap();
        let error = read(&refused).unwrap_err();
        let is_part = |error: &SignalError| matches!(error, SignalError::TooLarge { part: of, size, limit } if *of == part && *size > *limit);
        assert!(is_part(&error), "{part}: {error}");
    }
}

#[test]
fn reads_requests_and_refuses_what_is_the_servers() {
    for (json, request) in [
        (json!({"type": "turn_request"}), RtcRequest::TurnRequest),
        (
            json!({"type": "leave_room"}),
            RtcRequest::LeaveRoom { room: None },
        ),
    ] {
        assert_eq!(serde_json::to_value(&request).unwrap(), json);
        assert_eq!(read(&json), Ok(Signal::Request(request)));
    }
    let list = json!({"type": "peer_list", "peers": []});
    assert_eq!(read(&list), Err(SignalError::OfServer("peer_list")));
    let credentials =
        json!({"type": "turn_credentials", "username": "", "credential": "", "ttl_seconds": 1});
    let refused = Err(SignalError::OfServer("turn_credentials"));
    assert_eq!(read(&credentials), refused);
    for other in [
        json!(1),
        json!({}),
        json!({"type": "other"}),
        json!(["offer", A, B, "v=0"]),
        json!(["leave_room"]),
        json!({"type": "offer", "from": A, "to": "me", "sdp": ""}),
    ] {
        let error = read(&other).unwrap_err();
        assert!(matches!(error, SignalError::Unreadable(_)), "{other}");
    }
}
