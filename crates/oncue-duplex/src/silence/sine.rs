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
