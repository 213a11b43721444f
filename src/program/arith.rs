//! Arithmetic as the instructions compute it: 64 bits, overflow a fault, division rounding towards minus
//! infinity as in Python.

use super::instr::Instr;

/// Why a computation has no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArithmeticError {
    /// The result does not fit 64 bits.
    Overflow,
    /// The divisor is 0.
    DivisionByZero,
    /// The shift count is outside 0..63.
    ShiftOutOfRange,
}

/// Computes a binary instruction; `None` when the instruction is not one.
#[inline]
pub fn binary(instr: Instr, a: i64, b: i64) -> Option<Result<i64, ArithmeticError>> {
    Some(Ok(match instr {
        Instr::Add => return Some(a.checked_add(b).ok_or(ArithmeticError::Overflow)),
        Instr::Sub => return Some(a.checked_sub(b).ok_or(ArithmeticError::Overflow)),
        Instr::Mul => return Some(a.checked_mul(b).ok_or(ArithmeticError::Overflow)),
        Instr::Div => return Some(floor_div(a, b)),
        Instr::Mod => return Some(floor_mod(a, b)),
        Instr::Shl => return Some(shift_count(b).map(|count| a << count)),
        Instr::Shr => return Some(shift_count(b).map(|count| a >> count)),
        Instr::Eq => i64::from(a == b),
        Instr::Ne => i64::from(a != b),
        Instr::Lt => i64::from(a < b),
        Instr::Le => i64::from(a <= b),
        Instr::Gt => i64::from(a > b),
        Instr::Ge => i64::from(a >= b),
        Instr::And => a & b,
        Instr::Or => a | b,
        Instr::Xor => a ^ b,
        _ => return None,
    }))
}

/// Divides, rounding towards minus infinity.
pub fn floor_div(a: i64, b: i64) -> Result<i64, ArithmeticError> {
    if b == 0 {
        return Err(ArithmeticError::DivisionByZero);
    }
    let quotient = a.checked_div(b).ok_or(ArithmeticError::Overflow)?;
    Ok(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

/// Takes the remainder, which has the sign of the divisor.
pub fn floor_mod(a: i64, b: i64) -> Result<i64, ArithmeticError> {
    if b == 0 {
        return Err(ArithmeticError::DivisionByZero);
    }
    let remainder = a.wrapping_rem(b);
    Ok(if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder })
}

fn shift_count(count: i64) -> Result<u32, ArithmeticError> {
    u32::try_from(count).ok().filter(|&count| count < 64).ok_or(ArithmeticError::ShiftOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_down_as_in_python() {
        for (a, b, quotient, remainder) in
            [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (6, -3, -2, 0), (0, 5, 0, 0)]
        {
            assert_eq!(floor_div(a, b), Ok(quotient), "{a} // {b}");
            assert_eq!(floor_mod(a, b), Ok(remainder), "{a} % {b}");
        }
        assert_eq!(floor_div(i64::MIN, -1), Err(ArithmeticError::Overflow));
        assert_eq!(floor_mod(i64::MIN, -1), Ok(0));
        assert_eq!(floor_div(1, 0), Err(ArithmeticError::DivisionByZero));
        assert_eq!(floor_mod(1, 0), Err(ArithmeticError::DivisionByZero));
    }

    #[test]
    fn shifts_drop_bits_and_keep_the_sign() {
        assert_eq!(binary(Instr::Shl, 3, 63), Some(Ok(i64::MIN)));
        assert_eq!(binary(Instr::Shr, -8, 1), Some(Ok(-4)));
        assert_eq!(binary(Instr::Shl, 1, 64), Some(Err(ArithmeticError::ShiftOutOfRange)));
        assert_eq!(binary(Instr::Shr, 1, -1), Some(Err(ArithmeticError::ShiftOutOfRange)));
    }
}
