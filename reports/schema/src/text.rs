//! Numbers as people read them. The same number always gives the same text.

use crate::Money;

/// `n` with a comma after each three digits: `1,234,567`.
pub fn count(n: impl Into<u128>) -> String {
    let digits = n.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in the unit that suits it, with three significant digits: `850 µs`, `41.5 ms`, `12.3 s`, `2 m 05 s`.
pub fn duration(us: u64) -> String {
    match us {
        0 => "0".to_owned(),
        1..1_000 => format!("{us} µs"),
        // 999,950 µs would read 1,000 ms.
        1_000..999_500 => format!("{} ms", three_digits(us, 1_000)),
        999_500..99_950_000 => format!("{} s", three_digits(us, 1_000_000)),
        _ => {
            let seconds = (us + 500_000) / 1_000_000;
            let (minutes, s) = (seconds / 60, seconds % 60);
            match minutes {
                0..60 => format!("{minutes} m {s:02} s"),
                _ => format!("{} h {:02} m {s:02} s", count(minutes / 60), minutes % 60),
            }
        }
    }
}

/// A duration to the millisecond or finer, for a text that stands against a bound: `41.503 ms`, `299.981 s`.
pub fn duration_fine(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", decimal(us, 1_000, 3)),
        _ => format!("{} s", decimal((us + 500) / 1_000, 1_000, 3)),
    }
}

/// An amount rounded to cents, with its currency: `$1,234.50`, `12.00 EUR`.
pub fn money(amount: Money, currency: &str) -> String {
    cents(amount.cents(), currency)
}

/// As [`money`], but below one unit of the currency with up to six decimals, so that a cheap run costs something.
pub fn money_fine(amount: Money, currency: &str) -> String {
    const SIXTH_DECIMAL: i128 = Money::PARTS / 1_000_000;
    if !(1..Money::PARTS).contains(&amount.parts()) {
        return money(amount, currency);
    }
    let millionths = (amount.parts() + SIXTH_DECIMAL / 2) / SIXTH_DECIMAL;
    let rounded = Money::from_parts(millionths * SIXTH_DECIMAL);
    match currency {
        "USD" => format!("${rounded}"),
        other => format!("{rounded} {other}"),
    }
}

/// An amount given in cents, with its currency: `$1,234.50`, `12.00 EUR`.
pub fn cents(cents: i64, currency: &str) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    let digits = format!("{}.{:02}", count(cents / 100), cents % 100);
    match currency {
        "USD" => format!("{sign}${digits}"),
        other => format!("{sign}{digits} {other}"),
    }
}

/// `n / unit` with three significant digits, rounded half up, trailing zeros kept.
fn three_digits(n: u64, unit: u64) -> String {
    let decimals = match n / unit {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let scale = 10_u64.pow(decimals);
    let scaled = (n * scale + unit / 2) / unit;
    match decimals {
        0 => count(scaled),
        _ => format!("{}.{:0width$}", count(scaled / scale), scaled % scale, width = decimals as usize),
    }
}

/// `n / unit` in full, without trailing zeros; `digits` is the number of zeros in `unit`.
fn decimal(n: u64, unit: u64, digits: usize) -> String {
    let rest = format!("{:0digits$}", n % unit);
    let rest = rest.trim_end_matches('0');
    let whole = count(n / unit);
    if rest.is_empty() { whole } else { format!("{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        for (n, text) in [(0_u64, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn durations_take_the_unit_that_suits_them() {
        for (us, text) in [
            (0, "0"),
            (850, "850 µs"),
            (1_000, "1.00 ms"),
            (41_503, "41.5 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (12_345_678, "12.3 s"),
            (99_949_999, "99.9 s"),
            (99_950_000, "1 m 40 s"),
            (125_000_000, "2 m 05 s"),
            (7_384_000_000, "2 h 03 m 04 s"),
        ] {
            assert_eq!(duration(us), text, "{us}");
        }
        for (us, text) in
            [(41_503, "41.503 ms"), (40_000, "40 ms"), (299_981_400, "299.981 s"), (300_000_000, "300 s")]
        {
            assert_eq!(duration_fine(us), text, "{us}");
        }
    }

    #[test]
    fn money_bears_its_currency() {
        assert_eq!(money("18844".parse().unwrap(), "USD"), "$18,844.00");
        assert_eq!(money("1.005".parse().unwrap(), "EUR"), "1.01 EUR");
        assert_eq!(cents(-50, "USD"), "-$0.50");
        for (amount, text) in [
            ("0.0000123456", "$0.000012"),
            ("0.125", "$0.125"),
            ("0.9999999", "$1.00"),
            ("1.2345", "$1.23"),
            ("0", "$0.00"),
        ] {
            assert_eq!(money_fine(amount.parse().unwrap(), "USD"), text);
        }
    }
}
