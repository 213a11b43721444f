//! Sizes and durations as a person types them: `512M`, `2G`, `500ms`, `10s`, `2m`.

use std::time::Duration;

/// Reads a number of bytes: `1048576`, `512K`, `512M`, `2G`, `1.5G`, also with `B` or `iB` behind; a K is
/// 1024 bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = unit.to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or(unit.strip_suffix('B')).unwrap_or(&unit);
    let shift = match unit {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(format!("`{text}` is no size (a number with K, M, G or T behind: 512M, 2G)")),
    };
    let bytes = scaled(number, (1_u64 << shift) as f64);
    bytes.ok_or_else(|| format!("`{text}` is no size (a number with K, M, G or T behind: 512M, 2G)"))
}

/// Reads a duration: `500ms`, `10s`, `2m`, `1h`, `1.5s`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration (a number with ms, s, m or h behind: 10s, 2m)");
    let (number, unit) = split(text);
    let milliseconds = match unit {
        "ms" => 1.0,
        "" | "s" => 1e3,
        "m" | "min" => 60e3,
        "h" => 3600e3,
        _ => return Err(wrong()),
    };
    scaled(number, milliseconds).map(Duration::from_millis).ok_or_else(wrong)
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

/// Multiplies a decimal number; `None` when it is none, or the product does not fit.
fn scaled(number: &str, factor: f64) -> Option<u64> {
    let digits: String = number.chars().filter(|&c| c != '_').collect();
    let starts_with_digit = digits.starts_with(|c: char| c.is_ascii_digit());
    let product = digits.parse::<f64>().ok().filter(|_| starts_with_digit)? * factor;
    (product < u64::MAX as f64).then_some(product as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let sizes = [("0", 0), ("4096", 4096), ("512M", 512 << 20), ("2G", 2 << 30), ("1.5G", 3 << 29)];
        for (text, bytes) in sizes {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("2 gb"), Ok(2 << 30));
        for text in ["", "G", "-1", "2X", "1e9", "99999999999999999999T", ".", "1..2"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        let durations = [("10", 10_000), ("10s", 10_000), ("500ms", 500), ("2m", 120_000), ("1.5s", 1_500)];
        for (text, milliseconds) in durations {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for text in ["", "s", "-1s", "2d", "1e3s", "inf", "NaN"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
