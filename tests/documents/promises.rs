//! Check of docs/promises.md: every cell names tests that exist.

use std::collections::BTreeSet;
use std::fs;

use crate::repository::{files, read};

/// Tests in Rust by the names of their functions, tests in JavaScript by their titles.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for file in files("", ".rs") {
        let text = fs::read_to_string(file).unwrap();
        for test in text
            .split("#[test]")
            .skip(1)
            .chain(text.split("#[tokio::test").skip(1))
            .chain(text.split("#[wasm_bindgen_test]").skip(1))
        {
            let name = test.split_once("fn ").unwrap().1.split_once('(').unwrap().0;
            tests.insert(name.to_owned());
        }
    }
    for file in files("", ".test.mjs") {
        let text = fs::read_to_string(file).unwrap();
        for test in text.split("\ntest(\"").skip(1) {
            tests.insert(test.split_once('"').unwrap().0.to_owned());
        }
        // Tests that run once in each browser: the title as it is written.
        for test in text.split("\n  test(`").skip(1) {
            tests.insert(test.split_once('`').unwrap().0.to_owned());
        }
    }
    tests
}

/// The cells of the table, without its first column and its head.
fn cells() -> Vec<(String, String)> {
    let document = read("docs/promises.md");
    let rows = document
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2);
    let mut cells = Vec::new();
    for row in rows {
        let mut columns = row.trim_matches('|').split('|').map(str::trim);
        let promise = columns.next().unwrap();
        cells.extend(columns.map(|cell| (promise.to_owned(), cell.to_owned())));
    }
    assert!(!cells.is_empty());
    cells
}

#[test]
fn cells_name_existing_tests() {
    let tests = tests();
    for (promise, cell) in cells() {
        let named: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(
            !named.is_empty() || cell.starts_with("not "),
            "{promise}: no test in {cell:?}"
        );
        for test in named {
            assert!(tests.contains(test), "{promise}: there is no test {test:?}");
        }
    }
}
