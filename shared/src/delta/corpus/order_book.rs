//! An order book: sorted price levels that change size, appear and vanish.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use fastrand::Rng;

use super::Document;

pub(super) struct OrderBook {
    sequence: u64,
    /// Size by price in cents.
    bids: BTreeMap<u64, u64>,
    asks: BTreeMap<u64, u64>,
}

const MIDDLE: u64 = 6_412_350;
const LEVELS: usize = 60;

impl OrderBook {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut book = Self {
            sequence: 88_120_045,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
        };
        while book.bids.len() < LEVELS || book.asks.len() < LEVELS {
            book.change(rng);
        }
        book
    }
}

impl Document for OrderBook {
    fn change(&mut self, rng: &mut Rng) {
        self.sequence += rng.u64(1..9);
        for _ in 0..4 {
            let away = 50 * rng.u64(1..100);
            let (side, price) = match rng.bool() {
                true => (&mut self.bids, MIDDLE - away),
                false => (&mut self.asks, MIDDLE + away),
            };
            if side.len() > LEVELS && side.remove(&price).is_some() {
                continue;
            }
            side.insert(price, rng.u64(1_000..3_000_000));
        }
    }

    fn text(&self) -> String {
        let side = |levels: &mut dyn Iterator<Item = (&u64, &u64)>| {
            let levels = levels.take(LEVELS).map(|(price, size)| {
                let (units, cents) = (price / 100, price % 100);
                format!(
                    r#"["{units}.{cents:02}","{}.{:04}"]"#,
                    size / 10_000,
                    size % 10_000
                )
            });
            levels.collect::<Vec<_>>().join(",")
        };
        format!(
            r#"{{"pair":"BTC-EUR","sequence":{},"bids":[{}],"asks":[{}]}}"#,
            self.sequence,
            side(&mut self.bids.iter().rev()),
            side(&mut self.asks.iter())
        )
    }
}
