//! Numbers of settings, as the texts of errors show them.

use core::fmt;

/// A number, cut to thousandths. The standard library's exact form of a float is 10 KB of the browser module with
/// brotli.
pub(super) struct Decimal(pub(super) f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() {
            return f.write_str("no number");
        }
        if self.0 < 0.0 {
            f.write_str("-")?;
        }
        if self.0.is_infinite() {
            return f.write_str("infinite");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a larger number is shown as the largest of 64 bits"
        )]
        let thousandths = (self.0.abs() * 1000.0) as u64;
        write!(f, "{}.{:03}", thousandths / 1000, thousandths % 1000)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn shows_thousandths() {
        let shown = [0.5, -2.0625, 1.0, f64::NEG_INFINITY, f64::NAN]
            .map(|number| Decimal(number).to_string());
        assert_eq!(
            shown,
            ["0.500", "-2.062", "1.000", "-infinite", "no number"]
        );
    }
}
