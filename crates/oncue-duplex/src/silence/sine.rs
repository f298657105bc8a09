//! Whether a block that comes again is of a steady sine, which may well repeat.

/// Whether samples are one sine of a steady level, with an offset or without, over the seam between two blocks too:
/// `x[n] + x[n-2]` is then always the same multiple of `x[n-1]`, and a constant. A buffer that is played again breaks at
/// its seam.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sine {
    samples: f64,
    outer: f64,
    middle: f64,
    outer_squares: f64,
    middle_squares: f64,
    products: f64,
}

impl Sine {
    pub(super) fn saw(&mut self, last: [f32; 2], sample: f32) {
        let (outer, middle) = (f64::from(sample) + f64::from(last[0]), f64::from(last[1]));
        self.samples += 1.0;
        self.outer += outer;
        self.middle += middle;
        self.outer_squares += outer * outer;
        self.middle_squares += middle * middle;
        self.products += outer * middle;
    }

    /// What no multiple and constant explain is no more than 16 bits leave when they round three samples (1, 2 and 1
    /// times at the most, three times the mean), and 80 dB below the sine.
    pub(super) fn is_one(self) -> bool {
        const ROUNDED: f64 = 3.0 * 6.0 / 12.0 / (32_768.0 * 32_768.0);
        let outer = self.outer_squares - self.outer * self.outer / self.samples;
        let middle = self.middle_squares - self.middle * self.middle / self.samples;
        let products = self.products - self.outer * self.middle / self.samples;
        let unexplained = outer - products * products / middle;
        middle > 0.0 && unexplained <= ROUNDED * self.samples + 1e-8 * middle
    }
}

#[cfg(test)]
mod tests {
    use crate::silence::meter::BlockMeter;

    const RATE: f64 = 48_000.0;

    fn sine(hz: f64, amplitude: f64, from: usize) -> Vec<f32> {
        let phase = |n: usize| core::f64::consts::TAU * (hz * n as f64 / RATE).fract();
        (from..from + 480).map(|n| (amplitude * phase(n).sin()) as f32).collect()
    }

    fn of_16_bits(samples: &[f32]) -> Vec<f32> {
        samples.iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect()
    }

    /// Ten blocks: how many frames of each are the same as before, and of a sine.
    fn told(mut block: impl FnMut(usize) -> Vec<f32>) -> Vec<(u32, u32)> {
        let mut meter = BlockMeter::default();
        (0..10)
            .map(|n| meter.block(n as u64 * 480, &block(n)))
            .map(|stats| (stats.same, stats.sine))
            .collect()
    }

    #[test]
    fn a_steady_sine_is_told_from_a_buffer_that_comes_again() {
        for (hz, amplitude) in [(100.0, 0.9), (700.0, 0.1), (1000.0, 0.5), (5000.0, 0.01)] {
            let mut cycle = sine(hz, amplitude, 0);
            for _ in 0..2 {
                let blocks = told(|_| cycle.clone());
                assert_eq!(blocks[0], (0, 0));
                assert_eq!(blocks[1], (0, 0), "the first that comes again is not looked at yet");
                assert!(blocks[2..].iter().all(|block| *block == (480, 480)), "{hz} Hz {blocks:?}");
                cycle = of_16_bits(&cycle);
            }
            let above: Vec<f32> = cycle.iter().map(|x| x + 0.1).collect();
            assert!(told(|_| above.clone())[2..].iter().all(|block| *block == (480, 480)));
            // A tone that does not fit: it comes again with a step.
            let blocks = told(|_| sine(hz + 30.0, amplitude, 0));
            assert!(blocks[2..].iter().all(|block| *block == (480, 0)), "{blocks:?}");
        }
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<f32> = (0..480).map(|_| random.f32() - 0.5).collect();
        assert!(told(|_| noise.clone())[2..].iter().all(|block| *block == (480, 0)));
        assert!(told(|n| sine(441.7, 0.5, n * 480)).iter().all(|block| *block == (0, 0)));
        // 440 Hz comes again after five blocks.
        let blocks = told(|n| sine(440.0, 0.5, n * 480));
        assert!(blocks[6..].iter().all(|block| *block == (480, 480)), "{blocks:?}");
    }
}
