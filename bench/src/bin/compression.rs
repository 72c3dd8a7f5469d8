//! Benchmark of compressed frames with a dictionary against the published crate: the same messages and dictionary, once
//! by the published calls and once by those that take a prepared dictionary.
//!
//! `cargo run --release --bin compression`: a dictionary of 16 KB is trained on one half of the messages of about 250
//! bytes; the other half is encoded and decoded. `-- --write FOLDER` writes the dictionary and the messages as zstd
//! frames with and without it instead, for the measurements in browser/.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use push_wire_bench::Fallible;
use push_wire_bench::messages::orders;
use push_wire_bench::rounds::Rounds;
use push_wire_bench::subject::PublishedChannel as Published;
use push_wire_shared::compression::native::{Compressor, Decompressor, Goal, PreparedDictionary};
use push_wire_shared::limits::VALUE_BYTES;
use push_wire_shared::{
    BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig, CompressionDictionary,
    PayloadEncoding, decode_frame_with_decompressor, decode_frame_with_dictionaries,
    encode_frame_with_compression, encode_frame_with_compressor,
};

const ENCODING: PayloadEncoding = PayloadEncoding::MessagePack;
const THRESHOLD: usize = 64;
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

/// Codec under measurement: it encodes and decodes frames.
struct Codec<'a> {
    name: &'static str,
    encode: Step<'a, str, Vec<u8>>,
    decode: Step<'a, [u8], String>,
}

type Step<'a, From, To> = Box<dyn FnMut(&From) -> Fallible<To> + 'a>;

fn compare(messages: &[String], dictionary: &CompressionDictionary) -> Fallible<()> {
    let (published, prepared) = (dictionaries_of(dictionary), Prepared::new(dictionary)?);
    let mut codecs = [
        with_prepared_dictionary(prepared),
        with_published_calls(dictionary),
        published_crate(&published),
    ];
    let mut frames = Vec::new();
    for codec in &mut codecs {
        let of_codec: Fallible<Vec<_>> = messages
            .iter()
            .map(|message| (codec.encode)(message))
            .collect();
        frames.push(of_codec?);
    }
    // Each decodes the others' frames too.
    for codec in &mut codecs {
        for (message, frame) in frames
            .iter()
            .flat_map(|of_codec| messages.iter().zip(of_codec))
        {
            if (codec.decode)(frame)? != *message {
                return Err(format!("{} decodes a wrong message", codec.name).into());
            }
        }
    }
    let encode = rounds(&mut codecs, |_, codec| {
        for message in messages {
            drop(black_box((codec.encode)(message)));
        }
    });
    let decode = rounds(&mut codecs, |at, codec| {
        for frame in &frames[at] {
            drop(black_box((codec.decode)(frame)));
        }
    });
    println!(
        "{} messages of {:.1} bytes on average\n",
        messages.len(),
        mean_len(messages)
    );
    println!("| | frame bytes | encode ns | decode ns | times faster | |");
    println!("|---|---|---|---|---|---|");
    let last = codecs.len() - 1;
    for (at, codec) in codecs.iter().enumerate() {
        let each = |rounds: &Rounds| rounds.median_ns(at) / messages.len() as f64;
        println!(
            "| {} | {:.1} | {:.0} | {:.0} | {:.1} | {:.1} |",
            codec.name,
            mean_len(&frames[at]),
            each(&encode),
            each(&decode),
            encode.ratio(last, at),
            decode.ratio(last, at),
        );
    }
    Ok(())
}

/// Times a function of each codec in turn.
fn rounds(codecs: &mut [Codec<'_>], run: impl Fn(usize, &mut Codec<'_>)) -> Rounds {
    let run = &run;
    let mut subjects: Vec<_> = codecs
        .iter_mut()
        .enumerate()
        .map(|(at, codec)| move || run(at, codec))
        .collect();
    let mut subjects: Vec<_> = subjects.iter_mut().map(|s| s as &mut dyn FnMut()).collect();
    Rounds::run(ROUNDS, 1, &mut subjects)
}

/// State that a sender and a reader keep for many frames.
struct Prepared {
    compressor: Compressor,
    dictionary: PreparedDictionary,
    decompressor: Decompressor,
}

impl Prepared {
    fn new(dictionary: &CompressionDictionary) -> Fallible<Self> {
        let mut decompressor = Decompressor::new();
        decompressor.add_dictionary(dictionary)?;
        Ok(Self {
            compressor: Compressor::new(),
            dictionary: PreparedDictionary::with_goal(dictionary, Goal::Time)?,
            decompressor,
        })
    }
}

fn with_prepared_dictionary(prepared: Prepared) -> Codec<'static> {
    let Prepared {
        mut compressor,
        dictionary,
        mut decompressor,
    } = prepared;
    Codec {
        name: "push-wire, prepared dictionary",
        encode: Box::new(move |message| {
            let (frame, dictionary) = (frame(message), Some(&dictionary));
            let bytes = encode_frame_with_compressor(
                &frame,
                ENCODING,
                THRESHOLD,
                &mut compressor,
                dictionary,
            );
            Ok(bytes?)
        }),
        decode: Box::new(move |bytes| {
            let frame = decode_frame_with_decompressor::<Channel, String>(
                bytes,
                ENCODING,
                &mut decompressor,
                VALUE_BYTES,
            );
            Ok(frame?.payload)
        }),
    }
}

fn with_published_calls(dictionary: &CompressionDictionary) -> Codec<'_> {
    let compression = CompressionConfig {
        threshold: THRESHOLD,
        dictionary: Some(dictionary.clone()),
    };
    let held = std::slice::from_ref(dictionary);
    Codec {
        name: "push-wire, the published calls",
        encode: Box::new(move |message| {
            let bytes = encode_frame_with_compression(&frame(message), ENCODING, &compression);
            Ok(bytes?)
        }),
        decode: Box::new(|bytes| {
            let frame = decode_frame_with_dictionaries::<Channel, String>(bytes, ENCODING, held);
            Ok(frame?.payload)
        }),
    }
}

fn frame(message: &str) -> BinaryFrame<Channel, &str> {
    BinaryFrame {
        channel: Channel::Feed,
        flags: BinaryFlags::default(),
        sequence: 1,
        payload: message,
    }
}

fn dictionaries_of(
    dictionary: &CompressionDictionary,
) -> [pushwire_core::CompressionDictionary; 1] {
    let CompressionDictionary { id, bytes } = dictionary.clone();
    [pushwire_core::CompressionDictionary::new(id, bytes)]
}

fn published_crate(held: &[pushwire_core::CompressionDictionary; 1]) -> Codec<'_> {
    let encoding = pushwire_core::PayloadEncoding::MessagePack;
    let compression = pushwire_core::CompressionConfig {
        threshold: THRESHOLD,
        dictionary: Some(held[0].clone()),
    };
    Codec {
        name: "pushwire-core",
        encode: Box::new(move |message| {
            let frame = pushwire_core::BinaryFrame {
                channel: Published::Feed,
                flags: pushwire_core::BinaryFlags::from_byte(0),
                sequence: 1,
                payload: message,
            };
            let bytes =
                pushwire_core::encode_frame_with_compression(&frame, encoding, &compression);
            Ok(bytes?)
        }),
        decode: Box::new(move |bytes| {
            let frame = pushwire_core::decode_frame_with_dictionaries::<Published, String>(
                bytes, encoding, held,
            );
            Ok(frame?.payload)
        }),
    }
}

/// Writes the dictionary, the messages, and their zstd frames with and without it. Each message and frame follows its
/// length in four bytes.
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
        // Without the dictionary's id before it, which other decoders do not know.
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
