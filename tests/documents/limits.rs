//! Check of docs/limits.md: every field of `Limits` is in it, with the default of the code.

use std::collections::BTreeMap;
use std::time::Duration;

use push_wire_server::{Limits, Rate, Rates};

use crate::repository::read;

/// A number with commas between thousands.
fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(bytes: usize) -> String {
    match (bytes >> 20, bytes >> 10) {
        (mib, _) if mib << 20 == bytes => format!("{mib} MiB"),
        (_, kib) if kib << 10 == bytes => format!("{kib} KiB"),
        _ => format!("{bytes} bytes"),
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

fn rate(rate: Rate, unit: fn(usize) -> String) -> String {
    let [per_second, burst] =
        [rate.per_second, rate.burst].map(|tokens| unit(usize::try_from(tokens).unwrap()));
    format!("{per_second}/s, {burst} at once")
}

fn rates(name: &str, rates: Rates) -> [(String, String); 3] {
    [
        ("frames", rate(rates.frames, number)),
        ("bytes", rate(rates.bytes, bytes)),
        ("uploads", rate(rates.uploads, number)),
    ]
    .map(|(kind, default)| (format!("{name}.{kind}"), default))
}

/// Defaults of the code as the page writes them, by field.
fn defaults() -> BTreeMap<String, String> {
    let limits = Limits::default();
    let single = [
        ("connections", number(limits.connections)),
        (
            "connects_per_address",
            rate(limits.connects_per_address, number),
        ),
        (
            "unauthenticated_per_address",
            number(limits.unauthenticated_per_address),
        ),
        ("unauthenticated_bytes", bytes(limits.unauthenticated_bytes)),
        (
            "unauthenticated_bytes_per_address",
            bytes(limits.unauthenticated_bytes_per_address),
        ),
        (
            "connections_per_identity",
            number(limits.connections_per_identity),
        ),
        ("sessions", number(limits.sessions)),
        (
            "sessions_per_identity",
            number(limits.sessions_per_identity),
        ),
        ("sessions_per_address", number(limits.sessions_per_address)),
        ("message_bytes", bytes(limits.message_bytes)),
        ("subscriptions", number(limits.subscriptions)),
        ("streams", number(limits.streams)),
        ("streams_per_identity", number(limits.streams_per_identity)),
        ("streams_per_address", number(limits.streams_per_address)),
        ("entry_bytes", bytes(limits.entry_bytes)),
        ("fragment_bytes", bytes(limits.fragment_bytes)),
        ("batch_bytes", bytes(limits.batch_bytes)),
        ("control_ops", number(limits.control_ops)),
        ("stall", seconds(limits.stall)),
    ];
    let single = single.map(|(name, default)| (name.to_owned(), default));
    let rates = [
        rates("client_rates", limits.client_rates),
        rates("identity_rates", limits.identity_rates),
        rates("address_rates", limits.address_rates),
    ];
    single
        .into_iter()
        .chain(rates.into_iter().flatten())
        .collect()
}

/// Fields of `Limits` in the code.
fn fields() -> Vec<String> {
    let code = read("server/src/limits.rs");
    let (_, after) = code.split_once("pub struct Limits {").unwrap();
    let (body, _) = after.split_once("\n}").unwrap();
    let lines = body.lines().map(str::trim);
    let fields = lines.filter_map(|line| line.strip_prefix("pub ")?.split(':').next());
    fields.map(str::to_owned).collect()
}

/// Defaults in the tables of the page, by field.
fn stated() -> BTreeMap<String, String> {
    let page = read("docs/limits.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>());
    let rows = rows.filter(|row| row.len() >= 4);
    rows.map(|row| (row[0].trim_end_matches('`').to_owned(), row[2].to_owned()))
        .filter(|(name, _)| name != "Limits")
        .collect()
}

#[test]
fn page_states_the_defaults() {
    assert_eq!(stated(), defaults());
}

#[test]
fn page_lists_every_field() {
    let stated = stated();
    for field in fields() {
        let parts = format!("{field}.");
        let is_listed = stated
            .keys()
            .any(|name| *name == field || name.starts_with(&parts));
        assert!(is_listed, "docs/limits.md does not list `{field}`");
    }
}
