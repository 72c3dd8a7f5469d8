//! Benchmark of MessagePack and CBOR against the libraries that write the same bytes.
//!
//! `cargo run --release --bin encodings`: a struct that takes 172 bytes as JSON is encoded and decoded.

use std::hint::black_box;

use push_wire_bench::Fallible;
use push_wire_bench::rounds::Rounds;
use push_wire_shared::PayloadEncoding;
use serde::{Deserialize, Serialize};

const ROUNDS: usize = 101;
const REPEAT: usize = 2_000;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Trade {
    id: u64,
    symbol: String,
    price: f64,
    quantity: f64,
    buyer: String,
    seller: String,
    at: u64,
    venue: String,
    flags: Vec<u8>,
    note: Option<String>,
}

fn main() -> Fallible<()> {
    let trade = Trade {
        id: 918_273_645,
        symbol: "EUR/USD".into(),
        price: 1.08345,
        quantity: 25_000.0,
        buyer: "desk-7".into(),
        seller: "mm-4".into(),
        at: 1_790_000_123_456,
        venue: "Frankfurt".into(),
        flags: vec![1, 4, 200],
        note: None,
    };
    println!("{} bytes as JSON\n", serde_json::to_string(&trade)?.len());
    println!("| | bytes | write ns | read ns |");
    println!("|---|---|---|---|");
    compare(
        &trade,
        PayloadEncoding::MessagePack,
        "rmp-serde",
        |trade| rmp_serde::to_vec(trade).ok(),
        |bytes| rmp_serde::from_slice(bytes).ok(),
    )?;
    compare(
        &trade,
        PayloadEncoding::Cbor,
        "serde_cbor",
        |trade| serde_cbor::to_vec(trade).ok(),
        |bytes| serde_cbor::from_slice(bytes).ok(),
    )
}

fn compare(
    trade: &Trade,
    encoding: PayloadEncoding,
    library: &str,
    write: impl Fn(&Trade) -> Option<Vec<u8>>,
    read: impl Fn(&[u8]) -> Option<Trade>,
) -> Fallible<()> {
    let bytes = encoding.encode(trade)?;
    if write(trade).as_ref() != Some(&bytes) || read(&bytes).as_ref() != Some(trade) {
        return Err(format!("{library} writes other bytes").into());
    }
    let writing = Rounds::run(
        ROUNDS,
        REPEAT,
        &mut [
            &mut || drop(black_box(encoding.encode(black_box(trade)))),
            &mut || drop(black_box(write(black_box(trade)))),
        ],
    );
    let reading = Rounds::run(
        ROUNDS,
        REPEAT,
        &mut [
            &mut || drop(black_box(encoding.decode::<Trade>(black_box(&bytes)))),
            &mut || drop(black_box(read(black_box(&bytes)))),
        ],
    );
    let name = encoding.name();
    for (i, by) in ["push-wire", library].iter().enumerate() {
        let (write, read) = (writing.median_ns(i), reading.median_ns(i));
        println!(
            "| {name}, {by} | {} | {write:.0} | {read:.0} |",
            bytes.len()
        );
    }
    println!(
        "| {name}, times faster | | {:.2} | {:.2} |",
        writing.ratio(1, 0),
        reading.ratio(1, 0)
    );
    Ok(())
}
