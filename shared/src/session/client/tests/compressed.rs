//! Tests of compressed entries and dictionaries (docs/protocol.md sections 4.5 and 5.7).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::peer::*;
use crate::close::CloseReason;
use crate::compression::CompressionDictionary;
use crate::compression::native::{Compressor, PreparedDictionary, train_dictionary};
use crate::limits::{DICTIONARIES, DICTIONARY_BYTES};
use crate::session::client::{ClientConfig, Output};
use crate::session::op::{ClientOp, DictionaryInfo, ServerOp};
use crate::session::wire::{Records, write_record};

/// A message such as the dictionary was trained on.
fn text(number: usize) -> String {
    alloc::format!(
        r#"{{"user":"ada{}","text":"the train is late again at platform {}","likes":{}}}"#,
        number % 17,
        number % 9,
        number * 7919 % 1_000
    )
}

/// A dictionary that is its own for each `kind`.
fn dictionary(kind: usize) -> Vec<u8> {
    let samples: Vec<String> = (0..2_000)
        .map(|n| alloc::format!("{{\"kind\":{kind},\"message\":{}}}", text(n * (kind + 1))))
        .collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    train_dictionary(&samples, 2_000, 1).unwrap().bytes
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn named(id: u32, channel: u8, bytes: &[u8]) -> ServerOp {
    ServerOp::Dictionary(DictionaryInfo {
        id,
        channel,
        sha256: hash(bytes),
        bytes: u32::try_from(bytes.len()).unwrap(),
    })
}

/// The body in the short form, with a dictionary under the server's id for it.
fn pack(id: u32, dictionary: &[u8], body: &[u8]) -> Vec<u8> {
    let prepared = match id {
        0 => None,
        _ => {
            let dictionary = CompressionDictionary::new(id, dictionary.to_vec());
            Some(PreparedDictionary::new(&dictionary).unwrap())
        }
    };
    let mut packed = vec![];
    assert!(Compressor::new().compress_short_into(&mut packed, body, prepared.as_ref()));
    packed
}

/// An entry of the chat whose body is packed.
fn packed_entry(stream: u64, cursor: u64, packed: &[u8]) -> Vec<u8> {
    repacked(&entry(CHAT, stream, cursor, packed), 0, b"")
}

/// The message's one frame with the flag set, and the end of its payload, of this length, replaced by a packed one.
fn repacked(message: &[u8], length: usize, packed: &[u8]) -> Vec<u8> {
    let (mut header, payload) = Records::new(message).next().unwrap().unwrap();
    header.flags.compressed = true;
    let payload = [&payload[..payload.len() - length], packed].concat();
    let mut message = vec![];
    write_record(&mut message, header, &payload);
    message
}

fn fetches(harness: &mut Harness) -> Vec<[u8; 32]> {
    let outputs = core::mem::take(&mut harness.outputs);
    let fetch = |output| {
        if let Output::FetchDictionary { sha256 } = output {
            Some(sha256)
        } else {
            None
        }
    };
    outputs.into_iter().filter_map(fetch).collect()
}

fn fetched(harness: &mut Harness, bytes: &[u8]) {
    let is_it = harness
        .session
        .dictionary_fetched(harness.now, hash(bytes), bytes.to_vec());
    assert!(is_it);
    harness.drain();
}

/// A reader of the chat that holds a dictionary under this id.
fn holding(id: u32, bytes: &[u8]) -> Harness {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.sent_frames();
    harness.control(&[named(id, CHAT, bytes)]);
    assert_eq!(fetches(&mut harness), [hash(bytes)]);
    fetched(&mut harness, bytes);
    assert_eq!(harness.ops(), [ClientOp::Have(vec![id])]);
    harness
}

#[test]
fn decompresses_without_dictionary() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let body = text(1).repeat(9);
    harness.message(packed_entry(3, 1, &pack(0, b"", body.as_bytes())));
    assert_eq!(harness.texts(), [(1, body)]);
    assert_eq!(harness.session.stats().compressed, 1);
}

#[test]
fn fetches_confirms_and_uses_dictionary() {
    let bytes = dictionary(0);
    let mut harness = holding(9, &bytes);
    let packed = pack(9, &bytes, text(5).as_bytes());
    assert!(packed.len() * 2 < text(5).len(), "{}", packed.len());
    harness.message(packed_entry(3, 1, &packed));
    assert_eq!(harness.texts(), [(1, text(5))]);
}

#[test]
fn a_delta_may_be_compressed_too() {
    let (mut harness, ..) = Harness::reading("doc", 4, at(0));
    let (base, target) = (text(1), text(1) + &text(2).repeat(9));
    harness.value(4, 1, &base);
    let ops = crate::delta::encode(base.as_bytes(), target.as_bytes()).unwrap();
    let message = delta_entry(4, 2, 1, &base, &target);
    harness.message(repacked(&message, ops.len(), &pack(0, b"", &ops)));
    assert_eq!(harness.texts(), [(1, base), (2, target)]);
}

#[test]
fn keeps_dictionary_over_reconnect() {
    let bytes = dictionary(0);
    let mut harness = holding(9, &bytes);
    let auth = harness.reconnect();
    assert!(auth.zstd);
    harness.auth_ok(false, 0);
    harness.control(&[
        resumed(auth.subscriptions[0].id, 3, at(0), 0),
        named(2, CHAT, &bytes),
    ]);
    assert_eq!(fetches(&mut harness), [] as [[u8; 32]; 0]);
    assert_eq!(harness.ops(), [ClientOp::Have(vec![2])]);
    harness.message(packed_entry(3, 1, &pack(2, &bytes, text(5).as_bytes())));
    assert_eq!(harness.texts(), [(1, text(5))]);
}

#[test]
fn newer_dictionary_keeps_previous() {
    let (first, second, third) = (dictionary(0), dictionary(1), dictionary(2));
    let mut harness = holding(1, &first);
    harness.control(&[named(2, CHAT, &second)]);
    fetched(&mut harness, &second);
    harness.message(packed_entry(3, 1, &pack(1, &first, text(1).as_bytes())));
    harness.message(packed_entry(3, 2, &pack(2, &second, text(2).as_bytes())));
    assert_eq!(harness.session.stats().compressed, 2);
    harness.control(&[named(3, CHAT, &third)]);
    fetched(&mut harness, &third);
    harness.message(packed_entry(3, 3, &pack(1, &first, text(3).as_bytes())));
    assert_eq!(harness.closed_with(), Some(4202), "two are kept, not three");
}

#[test]
fn refuses_other_bytes_as_dictionary() {
    let bytes = dictionary(0);
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.sent_frames();
    harness.control(&[named(1, CHAT, &bytes)]);
    let is_it = harness
        .session
        .dictionary_fetched(harness.now, hash(&bytes), vec![7; bytes.len()]);
    assert!(!is_it);
    harness.drain();
    assert_eq!(harness.events(), []);
    assert!(harness.ops().is_empty());
    assert!(harness.disconnected().is_none());
}

#[test]
fn compression_can_be_off() {
    let mut harness = Harness::new(ClientConfig {
        compression: false,
        ..config()
    });
    assert!(!harness.open().zstd);
    harness.auth_ok(false, 0);
    harness.control(&[named(1, CHAT, &dictionary(0))]);
    assert_eq!(fetches(&mut harness), [] as [[u8; 32]; 0]);
    assert!(harness.ops().is_empty());
}

#[test]
fn compressed_entry_that_was_not_asked_for_is_an_error() {
    let mut harness = Harness::new(ClientConfig {
        compression: false,
        ..config()
    });
    harness.subscribe(whole_channel("chat"));
    let wire_id = harness.open().subscriptions[0].id;
    harness.auth_ok(false, 0);
    harness.control(&[resumed(wire_id, 3, at(0), 0)]);
    let body = text(1).repeat(4);
    harness.message(packed_entry(3, 1, &pack(0, b"", body.as_bytes())));
    let code = CloseReason::ProtocolError.code();
    assert_eq!(harness.disconnected(), Some(code));
}

#[test]
fn names_beyond_the_limits_are_let_go() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    harness.sent_frames();
    let names = (0..40u8).map(|n| {
        ServerOp::Dictionary(DictionaryInfo {
            id: u32::from(n) + 1,
            channel: n,
            sha256: [n; 32],
            bytes: 2_000,
        })
    });
    harness.control(&names.collect::<Vec<_>>());
    assert_eq!(fetches(&mut harness).len(), DICTIONARIES);
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let too_large = vec![1; DICTIONARY_BYTES + 1];
    let unnamed = b"id 0 means none".to_vec();
    harness.control(&[named(1, CHAT, &too_large), named(0, CHAT, &unnamed)]);
    assert_eq!(fetches(&mut harness), [] as [[u8; 32]; 0]);
}

#[test]
fn hostile_compression_closes_with_reason() {
    let bomb = pack(0, b"", &vec![0; config().max_value_bytes + 1]);
    let cut = {
        let whole = pack(0, b"", text(1).repeat(9).as_bytes());
        whole[..whole.len() - 3].to_vec()
    };
    let unknown = pack(5, &dictionary(0), text(1).as_bytes());
    let wide = vec![0, 0x00, 0xff, 0, 0, 0];
    let cases = [
        (bomb, 4204, "size limit"),
        (cut, 4202, "damaged"),
        (unknown, 4202, "does not have"),
        (wide, 4202, "damaged"),
        (vec![], 4202, "damaged"),
    ];
    for (packed, code, says) in cases {
        let (mut harness, ..) = Harness::reading("chat", 3, at(0));
        harness.message(packed_entry(3, 1, &packed));
        assert_eq!(harness.closed_with(), Some(code));
        let status = alloc::format!("{:?}", harness.session.status());
        assert!(status.contains(says), "{status}");
    }
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let mut pong = vec![];
    ServerOp::Pong.encode(&mut pong);
    harness.message(repacked(&entry(SYSTEM, 0, 2, b"  "), 4, &pong));
    assert_eq!(
        harness.closed_with(),
        Some(4202),
        "control frames are not compressed"
    );
}
