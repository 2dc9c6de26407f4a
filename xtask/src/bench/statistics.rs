//! Repeated measurements, and their quantiles.

use std::fmt;

/// Several measurements of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle value; NaN where there is none.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The value that this part of all values is below, interpolated between neighbours.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "positions in a sample of far less than 2^52 values"
    )]
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
        let position = part * last as f64;
        let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
        below + (above - below) * position.fract()
    }
}

/// The median and, in brackets, the quartiles. The precision of the format is the number of decimals.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(2);
        let [low, median, high] = [0.25, 0.5, 0.75].map(|part| self.quantile(part));
        write!(f, "{median:.decimals$} ({low:.decimals$}–{high:.decimals$})")
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_values() {
        let sample: Sample = [4.0, 1.0, 3.0, 2.0].into_iter().collect();
        assert_eq!(format!("{sample:.2}"), "2.50 (1.75–3.25)");
        assert_eq!(sample.quantile(0.0).total_cmp(&1.0), std::cmp::Ordering::Equal);
        assert_eq!(sample.quantile(1.0).total_cmp(&4.0), std::cmp::Ordering::Equal);
        assert_eq!(format!("{:.1}", Sample(vec![7.0])), "7.0 (7.0–7.0)");
        assert!(Sample::default().median().is_nan());
    }
}
