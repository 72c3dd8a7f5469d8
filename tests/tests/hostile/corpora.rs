//! What the fuzz targets know, and what they have not seen.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use push_wire_tests::hostile::TARGETS;

use super::{PEAK, peak};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

#[test]
fn the_corpora_hold_no_surprise() {
    for target in TARGETS {
        let folder = fuzz().join("corpus").join(target.name);
        let mut cases = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let peak = peak(|| (target.run)(&bytes));
            assert!(peak <= PEAK, "{} takes {peak} bytes", path.display());
            cases += 1;
        }
        assert!(cases > 0, "no corpus in {}", folder.display());
    }
}

#[test]
fn each_target_has_its_program() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in TARGETS {
        let name = target.name;
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let program = fuzz().join(format!("fuzz_targets/{name}.rs"));
        let program = fs::read_to_string(program).unwrap();
        assert!(program.contains(&format!("run(\"{name}\"")), "{name}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>) {
        for target in TARGETS {
            let peak = peak(|| (target.run)(&bytes));
            prop_assert!(peak <= PEAK, "{} takes {peak} bytes", target.name);
        }
    }
}
