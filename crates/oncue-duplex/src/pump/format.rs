//! What a call stack's frames are: rate, length and sample type.

use core::time::Duration;

/// The frames that a call stack takes or gives: mono, of one rate and one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameFormat {
    rate: u32,
    ptime_ms: u32,
}

/// No such frames can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The rate is no multiple of 100 Hz between 8 and 192 kHz.
    #[error("frames at {rate} Hz; use a multiple of 100 Hz from 8000 to 192000 Hz")]
    Rate {
        /// What was asked for, in Hz.
        rate: u32,
    },
    /// The length is not whole tens of milliseconds, or too long.
    #[error("frames of {ptime_ms} ms; use 10, 20, 30 ... 100 ms")]
    Ptime {
        /// What was asked for, in ms.
        ptime_ms: u32,
    },
}

impl FrameFormat {
    /// Frames of `ptime_ms` milliseconds (10 to 100, in tens) at `rate` Hz (8000 to 192000, in hundreds).
    ///
    /// # Errors
    /// What is out of range, and the range.
    pub fn new(rate: u32, ptime_ms: u32) -> Result<Self, FormatError> {
        if !(8_000..=192_000).contains(&rate) || !rate.is_multiple_of(100) {
            return Err(FormatError::Rate { rate });
        }
        if !(10..=100).contains(&ptime_ms) || !ptime_ms.is_multiple_of(10) {
            return Err(FormatError::Ptime { ptime_ms });
        }
        Ok(Self { rate, ptime_ms })
    }

    /// Hz.
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// Samples in a frame.
    pub const fn samples(&self) -> usize {
        (self.rate * self.ptime_ms / 1000) as usize
    }

    /// The length of a frame (RTP's packet time).
    pub const fn ptime(&self) -> Duration {
        Duration::from_millis(self.ptime_ms as u64)
    }
}

/// A sample as call stacks use them: `f32` with full scale 1, or `i16`.
pub trait Sample: Copy + Default + Send + sealed::Sealed + 'static {
    /// The sample with full scale 1; exact.
    fn to_f32(self) -> f32;
    /// The nearest sample; beyond full scale, full scale.
    fn from_f32(sample: f32) -> Self;
}

mod sealed {
    #[expect(unnameable_types, reason = "that nobody can name it is what seals")]
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for i16 {}
}

impl Sample for f32 {
    fn to_f32(self) -> f32 {
        self
    }

    fn from_f32(sample: f32) -> Self {
        sample
    }
}

impl Sample for i16 {
    fn to_f32(self) -> f32 {
        f32::from(self) / 32_768.0
    }

    fn from_f32(sample: f32) -> Self {
        // A cast from a float saturates, and makes 0 of what is not a number.
        (sample * 32_768.0).round_ties_even() as Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_whole_samples() {
        for (rate, ptime_ms, samples) in
            [(8_000, 40, 320), (16_000, 20, 320), (44_100, 10, 441), (48_000, 20, 960)]
        {
            assert_eq!(FrameFormat::new(rate, ptime_ms).map(|f| f.samples()), Ok(samples));
        }
        assert_eq!(
            FrameFormat::new(11_025, 20).unwrap_err().to_string(),
            "frames at 11025 Hz; use a multiple of 100 Hz from 8000 to 192000 Hz"
        );
        assert_eq!(FrameFormat::new(8_000, 25), Err(FormatError::Ptime { ptime_ms: 25 }));
        assert_eq!(FrameFormat::new(8_000, 0), Err(FormatError::Ptime { ptime_ms: 0 }));
    }

    #[test]
    fn i16_comes_back_as_it_was_and_saturates() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(i16::from_f32(sample.to_f32()), sample);
        }
        assert_eq!((i16::from_f32(1.5), i16::from_f32(-2.0)), (i16::MAX, i16::MIN));
        assert_eq!(i16::from_f32(f32::NAN), 0);
    }
}
