//! A table: cells change, rows are appended at the end and dropped at the front.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;

use fastrand::Rng;

use super::Document;

pub(super) struct Table {
    rows: VecDeque<Row>,
    now: u64,
}

struct Row {
    time: u64,
    sensor: u16,
    celsius: f64,
    pascal: u32,
    state: &'static str,
}

const STATES: [&str; 4] = ["ok", "ok", "stale", "calibrating"];

impl Table {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut table = Self {
            rows: VecDeque::new(),
            now: 1_790_000_000,
        };
        for _ in 0..400 {
            table.append(rng);
        }
        table
    }

    fn append(&mut self, rng: &mut Rng) {
        self.now += rng.u64(1..4);
        self.rows.push_back(Row {
            time: self.now,
            sensor: rng.u16(..900),
            celsius: 15.0 + rng.f64() * 12.0,
            pascal: rng.u32(99_000..103_000),
            state: STATES[rng.usize(..STATES.len())],
        });
    }
}

impl Document for Table {
    fn change(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..3) {
            self.append(rng);
            self.rows.pop_front();
        }
        let i = rng.usize(..self.rows.len());
        self.rows[i].state = "corrected";
        self.rows[i].celsius += rng.f64() - 0.5;
    }

    fn text(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let Row {
                time,
                sensor,
                celsius,
                pascal,
                state,
            } = row;
            format!("{time},s-{sensor:03},{celsius:.3},{pascal},{state}\n")
        });
        format!(
            "time,sensor,celsius,pascal,state\n{}",
            rows.collect::<String>()
        )
    }
}
