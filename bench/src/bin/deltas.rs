//! Deltas beside other delta crates: bytes and time per version of documents that change.
//!
//! `cargo run --release --bin deltas [-- --history FILE]`: the made-up documents, or the versions that git
//! keeps of a file.

use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use oxidelta::compress::decoder;
use oxidelta::compress::encoder::{self, CompressOptions};
use push_wire_shared::delta;
use push_wire_shared::delta::corpus::{Corpus, corpora};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Every pair of versions is encoded and applied this many times; the fastest round counts.
const ROUNDS: usize = 15;

struct Codec {
    name: &'static str,
    encode: fn(base: &[u8], target: &[u8]) -> Fallible<Vec<u8>>,
    apply: fn(base: &[u8], delta: &[u8]) -> Fallible<Vec<u8>>,
}

const CODECS: [Codec; 3] = [
    Codec {
        name: "push-wire",
        encode: |base, target| delta::encode(base, target).ok_or("no delta".into()),
        apply: |base, ops| Ok(delta::apply(base, ops, 16 << 20)?),
    },
    Codec {
        name: "fossil-delta",
        encode: |base, target| Ok(fossil_delta::delta(target, base)),
        apply: |base, ops| fossil_delta::apply(base, ops).map_err(|e| format!("{e:?}").into()),
    },
    Codec {
        name: "oxidelta (VCDIFF)",
        encode: |base, target| {
            let mut ops = Vec::new();
            encoder::encode_all(&mut ops, base, target, CompressOptions::default())?;
            Ok(ops)
        },
        apply: |base, ops| Ok(decoder::decode_all(base, ops)?),
    },
];

/// Per version, on average.
struct Figures {
    bytes: f64,
    encode_us: f64,
    apply_us: f64,
}

fn main() -> Fallible<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let corpora = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => corpora(1, 300),
        ["--history", file] => vec![history(file)?],
        _ => return Err("usage: deltas [--history FILE]".into()),
    };
    println!(
        "| document (mean bytes, versions) | codec | bytes | encode µs | apply µs | bytes / ours | encode / ours | apply / ours |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for corpus in &corpora {
        let versions = &corpus.versions;
        let mean = versions.iter().map(Vec::len).sum::<usize>() / versions.len();
        let mut ours = None;
        for codec in &CODECS {
            let figures = measure(codec, versions)?;
            let ours = ours.get_or_insert(Figures { ..figures });
            println!(
                "| {} ({mean}, {}) | {} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
                corpus.name,
                versions.len(),
                codec.name,
                figures.bytes,
                figures.encode_us,
                figures.apply_us,
                figures.bytes / ours.bytes,
                figures.encode_us / ours.encode_us,
                figures.apply_us / ours.apply_us,
            );
        }
        let mut hashing = Duration::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for version in versions {
                black_box(delta::check(version));
            }
            hashing = hashing.min(start.elapsed());
        }
        println!(
            "| | SHA-256 of one version | | {:.2} | | | | |",
            micros(hashing, versions.len())
        );
    }
    Ok(())
}

fn measure(codec: &Codec, versions: &[Vec<u8>]) -> Fallible<Figures> {
    let pairs = versions.len() - 1;
    let (mut encode, mut apply) = (Duration::MAX, Duration::MAX);
    let mut deltas = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        deltas = versions
            .windows(2)
            .map(|pair| (codec.encode)(&pair[0], &pair[1]))
            .collect::<Fallible<Vec<_>>>()?;
        encode = encode.min(start.elapsed());

        let start = Instant::now();
        for (base, ops) in versions.iter().zip(&deltas) {
            black_box((codec.apply)(base, ops)?);
        }
        apply = apply.min(start.elapsed());
    }
    for (pair, ops) in versions.windows(2).zip(&deltas) {
        if (codec.apply)(&pair[0], ops)? != pair[1] {
            return Err(format!("{} built a wrong value", codec.name).into());
        }
    }
    Ok(Figures {
        bytes: deltas.iter().map(Vec::len).sum::<usize>() as f64 / pairs as f64,
        encode_us: micros(encode, pairs),
        apply_us: micros(apply, pairs),
    })
}

fn micros(time: Duration, times: usize) -> f64 {
    time.as_secs_f64() * 1e6 / times as f64
}

/// The versions of a file in its git repository, oldest first.
fn history(file: &str) -> Fallible<Corpus> {
    let git = |args: &[&str]| -> Fallible<Vec<u8>> {
        let output = Command::new("git").args(args).output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    };
    let commits = String::from_utf8(git(&["log", "--reverse", "--format=%H", "--", file])?)?;
    let versions = commits
        .lines()
        .map(|commit| git(&["show", &format!("{commit}:./{file}")]))
        .collect::<Fallible<Vec<_>>>()?;
    if versions.len() < 2 {
        return Err(format!(
            "{file}: {} versions in git, at least 2 are needed",
            versions.len()
        )
        .into());
    }
    Ok(Corpus {
        name: "history",
        versions,
    })
}
