//! Timestamps: extension type -1 of the MessagePack specification, in which JavaScript encoders write dates.
//!
//! They are read as the text that the same date is in JSON: RFC 3339 in UTC.

use alloc::format;
use alloc::string::String;

/// Type of the extension, as a byte.
pub(super) const TYPE: u8 = 0xff;

const DAY: i64 = 24 * 60 * 60;
const NANOS: u32 = 1_000_000_000;

/// A moment of the years 0 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::encoding) struct Timestamp {
    /// Since 1970, in UTC and without leap seconds.
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// Reads the content of an extension: seconds in 4 bytes, nanoseconds and seconds in 30 and 34 bits, or in 4 and 8
    /// bytes.
    pub(super) fn read(content: &[u8]) -> Option<Self> {
        let (seconds, nanos) = match *content {
            [a, b, c, d] => (i64::from(u32::from_be_bytes([a, b, c, d])), 0),
            [a, b, c, d, e, f, g, h] => {
                let both = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                let seconds = both & ((1 << 34) - 1);
                (seconds.cast_signed(), u32::try_from(both >> 34).ok()?)
            }
            [a, b, c, d, ref seconds @ ..] => {
                let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
                (seconds, u32::from_be_bytes([a, b, c, d]))
            }
            _ => return None,
        };
        let first = days_before(0) * DAY;
        let end = days_before(10_000) * DAY;
        let is_valid = nanos < NANOS && (first..end).contains(&seconds);
        is_valid.then_some(Self { seconds, nanos })
    }

    /// The moment as JavaScript's `toISOString` writes it; with nine digits of the second if three would not do.
    pub(in crate::encoding) fn to_text(self) -> String {
        let Self { seconds, nanos } = self;
        let (year, month, day) = date(seconds.div_euclid(DAY));
        let second = seconds.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let start = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if nanos.is_multiple_of(1_000_000) {
            format!("{start}.{:03}Z", nanos / 1_000_000)
        } else {
            format!("{start}.{nanos:09}Z")
        }
    }
}

/// Year, month and day of the month, of a day since 1970.
fn date(days: i64) -> (i64, usize, i64) {
    // The year, or one before it.
    let year_days = if days < 0 { 365 } else { 366 };
    let mut year = 1970 + days.div_euclid(year_days);
    while days_before(year + 1) <= days {
        year += 1;
    }
    let mut day = days - days_before(year);
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    (year, month + 1, day + 1)
}

/// Days from the beginning of 1970 to that of a year.
const fn days_before(year: i64) -> i64 {
    const fn leap_days(before: i64) -> i64 {
        let last = before - 1;
        last.div_euclid(4) - last.div_euclid(100) + last.div_euclid(400)
    }
    365 * (year - 1970) + leap_days(year) - leap_days(1970)
}

const fn is_leap(year: i64) -> bool {
    days_before(year + 1) - days_before(year) == 366
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &[u8]) -> Option<String> {
        Timestamp::read(content).map(Timestamp::to_text)
    }

    fn long(seconds: i64, nanos: u32) -> Option<String> {
        text(&[&nanos.to_be_bytes()[..], &seconds.to_be_bytes()].concat())
    }

    #[test]
    fn known_moments() {
        assert_eq!(text(&[0; 4]).as_deref(), Some("1970-01-01T00:00:00.000Z"));
        assert_eq!(
            text(&u32::MAX.to_be_bytes()).as_deref(),
            Some("2106-02-07T06:28:15.000Z")
        );
        let both = 1_234_000_u64 << 34 | 951_782_400;
        assert_eq!(
            text(&both.to_be_bytes()).as_deref(),
            Some("2000-02-29T00:00:00.001234000Z")
        );
        for (seconds, expected) in [
            (-1, "1969-12-31T23:59:59.500Z"),
            (-62_167_219_200, "0000-01-01T00:00:00.500Z"),
            (-2_203_891_200, "1900-03-01T00:00:00.500Z"),
            (253_402_300_799, "9999-12-31T23:59:59.500Z"),
        ] {
            assert_eq!(long(seconds, NANOS / 2).as_deref(), Some(expected));
        }
    }

    #[test]
    fn moments_out_of_range_are_refused() {
        assert_eq!(long(0, NANOS), None);
        assert_eq!(long(-62_167_219_201, 0), None);
        assert_eq!(long(253_402_300_800, 0), None);
        assert_eq!(long(i64::MIN, 0), None);
        assert_eq!(text(&u64::MAX.to_be_bytes()), None, "too many nanoseconds");
        for len in [0, 1, 3, 5, 7, 9, 11, 13] {
            assert_eq!(text(&[0; 16][..len]), None, "{len} bytes");
        }
    }

    /// Each day follows the one before it.
    #[test]
    fn days_are_counted() {
        let mut before = date(days_before(0));
        assert_eq!(before, (0, 1, 1));
        for days in days_before(0) + 1..days_before(10_000) {
            let (year, month, day) = date(days);
            let (y, m, d) = before;
            let next = (year, month, day) == (y, m, d + 1);
            let next_month = (year, month, day) == (y, m + 1, 1) && d >= 28;
            let next_year = (year, month, day) == (y + 1, 1, 1) && (m, d) == (12, 31);
            assert!(
                next || next_month || next_year,
                "{before:?} {year} {month} {day}"
            );
            before = (year, month, day);
        }
        assert_eq!(before, (9999, 12, 31));
    }
}
