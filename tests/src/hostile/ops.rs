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
        payload_of_an_entry(payload);
        payload_of_a_client(payload);
    }
    assert!(
        bytes.starts_with(&written),
        "there is one way to write a record"
    );
    assert_eq!(Records::new(&written).count(), read);
}

fn payload_of_an_entry(payload: &[u8]) {
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

fn payload_of_a_client(payload: &[u8]) {
    let Ok((header, body)) = UplinkHeader::split(payload) else {
        return;
    };
    let mut written = Vec::new();
    header.write(&mut written);
    written.extend_from_slice(body);
    assert_eq!(written, payload);
}
