//! Where frames were lost or put in: the change point that explains the captured frames best.

/// The frame at which the lag changed, within `captured`.
///
/// `before` and `after` are the played signal as it would have been captured with the old and with
/// the new lag, in place and scaled. Up to the result the captured frames are taken to be `before`,
/// then come `inserted` frames that are neither, then `after`. `None` if the region is too short
/// to hold the inserted frames.
pub(crate) fn locate(
    captured: &[f32],
    before: &[f32],
    after: &[f32],
    inserted: usize,
) -> Option<usize> {
    let errors_after: f64 =
        errors(captured, after).zip(0..).filter(|(_, n)| *n >= inserted).map(|(e, _)| e).sum();
    let mut cost = errors_after;
    let mut costs = vec![cost];
    for (error_before, error_after) in
        errors(captured, before).zip(errors(captured, after).skip(inserted))
    {
        cost += error_before - error_after;
        costs.push(cost);
    }
    if inserted >= captured.len() {
        return None;
    }
    // A repeated block fits both lags: the cost is flat from its first to its last place. The frame
    // at which the sequence broke is the last; two frames' worth of signal is the width of "flat".
    let flat = 2.0 * before.iter().map(|x| f64::from(x * x)).sum::<f64>() / before.len() as f64;
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    costs.iter().rposition(|cost| *cost <= least + flat)
}

fn errors(captured: &[f32], explained: &[f32]) -> impl Iterator<Item = f64> {
    captured.iter().zip(explained).map(|(c, x)| f64::from(c - x).powi(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..2000).map(|_| random.f32() - 0.5).collect()
    }

    /// Captures 1000 frames in which `lag` grows by `k` at frame 600.
    fn check(k: i32, fill: impl Fn(usize) -> f32) {
        let source = noise(5);
        let inserted = usize::try_from(k).unwrap_or(0);
        let at = |n: usize, lag: i32| source[(n as i32 + 500 - lag) as usize];
        let before: Vec<f32> = (0..1000).map(|n| at(n, 0)).collect();
        let after: Vec<f32> = (0..1000).map(|n| at(n, k)).collect();
        let captured: Vec<f32> = (0..1000)
            .map(|n| match n {
                0..600 => before[n],
                _ if n < 600 + inserted => fill(n),
                _ => after[n],
            })
            .collect();
        let found = locate(&captured, &before, &after, inserted).unwrap();
        assert!(found.abs_diff(600) <= 8, "{found} for 600 with {k} frames");
    }

    #[test]
    fn finds_dropped_and_inserted_frames() {
        for k in [-300, -24, -1, 1, 7, 300] {
            check(k, |_| 0.0);
        }
    }

    #[test]
    fn a_repeated_block_begins_where_the_sequence_breaks() {
        let source = noise(5);
        check(100, |n| source[n + 500 - 100]);
    }

    #[test]
    fn a_region_without_room_for_the_inserted_frames_has_no_place() {
        assert_eq!(locate(&[0.0; 10], &[0.0; 10], &[0.0; 10], 10), None);
    }
}
