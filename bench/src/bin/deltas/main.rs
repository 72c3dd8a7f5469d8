//! Benchmark of deltas against other delta crates: bytes and time per version of a document.
//!
//! `cargo run --release --bin deltas [-- --history FILE]`: generated documents and the git history of three files of this
//! repository, or only the git history of a file. The bytes of xdelta3 are added if its program is installed.

mod codec;
mod history;
mod xdelta;

use std::hint::black_box;

use codec::{CODECS, Codec};
use push_wire_bench::Fallible;
use push_wire_bench::rounds::Rounds;
use push_wire_shared::delta;
use push_wire_shared::delta::corpus::{Corpus, corpora};

/// Number of timed rounds.
const ROUNDS: usize = 31;
/// Versions of each generated document.
const VERSIONS: usize = 200;
/// Minimum number of version pairs per round; a shorter history is encoded several times.
const PAIRS: usize = 100;

fn main() -> Fallible<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let corpora = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => corpora(1, VERSIONS)
            .into_iter()
            .map(Ok)
            .chain(history::own())
            .collect::<Fallible<Vec<_>>>()?,
        ["--history", file] => vec![history::of(".", file)?],
        _ => return Err("usage: deltas [--history FILE]".into()),
    };
    if !xdelta::is_installed() {
        println!(
            "xdelta3 is not installed (Debian: apt-get install xdelta3): its bytes are left out.\n"
        );
    }
    println!(
        "| document (mean bytes, versions) | codec | bytes | encode µs | apply µs | encode / ours | apply / ours |"
    );
    println!("|---|---|---|---|---|---|---|");
    for corpus in &corpora {
        measure(corpus)?;
    }
    Ok(())
}

fn measure(corpus: &Corpus) -> Fallible<()> {
    let versions = &corpus.versions;
    let pairs: Vec<_> = versions
        .windows(2)
        .map(|pair| (&pair[0][..], &pair[1][..]))
        .collect();
    let mean = versions.iter().map(Vec::len).sum::<usize>() / versions.len();
    let document = format!("{} ({mean}, {})", corpus.name, versions.len());

    let deltas = CODECS
        .iter()
        .map(|codec| encode_all(codec, &pairs))
        .collect::<Fallible<Vec<_>>>()?;
    let repeat = PAIRS.div_ceil(pairs.len());
    let encode = times(repeat, |i| {
        for (base, target) in &pairs {
            black_box((CODECS[i].encode)(base, target).ok());
        }
    });
    let apply = times(repeat, |i| {
        for ((base, _), delta) in pairs.iter().zip(&deltas[i]) {
            black_box((CODECS[i].apply)(base, delta).ok());
        }
    });
    let micros = |rounds: &Rounds, i| rounds.median_ns(i) / 1e3 / pairs.len() as f64;
    for (i, codec) in CODECS.iter().enumerate() {
        println!(
            "| {document} | {} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} |",
            codec.name,
            mean_len(&deltas[i]),
            micros(&encode, i),
            micros(&apply, i),
            encode.ratio(i, 0),
            apply.ratio(i, 0),
        );
    }
    if xdelta::is_installed() {
        let deltas = xdelta::encode_all(&pairs)?;
        println!(
            "| {document} | xdelta3 -9 | {:.1} | | | | |",
            mean_len(&deltas)
        );
    }
    let hash = Rounds::run(
        ROUNDS,
        repeat,
        &mut [&mut || {
            for (_, target) in &pairs {
                black_box(delta::check(target));
            }
        }],
    );
    println!(
        "| | SHA-256 of one version | | {:.2} | | | |",
        micros(&hash, 0)
    );
    Ok(())
}

/// Times `run` for each codec; its argument is the codec's index in [`CODECS`].
fn times(repeat: usize, run: impl Fn(usize)) -> Rounds {
    let mut subjects: [_; CODECS.len()] = std::array::from_fn(|i| {
        let run = &run;
        move || run(i)
    });
    let mut subjects: Vec<&mut dyn FnMut()> =
        subjects.iter_mut().map(|subject| subject as _).collect();
    Rounds::run(ROUNDS, repeat, &mut subjects)
}

/// Encodes the delta of each pair. Fails if a delta does not reproduce its target.
fn encode_all(codec: &Codec, pairs: &[(&[u8], &[u8])]) -> Fallible<Vec<Vec<u8>>> {
    let encode = |&(base, target): &(&[u8], &[u8])| {
        let delta = (codec.encode)(base, target)?;
        match (codec.apply)(base, &delta)? == target {
            true => Ok(delta),
            false => Err(format!("{}: a delta gave a wrong value", codec.name).into()),
        }
    };
    pairs.iter().map(encode).collect()
}

fn mean_len(deltas: &[Vec<u8>]) -> f64 {
    deltas.iter().map(Vec::len).sum::<usize>() as f64 / deltas.len() as f64
}
