//! Whether a failed request is sent again, and when: a pure decision from what the server said and how often it was asked.

use std::time::{Duration, UNIX_EPOCH};

use crate::runtime::Timestamp;

/// How failed requests are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often at most (default 2, as the vendors' own clients do).
    pub most: u32,
    /// The longest wait that a server may ask for (default 20 s). If it asks for more, the call fails at once and the error says how long.
    pub longest_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { most: 2, longest_wait: Duration::from_secs(20) }
    }
}

/// What a response says about sending the request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Advice {
    /// Whether to, where it says so.
    pub(crate) should: Option<bool>,
    /// How long to wait first.
    pub(crate) wait: Option<Duration>,
}

impl Advice {
    /// Reads `x-should-retry`, `retry-after-ms`, and `retry-after` in seconds or as a date.
    pub(crate) fn read<'a>(header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Self {
        let should = match header("x-should-retry").map(str::trim) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let millis = header("retry-after-ms").and_then(|value| duration(value, 0.001));
        let wait = millis.or_else(|| {
            let value = header("retry-after")?;
            duration(value, 1.0).or_else(|| {
                let date = httpdate::parse_http_date(value.trim()).ok()?.duration_since(UNIX_EPOCH).ok()?;
                Some(Timestamp::from_millis(i64::try_from(date.as_millis()).ok()?) - now)
            })
        });
        Self { should, wait }
    }
}

/// Zero is no advice: it would be followed by a storm of requests.
fn duration(value: &str, unit: f64) -> Option<Duration> {
    let seconds = value.trim().parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

/// How long to wait before the request is sent again after so many were sent, or `None` if it is not. `random` is from 0 to 1.
pub(crate) fn wait(sent: u32, retries: &Retries, asked: Option<Duration>, random: f64) -> Option<Duration> {
    if sent > retries.most {
        return None;
    }
    match asked {
        Some(asked) => (asked <= retries.longest_wait).then_some(asked),
        None => {
            // As the vendors' own clients: half a second, doubled up to 8 s, less up to a quarter so that not all come at once.
            let seconds = (0.5 * 2_f64.powi(i32::try_from(sent).unwrap_or(i32::MAX).saturating_sub(1))).min(8.0);
            Some(Duration::from_secs_f64(seconds * 0.25_f64.mul_add(-random.clamp(0.0, 1.0), 1.0)).min(retries.longest_wait))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Advice, Retries, wait};
    use crate::runtime::Timestamp;

    const NOW: Timestamp = Timestamp::from_millis(1_793_000_000_000);

    fn advice(headers: &[(&str, &'static str)]) -> Advice {
        Advice::read(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value), NOW)
    }

    #[test]
    fn a_server_can_ask_for_a_wait_in_three_ways() {
        assert_eq!(advice(&[]), Advice::default());
        assert_eq!(advice(&[("retry-after-ms", "1500"), ("retry-after", "9")]).wait, Some(Duration::from_millis(1_500)));
        assert_eq!(advice(&[("retry-after", " 7 ")]).wait, Some(Duration::from_secs(7)));
        assert_eq!(advice(&[("retry-after", "1.5")]).wait, Some(Duration::from_millis(1_500)));
        // 1793000000 is Mon, 26 Oct 2026 07:33:20 GMT.
        assert_eq!(advice(&[("retry-after", "Mon, 26 Oct 2026 07:33:30 GMT")]).wait, Some(Duration::from_secs(10)));
        assert_eq!(advice(&[("retry-after", "Mon, 26 Oct 2026 07:33:10 GMT")]).wait, Some(Duration::ZERO));
    }

    #[test]
    fn nonsense_is_no_advice() {
        for value in ["", "soon", "-3", "NaN", "inf", "1e300", "0"] {
            assert_eq!(advice(&[("retry-after", value), ("retry-after-ms", value)]).wait, None, "{value}");
        }
        assert_eq!(advice(&[("x-should-retry", "maybe")]).should, None);
        assert_eq!(advice(&[("x-should-retry", "false")]).should, Some(false));
    }

    #[test]
    fn the_waits_double_and_end() {
        let retries = Retries { most: 9, ..Retries::default() };
        let waits: Vec<_> = (1..=6).map(|sent| wait(sent, &retries, None, 0.0).expect("again").as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
        assert_eq!(wait(1, &retries, None, 1.0), Some(Duration::from_millis(375)));
        assert_eq!(wait(10, &retries, None, 0.0), None);
        assert_eq!(wait(3, &Retries::default(), Some(Duration::from_secs(1)), 0.0), None);
    }

    #[test]
    fn a_wait_that_is_too_long_is_not_waited() {
        let retries = Retries::default();
        assert_eq!(wait(1, &retries, Some(Duration::from_secs(20)), 0.5), Some(Duration::from_secs(20)));
        assert_eq!(wait(1, &retries, Some(Duration::from_secs(21)), 0.5), None);
    }
}
