//! Ratios on a machine that others use too: both sides take turns, and what is told is a median with its quartiles.

use std::fmt;
use std::time::Duration;

/// Rounds before it counts.
const WARM_UP: usize = 3;

/// The median and the quartiles around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |quarter: usize| values[(values.len() - 1) * quarter / 4];
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

/// Seconds, in a unit that suits them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Spread);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scale, unit) = if self.0.median < 1e-3 { (1e6, "µs") } else { (1e3, "ms") };
        let [low, median, high] = [self.0.low, self.0.median, self.0.high].map(|seconds| seconds * scale);
        let digits = if median < 10.0 { 2 } else { 1 };
        write!(f, "{median:.digits$} {unit} ({low:.digits$} to {high:.digits$})")
    }
}

/// Both sides, and what one is to the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compared {
    pub(crate) ours: Spread,
    pub(crate) raw: Spread,
    /// Of each pair by itself, so that a slow second slows both of its sides.
    pub(crate) ratio: Spread,
}

/// Ours and raw in turn, and each of them first in every other round. A side is told which round it is and says how long one of its
/// operations took, without what it had to prepare.
pub(crate) fn compare(pairs: usize, mut ours: impl FnMut(usize) -> Duration, mut raw: impl FnMut(usize) -> Duration) -> Compared {
    let (mut all_ours, mut all_raw) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + pairs {
        let (one, other) = if round % 2 == 0 {
            let one = ours(round);
            (one, raw(round))
        } else {
            let other = raw(round);
            (ours(round), other)
        };
        if round >= WARM_UP {
            all_ours.push(one.as_secs_f64());
            all_raw.push(other.as_secs_f64());
        }
    }
    let ratios = all_ours.iter().zip(&all_raw).map(|(ours, raw)| ours / raw).collect();
    Compared { ours: Spread::of(all_ours), raw: Spread::of(all_raw), ratio: Spread::of(ratios) }
}

/// How many rounds [`compare`] makes for so many pairs.
pub(crate) const fn rounds(pairs: usize) -> usize {
    WARM_UP + pairs
}
