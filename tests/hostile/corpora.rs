//! Replay of the fuzz corpora, and of mutations of their inputs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use push_wire_tests::hostile::{TARGETS, Target};

use super::{PEAK, peak};

/// Mutated inputs that every test run tries; `HOSTILE_MUTATIONS` names another number.
const MUTATIONS: u32 = 2_000;

fn mutations() -> u32 {
    let Ok(text) = env::var("HOSTILE_MUTATIONS") else {
        return MUTATIONS;
    };
    let number = text.parse();
    number.unwrap_or_else(|_| panic!("HOSTILE_MUTATIONS must be a number, not {text:?}"))
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// A target's inputs, by the names of their files.
fn corpus(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(target.name);
    let mut inputs: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn replays_corpora() {
    for target in TARGETS {
        let inputs = corpus(target);
        assert!(!inputs.is_empty(), "no corpus of {}", target.name);
        for (path, bytes) in inputs {
            let peak = peak(|| (target.run)(&bytes));
            assert!(peak <= PEAK, "{} takes {peak} bytes", path.display());
        }
    }
}

#[test]
fn each_target_has_program() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in TARGETS {
        let name = target.name;
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let program = fuzz().join(format!("fuzz_targets/{name}.rs"));
        let program = fs::read_to_string(program).unwrap();
        assert!(program.contains(&format!("run(\"{name}\"")), "{name}");
    }
}

/// An input of a corpus with some bytes changed and, at times, its end cut off.
fn mutated_input() -> impl Strategy<Value = (Target, Vec<u8>)> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    let all: Vec<_> = TARGETS
        .into_iter()
        .flat_map(|target| corpus(target).into_iter().map(move |(_, it)| (target, it)))
        .collect();
    let cut = prop::option::weighted(0.2, any::<prop::sample::Index>());
    (prop::sample::select(all), changes, cut).prop_map(|((target, mut bytes), changes, cut)| {
        if let (Some(cut), false) = (cut, bytes.is_empty()) {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        (target, bytes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(mutations()))]

    #[test]
    fn survives_mutated_corpora((target, bytes) in mutated_input()) {
        let peak = peak(|| (target.run)(&bytes));
        prop_assert!(peak <= PEAK, "{} takes {peak} bytes", target.name);
    }
}

proptest! {
    #[test]
    fn survives_random_bytes(bytes: Vec<u8>) {
        for target in TARGETS {
            let peak = peak(|| (target.run)(&bytes));
            prop_assert!(peak <= PEAK, "{} takes {peak} bytes", target.name);
        }
    }
}
