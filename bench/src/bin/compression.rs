//! Frames with a dictionary beside the published crate's: the same messages, dictionary and calls.
//!
//! `cargo run --release --bin compression`: messages of about 250 bytes, of one half of which a dictionary of 16 KB is trained; the
//! other half is encoded and decoded. `-- --write FOLDER` writes the dictionary and the messages as zstd frames
//! with and without it instead, for the measurements in browser/.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use push_wire_bench::Fallible;
use push_wire_bench::messages::orders;
use push_wire_bench::rounds::Rounds;
use push_wire_bench::subject::PublishedChannel as Published;
use push_wire_shared::compression::native::{Compressor, PreparedDictionary};
use push_wire_shared::{
    BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig, CompressionDictionary,
    PayloadEncoding,
};
use push_wire_shared::{decode_frame_with_dictionaries, encode_frame_with_compression};

const ROUNDS: usize = 31;
const MESSAGES: usize = 4_000;
const DICTIONARY_BYTES: usize = 16 * 1024;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Feed,
}

fn main() -> Fallible<()> {
    let messages = orders(1, MESSAGES);
    let (samples, messages) = messages.split_at(MESSAGES / 2);
    let samples: Vec<_> = samples.iter().map(String::as_bytes).collect();
    let dictionary = push_wire_shared::train_dictionary(&samples, DICTIONARY_BYTES, 1)?;
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(messages, &dictionary),
        ["--write", folder] => write(messages, &dictionary, Path::new(folder)),
        _ => Err("usage: compression [--write FOLDER]".into()),
    }
}

fn compare(messages: &[String], dictionary: &CompressionDictionary) -> Fallible<()> {
    let ours = CompressionConfig {
        threshold: 64,
        dictionary: Some(dictionary.clone()),
    };
    let theirs = pushwire_core::CompressionConfig {
        threshold: 64,
        dictionary: Some(pushwire_core::CompressionDictionary::new(
            1,
            dictionary.bytes.clone(),
        )),
    };
    let encode_ours = |message: &String| {
        let frame = BinaryFrame {
            channel: Channel::Feed,
            flags: BinaryFlags::default(),
            sequence: 1,
            payload: message,
        };
        encode_frame_with_compression(&frame, PayloadEncoding::MessagePack, &ours)
    };
    let encode_theirs = |message: &String| {
        let frame = pushwire_core::BinaryFrame {
            channel: Published::Feed,
            flags: pushwire_core::BinaryFlags::from_byte(0),
            sequence: 1,
            payload: message,
        };
        let encoding = pushwire_core::PayloadEncoding::MessagePack;
        pushwire_core::encode_frame_with_compression(&frame, encoding, &theirs)
    };
    let held = std::slice::from_ref(dictionary);
    let decode_ours = |frame: &Vec<u8>| {
        decode_frame_with_dictionaries::<Channel, String>(frame, PayloadEncoding::MessagePack, held)
    };
    let their_held = theirs.dictionary.as_slice();
    let decode_theirs = |frame: &Vec<u8>| {
        let encoding = pushwire_core::PayloadEncoding::MessagePack;
        pushwire_core::decode_frame_with_dictionaries::<Published, String>(
            frame, encoding, their_held,
        )
    };

    let our_frames = messages
        .iter()
        .map(encode_ours)
        .collect::<Result<Vec<_>, _>>()?;
    let their_frames = messages
        .iter()
        .map(encode_theirs)
        .collect::<Result<Vec<_>, _>>()?;
    for ((message, ours), theirs) in messages.iter().zip(&our_frames).zip(&their_frames) {
        // Each side reads the other's frames too.
        let read = [decode_ours(ours)?.payload, decode_ours(theirs)?.payload];
        let their_read = [decode_theirs(ours)?.payload, decode_theirs(theirs)?.payload];
        if read.iter().chain(&their_read).any(|read| read != message) {
            return Err("a frame holds another message".into());
        }
    }
    let encode = Rounds::run(
        ROUNDS,
        1,
        &mut [
            &mut || {
                messages
                    .iter()
                    .for_each(|message| drop(black_box(encode_ours(message))))
            },
            &mut || {
                messages
                    .iter()
                    .for_each(|message| drop(black_box(encode_theirs(message))))
            },
        ],
    );
    let decode = Rounds::run(
        ROUNDS,
        1,
        &mut [
            &mut || {
                our_frames
                    .iter()
                    .for_each(|frame| drop(black_box(decode_ours(frame))))
            },
            &mut || {
                their_frames
                    .iter()
                    .for_each(|frame| drop(black_box(decode_theirs(frame))))
            },
        ],
    );
    println!(
        "{} messages of {:.1} bytes on average\n",
        messages.len(),
        mean_len(messages)
    );
    println!("| | frame bytes | encode ns | decode ns |");
    println!("|---|---|---|---|");
    let each = |ns: f64| ns / messages.len() as f64;
    for (i, (name, frames)) in [("push-wire", &our_frames), ("pushwire-core", &their_frames)]
        .iter()
        .enumerate()
    {
        println!(
            "| {name} | {:.1} | {:.0} | {:.0} |",
            mean_len(frames),
            each(encode.median_ns(i)),
            each(decode.median_ns(i)),
        );
    }
    println!(
        "| times faster | | {:.1} | {:.1} |",
        encode.ratio(1, 0),
        decode.ratio(1, 0)
    );
    Ok(())
}

/// `dictionary`, and one file each of the messages and of what they are as zstd frames, each with its length before it.
fn write(messages: &[String], dictionary: &CompressionDictionary, folder: &Path) -> Fallible<()> {
    let prepared = PreparedDictionary::new(dictionary)?;
    let mut compressor = Compressor::new();
    let mut compress = |message: &String, dictionary: Option<&PreparedDictionary>| {
        let mut body = Vec::new();
        let smaller = compressor.compress_into(&mut body, message.as_bytes(), dictionary);
        smaller
            .then_some(body)
            .ok_or("a message that compression makes larger")
    };
    let mut packed = Vec::new();
    let mut plain = Vec::new();
    for message in messages {
        packed.push(compress(message, Some(&prepared))?);
        // Without the dictionary's id before it: what other decoders take.
        plain.push(compress(message, None)?.split_off(4));
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("dictionary"), &dictionary.bytes)?;
    fs::write(folder.join("messages"), with_lengths(messages))?;
    fs::write(folder.join("packed"), with_lengths(&packed))?;
    fs::write(folder.join("plain"), with_lengths(&plain))?;
    Ok(())
}

fn with_lengths(items: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        let item = item.as_ref();
        out.extend_from_slice(&(item.len() as u32).to_le_bytes());
        out.extend_from_slice(item);
    }
    out
}

fn mean_len(items: &[impl AsRef<[u8]>]) -> f64 {
    items.iter().map(|item| item.as_ref().len()).sum::<usize>() as f64 / items.len() as f64
}
