//! How many states a search will find: an estimate from the sizes of its levels.
//!
//! Breadth first, the number of states a level apart from the first grows, then shrinks again. A state is made
//! of how far each thread has come, and the sum of many such numbers is nearly normal: the logarithm of a
//! level's size follows a parabola, and the logarithm of the ratio of two levels a falling line. A line is laid
//! through the last ratios (least squares) and followed until a level would have less than one state.
//!
//! It is an extrapolation. Until levels begin to grow more slowly there is none; before the largest level it may
//! be wrong by a factor of ten, behind it seldom by more than two. Loops that count, and choices late in a
//! program, make levels that nothing before them tells of.

/// So many of the last ratios are looked at, if there are so many.
const RATIOS: usize = 12;

/// Fewer ratios say nothing.
const LEAST_RATIOS: usize = 4;

/// A level of fewer states is too small to tell anything from its size.
const LEAST_LEVEL: usize = 500;

/// No search has more levels than this ahead of it, as far as an estimate is concerned.
const MOST_LEVELS: usize = 10_000;

/// Estimates how many states all levels will have; `ends` says how many the complete ones have together, one
/// after the other, beginning with none.
pub(super) fn whole(ends: &[usize]) -> Option<u64> {
    let known = *ends.last()?;
    let ends = &ends[ends.len().saturating_sub(RATIOS + 2)..];
    let sizes: Vec<usize> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let last = *sizes.last().filter(|&&last| last >= LEAST_LEVEL)?;
    let ratios: Vec<f64> = sizes
        .windows(2)
        .rev()
        .take_while(|pair| pair[0] >= LEAST_LEVEL / 10)
        .map(|pair| (pair[1] as f64 / pair[0] as f64).ln())
        .collect();
    if ratios.len() < LEAST_RATIOS {
        return None;
    }
    // Ratios are numbered backwards from the last, 0; the next one is number -1.
    let count = ratios.len() as f64;
    let mean_place = (count - 1.0) / 2.0;
    let mean = ratios.iter().sum::<f64>() / count;
    let products =
        ratios.iter().enumerate().map(|(place, ratio)| (place as f64 - mean_place) * (ratio - mean));
    let squares = (0..ratios.len()).map(|place| (place as f64 - mean_place).powi(2));
    let rise = -products.sum::<f64>() / squares.sum::<f64>();
    if rise >= 0.0 {
        return None;
    }
    let (mut sum, mut size) = (known as f64, last as f64);
    let mut ratio = mean + rise * mean_place;
    for _ in 0..MOST_LEVELS {
        ratio += rise;
        size *= ratio.exp();
        sum += size;
        if size < 1.0 {
            return Some(sum as u64);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where levels end, if so many threads take so many steps each and all states are different.
    fn free(threads: usize, steps: usize) -> Vec<usize> {
        let mut levels = vec![1_usize];
        for _ in 0..threads {
            let mut next = vec![0; levels.len() + steps];
            for (level, size) in levels.iter().enumerate() {
                next[level..=level + steps].iter_mut().for_each(|sum| *sum += size);
            }
            levels = next;
        }
        ends(&levels)
    }

    fn ends(levels: &[usize]) -> Vec<usize> {
        let mut ends = vec![0];
        levels.iter().for_each(|size| ends.push(ends[ends.len() - 1] + size));
        ends
    }

    #[test]
    fn the_grid_of_free_threads_is_foreseen() {
        for (threads, steps) in [(4, 16), (5, 12), (6, 10), (8, 6)] {
            let ends = free(threads, steps);
            let all = ends[ends.len() - 1];
            for known in ends.len() / 2..ends.len() * 3 / 4 {
                let estimate = whole(&ends[..known]).expect("levels grow more slowly") as f64;
                let factor = estimate / all as f64;
                assert!((0.5..2.0).contains(&factor), "{threads}×{steps} at {known}: {factor}");
            }
        }
    }

    #[test]
    fn levels_that_only_grow_tell_nothing() {
        let doubling: Vec<usize> = (0..20).map(|level| 1 << level).collect();
        assert_eq!(whole(&ends(&doubling)), None);
        assert_eq!(whole(&[]), None);
        assert_eq!(whole(&[0, 1000, 3000]), None);
    }
}
