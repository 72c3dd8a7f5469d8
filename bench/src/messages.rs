//! Messages of about 250 bytes, the same for the same seed: orders of a shop, as JSON.

use fastrand::Rng;

const CITIES: [&str; 8] = [
    "Lisboa",
    "Kraków",
    "Göteborg",
    "Nantes",
    "Bologna",
    "Leeds",
    "Utrecht",
    "Graz",
];
const GOODS: [&str; 12] = [
    "oak shelf",
    "desk lamp",
    "wool blanket",
    "tea pot",
    "bread knife",
    "floor mat",
    "wall clock",
    "coat rack",
    "linen towel",
    "plant stand",
    "salt mill",
    "book end",
];
const STATES: [&str; 5] = ["paid", "packed", "on its way", "delivered", "sent back"];
const NAMES: [&str; 10] = [
    "Ana", "Bruno", "Chiara", "David", "Ewa", "Felix", "Greta", "Henri", "Ines", "Jonas",
];

/// Returns this number of messages, each of 240 to 252 bytes.
pub fn orders(seed: u64, count: usize) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    let mut pick = move |number: u64| {
        let rng = &mut rng;
        format!(
            concat!(
                r#"{{"type":"order","id":"{:016x}","number":{},"at":{},"state":"{}","customer":{{"name":"{} {}.","city":"{}"}},"#,
                r#""items":[{{"name":"{}","count":{},"price":{}.{:02}}},{{"name":"{}","count":{},"price":{}.{:02}}}],"eta":{}}}"#
            ),
            rng.u64(..),
            40_000 + number,
            1_790_000_000_000 + number * 1_700 + rng.u64(..1_700),
            choose(rng, &STATES),
            choose(rng, &NAMES),
            rng.uppercase(),
            choose(rng, &CITIES),
            choose(rng, &GOODS),
            rng.u8(1..9),
            rng.u16(4..200),
            rng.u8(..100),
            choose(rng, &GOODS),
            rng.u8(1..9),
            rng.u16(4..200),
            rng.u8(..100),
            rng.u16(3..2_000),
        )
    };
    let typical = |message: &String| (240..=252).contains(&message.len());
    (0..).map(&mut pick).filter(typical).take(count).collect()
}

fn choose<'a>(rng: &mut Rng, among: &[&'a str]) -> &'a str {
    among[rng.usize(..among.len())]
}
