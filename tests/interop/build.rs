//! Takes the unit tests of `transport` and `relay` out of the source of the published `pushwire-server`, for
//! `tests/published_modules`. Their text is in cargo's registry only, not in this repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// Names of private fields, which tests of another crate cannot reach.
const PRIVATE: [&str; 2] = ["manager.policy", "manager.modes"];

fn main() {
    let source = published_source();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    for module in ["transport", "relay"] {
        let file = source.join(format!("{module}.rs"));
        println!("cargo::rerun-if-changed={}", file.display());
        let tests = Tests::of(&fs::read_to_string(&file).unwrap());
        fs::write(out.join(format!("{module}.rs")), tests.code).unwrap();
        let names = format!("(&{:?}, &{:?})", tests.taken, tests.left_out);
        fs::write(out.join(format!("{module}_names.rs")), names).unwrap();
    }
}

/// Folder with the source of the published server.
fn published_source() -> PathBuf {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let output = Command::new(env::var_os("CARGO").unwrap())
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--all-features",
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages
        .find(|package| package["name"] == "pushwire-server")
        .unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.with_file_name("src")
}

/// Unit tests of a file.
#[derive(Default)]
struct Tests {
    /// Their module, without the tests that are left out.
    code: String,
    /// Names of the tests in `code`.
    taken: Vec<String>,
    /// Names of the tests that use private fields.
    left_out: Vec<String>,
}

impl Tests {
    fn of(source: &str) -> Self {
        let (_, module) = source.split_once("\n#[cfg(test)]\n").unwrap();
        let mut tests = Self::default();
        let mut lines = module.lines();
        while let Some(line) = lines.next() {
            if line == "    #[test]" {
                tests.add(lines.by_ref());
            } else {
                tests.code += line;
                tests.code += "\n";
            }
        }
        tests
    }

    /// Adds the function that these lines begin with.
    fn add<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        let mut function = String::from("    #[test]\n");
        for line in lines {
            function += line;
            function += "\n";
            if line == "    }" {
                break;
            }
        }
        let (_, after) = function.split_once("fn ").unwrap();
        let (name, _) = after.split_once('(').unwrap();
        if PRIVATE.iter().any(|field| function.contains(field)) {
            self.left_out.push(name.to_owned());
        } else {
            self.taken.push(name.to_owned());
            self.code += &function;
        }
    }
}
