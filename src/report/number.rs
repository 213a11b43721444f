//! Numbers that a person can read: grouped digits, powers of ten, fractions, percentages.

use num_bigint::BigUint;
use num_traits::ToPrimitive;

use crate::graph::{Count, Probability};

/// The most digits that are printed in full.
const FULL_DIGITS: usize = 24;

/// The longest exact fraction that is printed in a report.
const LONGEST_FRACTION: usize = 24;

/// Groups digits by thousands: `107,507,208`.
pub(super) fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes a number with its noun: `1 state`, `12,345 states`.
pub(super) fn plural(number: u64, singular: &str) -> String {
    let ending = match number {
        1 => "",
        _ if singular.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{} {singular}{ending}", grouped(&number.to_string()))
}

/// Writes a number in full or, when it is long, as `~1.08e42`.
pub(super) fn big(number: &BigUint) -> String {
    let digits = number.to_string();
    if digits.len() <= FULL_DIGITS {
        return grouped(&digits);
    }
    format!("~{}.{}e{}", &digits[..1], &digits[1..3], digits.len() - 1)
}

/// Writes a number of schedules.
pub(super) fn count(count: &Count) -> String {
    match count {
        Count::Finite(number) => big(number),
        Count::Infinite => "infinite".to_owned(),
    }
}

/// Writes which share of `whole` a count is, `97.1 %`; `None` where one of them is infinite or `whole` is 0.
pub(super) fn share(part: &Count, whole: &Count) -> Option<String> {
    let (part, whole) = (part.finite()?, whole.finite()?);
    if *whole == BigUint::ZERO {
        return None;
    }
    // Seven digits of the quotient are computed in integers, so that numbers of any size have a share.
    let scaled = (part * 10_000_000_u32 / whole).to_f64()?;
    Some(percent(scaled / 10_000_000.0, part != whole && *part != BigUint::ZERO))
}

/// Writes a share as a percentage. One that is neither nothing nor all never looks like it when
/// `strictly_between`.
pub(super) fn percent(share: f64, strictly_between: bool) -> String {
    let text = format!("{:.1} %", share * 100.0);
    match text.as_str() {
        "0.0 %" if strictly_between => "<0.1 %".to_owned(),
        "100.0 %" if strictly_between => ">99.9 %".to_owned(),
        _ => text,
    }
}

/// Writes a probability: `7/8 = 0.875`, `1/3 ≈ 0.333333`, `≈ 0.25`.
pub(super) fn probability(probability: &Probability) -> String {
    let value = decimal(probability.value);
    let Some(exact) = &probability.exact else {
        return format!("≈ {value}");
    };
    let fraction = exact.to_string();
    if exact.is_integer() {
        return fraction;
    }
    if fraction.len() > LONGEST_FRACTION {
        return format!("≈ {value}");
    }
    let is_same = fraction_equals(exact.numer().to_f64(), exact.denom().to_f64(), &value);
    format!("{fraction} {} {value}", if is_same { "=" } else { "≈" })
}

/// Returns true when a printed decimal is exactly the quotient of two small integers: multiplied back, nothing
/// is left over.
fn fraction_equals(numerator: Option<f64>, denominator: Option<f64>, decimal: &str) -> bool {
    let (Some(numerator), Some(denominator)) = (numerator, denominator) else { return false };
    let Some((whole, digits)) = decimal.split_once('.') else { return false };
    let scale = 10_i128.checked_pow(digits.len() as u32);
    let scaled = format!("{whole}{digits}").parse::<i128>().ok();
    match (scale, scaled) {
        (Some(scale), Some(scaled)) if numerator < 1e12 && denominator < 1e12 => {
            numerator as i128 * scale == scaled * denominator as i128
        }
        _ => false,
    }
}

/// Writes a number between 0 and 1 with six digits that mean something.
pub(super) fn decimal(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value < 1e-4 {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // What is not certain must not look as if it were.
    if text == "1" && value < 1.0 {
        format!("{value:.12}").trim_end_matches('0').to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use num_rational::BigRational;

    use super::*;

    fn finite(number: u64) -> Count {
        Count::Finite(number.into())
    }

    #[test]
    fn digits_are_grouped_and_long_numbers_rounded() {
        assert_eq!(grouped("7"), "7");
        assert_eq!(grouped("107507"), "107,507");
        assert_eq!(
            big(&"107507208733336176461620".parse().expect("a number")),
            "107,507,208,733,336,176,461,620"
        );
        assert_eq!(big(&BigUint::from(10_u32).pow(30)), "~1.00e30");
    }

    #[test]
    fn shares_never_round_to_nothing_or_all() {
        assert_eq!(share(&finite(68), &finite(70)).as_deref(), Some("97.1 %"));
        assert_eq!(share(&finite(1), &finite(1_000_000)).as_deref(), Some("<0.1 %"));
        assert_eq!(share(&finite(999_999), &finite(1_000_000)).as_deref(), Some(">99.9 %"));
        assert_eq!(share(&finite(5), &finite(5)).as_deref(), Some("100.0 %"));
        assert_eq!(share(&Count::Infinite, &Count::Infinite), None);
    }

    #[test]
    fn probabilities_are_exact_where_they_can_be() {
        let of = |a: i64, b: i64| {
            probability(&Probability::exactly(BigRational::new(BigInt::from(a), BigInt::from(b))))
        };
        assert_eq!(of(7, 8), "7/8 = 0.875");
        assert_eq!(of(379, 486), "379/486 ≈ 0.779835");
        assert_eq!(of(1, 1), "1");
        assert_eq!(probability(&Probability::about(0.25, 1e-9)), "≈ 0.25");
        assert_eq!(decimal(0.999_999_99), "0.99999999");
    }
}
