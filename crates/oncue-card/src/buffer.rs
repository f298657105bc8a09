//! A stream's block in the stream's sample format: the one place that hands raw memory to cpal.
//! Samples cross here between that format and the wire's `f64`, and clip at full scale.

use core::iter;

use cpal::{Data, SampleFormat};

/// Sample formats that streams may have.
pub(crate) const FORMATS: [SampleFormat; 3] =
    [SampleFormat::F32, SampleFormat::I16, SampleFormat::I32];

const I16_SCALE: f64 = 32_768.0;
const I32_SCALE: f64 = 2_147_483_648.0;

/// A block of interleaved samples.
pub(crate) struct Buffer {
    channels: usize,
    samples: Samples,
}

enum Samples {
    F32(Box<[f32]>),
    I16(Box<[i16]>),
    I32(Box<[i32]>),
}

impl Buffer {
    /// A silent block, or `None` for a format that the card does not have.
    pub(crate) fn new(format: SampleFormat, channels: u16, frames: u32) -> Option<Self> {
        let channels = usize::from(channels);
        let len = channels * frames as usize;
        let samples = match format {
            SampleFormat::F32 => Samples::F32(iter::repeat_n(0.0, len).collect()),
            SampleFormat::I16 => Samples::I16(iter::repeat_n(0, len).collect()),
            SampleFormat::I32 => Samples::I32(iter::repeat_n(0, len).collect()),
            _ => return None,
        };
        Some(Self { channels, samples })
    }

    /// The block as cpal's callbacks take it.
    pub(crate) fn with_data<R>(&mut self, call: impl FnOnce(&mut Data) -> R) -> R {
        let (pointer, len, format) = match &mut self.samples {
            Samples::F32(s) => (s.as_mut_ptr().cast(), s.len(), SampleFormat::F32),
            Samples::I16(s) => (s.as_mut_ptr().cast(), s.len(), SampleFormat::I16),
            Samples::I32(s) => (s.as_mut_ptr().cast(), s.len(), SampleFormat::I32),
        };
        // SAFETY: pointer, length and format are those of one boxed slice, borrowed mutably for as
        // long as `data` lives, which the callback cannot outlive as it only borrows it.
        let mut data = unsafe { Data::from_parts(pointer, len, format) };
        call(&mut data)
    }

    pub(crate) fn silence(&mut self) {
        match &mut self.samples {
            Samples::F32(samples) => samples.fill(0.0),
            Samples::I16(samples) => samples.fill(0),
            Samples::I32(samples) => samples.fill(0),
        }
    }

    /// Writes one channel of audio to every channel.
    pub(crate) fn spread(&mut self, audio: &[f64]) {
        let channels = self.channels;
        match &mut self.samples {
            Samples::F32(samples) => spread(samples, channels, audio, |x| x as f32),
            // Float to integer conversion saturates: full scale does not wrap.
            Samples::I16(samples) => {
                spread(samples, channels, audio, |x| (x * I16_SCALE).round_ties_even() as i16);
            }
            Samples::I32(samples) => {
                spread(samples, channels, audio, |x| (x * I32_SCALE).round_ties_even() as i32);
            }
        }
    }

    /// Reads the first channel.
    pub(crate) fn first_channel(&self, audio: &mut [f64]) {
        match &self.samples {
            Samples::F32(samples) => first_channel(samples, self.channels, audio, |x| {
                // What a broken program plays may not stay on the wire for ever.
                if x.is_nan() { 0.0 } else { f64::from(x).clamp(-1.0, 1.0) }
            }),
            Samples::I16(samples) => {
                first_channel(samples, self.channels, audio, |x| f64::from(x) / I16_SCALE);
            }
            Samples::I32(samples) => {
                first_channel(samples, self.channels, audio, |x| f64::from(x) / I32_SCALE);
            }
        }
    }
}

fn spread<T: Copy>(samples: &mut [T], channels: usize, audio: &[f64], convert: impl Fn(f64) -> T) {
    for (frame, &x) in samples.chunks_exact_mut(channels).zip(audio) {
        frame.fill(convert(x.clamp(-1.0, 1.0)));
    }
}

fn first_channel<T: Copy>(
    samples: &[T],
    channels: usize,
    audio: &mut [f64],
    convert: impl Fn(T) -> f64,
) {
    for (x, &sample) in audio.iter_mut().zip(samples.iter().step_by(channels)) {
        *x = convert(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive_and_full_scale_does_not_wrap() {
        let mut buffer = Buffer::new(SampleFormat::I32, 2, 4).unwrap();
        buffer.spread(&[1.0, -1.0, 1e9, 0.5]);
        buffer.with_data(|data| {
            let expected =
                [i32::MAX, i32::MAX, i32::MIN, i32::MIN, i32::MAX, i32::MAX, 1 << 30, 1 << 30];
            assert_eq!(data.as_slice::<i32>(), Some(&expected[..]));
            let samples = data.as_slice_mut::<i32>().unwrap();
            samples.copy_from_slice(&[i32::MAX, 9, i32::MIN, 9, 123_456_789, 9, 1, 9]);
        });
        let mut audio = [0.0; 4];
        buffer.first_channel(&mut audio);
        buffer.spread(&audio);
        buffer.with_data(|data| {
            let firsts: Vec<i32> = data.as_slice().unwrap().iter().step_by(2).copied().collect();
            assert_eq!(firsts, [i32::MAX, i32::MIN, 123_456_789, 1]);
        });
    }

    #[test]
    fn what_is_not_a_number_is_silence() {
        let mut buffer = Buffer::new(SampleFormat::F32, 1, 3).unwrap();
        buffer.with_data(|data| {
            data.as_slice_mut::<f32>().unwrap().copy_from_slice(&[f32::NAN, f32::INFINITY, -7.0]);
        });
        let mut audio = [9.0; 3];
        buffer.first_channel(&mut audio);
        assert_eq!(audio, [0.0, 1.0, -1.0]);
    }
}
