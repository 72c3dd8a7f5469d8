//! Targets: control ops, records and payload headers.

use push_wire_shared::session::op::{ClientOp, ServerOp};
use push_wire_shared::session::wire::{Body, EntryHeader, Records, UplinkHeader, write_record};

pub(super) fn run(bytes: &[u8]) {
    if let Ok(op) = ClientOp::decode(bytes) {
        let mut written = Vec::new();
        op.encode(&mut written);
        assert_eq!(ClientOp::decode(&written), Ok(op));
    }
    if let Ok(op) = ServerOp::decode(bytes) {
        let mut written = Vec::new();
        op.encode(&mut written);
        assert_eq!(ServerOp::decode(&written), Ok(op));
    }
}

pub(super) fn run_records(bytes: &[u8]) {
    let mut read = 0;
    let mut written = Vec::new();
    for record in Records::new(bytes) {
        let Ok((header, payload)) = record else {
            break;
        };
        write_record(&mut written, header, payload);
        read += 1;
        check_entry_payload(payload);
        check_client_payload(payload);
    }
    assert!(bytes.starts_with(&written), "a record has one encoding");
    assert_eq!(Records::new(&written).count(), read);
}

fn check_entry_payload(payload: &[u8]) {
    let Ok((header, body)) = EntryHeader::split(payload) else {
        return;
    };
    let mut written = Vec::new();
    let body = match body {
        Body::Whole(body) => {
            header.write_whole(&mut written);
            body
        }
        Body::Delta(delta, ops) => {
            header.write_delta(delta, &mut written);
            ops
        }
    };
    written.extend_from_slice(body);
    assert_eq!(written, payload);
}

fn check_client_payload(payload: &[u8]) {
    let Ok((header, body)) = UplinkHeader::split(payload) else {
        return;
    };
    let mut written = Vec::new();
    header.write(&mut written);
    written.extend_from_slice(body);
    assert_eq!(written, payload);
}
