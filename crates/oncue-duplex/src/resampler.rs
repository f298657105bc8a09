//! The one resampler between two clocks: rate conversion and drift are one ratio in one filter.
//!
//! A windowed sinc by `rubato`, which allocates when it is made and never after. It runs on the consumer's side, not in
//! an audio callback. Figures beside other resamplers: `cargo bench -p oncue-benches --bench drift`.

use crate::drift::MAX_PPM;
use core::fmt;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Resampler as _, Resizable, SincInterpolationParameters,
    WindowFunction,
};

/// Taps near ratio 1: half of them are the delay. The filter is cut off at the Nyquist frequency itself, since there is
/// next to nothing to keep out: 18 kHz pass unchanged at 48 kHz.
const TAPS: usize = 64;

/// Taps where the rates differ by name, counted in frames of the lower rate: the cut-off must be steep, as an image or
/// alias of what is above it would be heard.
const CONVERSION_TAPS: usize = 128;

/// The most by which taps are lengthened for a lower rate than the input's.
const LONGEST: f64 = 16.0;

/// The most frames that are made at a time.
const CHUNK: usize = 1024;

/// Resamples mono audio by a ratio that may change at any time, for a [`DriftLoop`](crate::DriftLoop).
///
/// It is either pulled or pushed. Its first frames are silence that fades into the signal: the result lies
/// [`delay`](Self::delay) behind what went in, and nothing is held back beyond that.
///
/// ```
/// use oncue_duplex::Resampler;
///
/// let mut resampler = Resampler::new(44_100, 48_000);
/// let mut made = 0;
/// resampler.push(&[0.0; 441], |frames| made += frames.len());
/// assert!((478..=480).contains(&made));
/// ```
pub struct Resampler {
    inner: Async<f32>,
    nominal: f64,
    ratio: f64,
    taps: usize,
    /// Where the first tap of the last frame made lies, in input frames from the next that goes in.
    at: f64,
    input: Vec<f32>,
    /// Frames of `input` that went in and are not used yet.
    kept: usize,
    output: Vec<f32>,
}

impl Resampler {
    /// A resampler from audio of `from` Hz to `to` Hz. Rates of 0 count as 1. All memory is taken here.
    #[expect(clippy::missing_panics_doc, reason = "rates above 0 make a ratio that rubato takes")]
    pub fn new(from: u32, to: u32) -> Self {
        let nominal = f64::from(to.max(1)) / f64::from(from.max(1));
        let parameters = if from == to {
            SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2).f_cutoff(1.0)
        } else {
            let longer = (1.0 / nominal).clamp(1.0, LONGEST);
            let taps = (CONVERSION_TAPS as f64 * longer) as usize;
            SincInterpolationParameters::new(taps, WindowFunction::BlackmanHarris2)
        };
        let taps = parameters.sinc_len.next_multiple_of(8);
        let most = 1.0 + 2e-6 * MAX_PPM;
        let inner = Async::new_sinc(nominal, most, &parameters, CHUNK, 1, FixedAsync::Output)
            .expect("a ratio of two rates is finite and above 0");
        let longest = inner.input_frames_max();
        Self {
            inner,
            nominal,
            ratio: nominal,
            taps,
            at: start(taps),
            input: vec![0.0; longest],
            kept: 0,
            output: vec![0.0; CHUNK],
        }
    }

    /// Frames of the result per frame of the input.
    pub const fn ratio(&self) -> f64 {
        self.ratio
    }

    /// From the next frame on, gives `ratio` frames per frame of the input. It is held within [`MAX_PPM`] of the
    /// nominal ratio. Steps of some ppm are not heard.
    pub fn set_ratio(&mut self, ratio: f64) {
        let most = 1e-6 * MAX_PPM;
        let ratio = ratio.clamp(self.nominal * (1.0 - most), self.nominal * (1.0 + most));
        if ratio != self.ratio && self.inner.set_resample_ratio(ratio, false).is_ok() {
            self.ratio = ratio;
        }
    }

    /// Frames of the result from the end of what went in back to the next that comes out, on average: half the taps, and
    /// half a frame. It is 32.5 where the rates are the same.
    pub fn delay(&self) -> f64 {
        (self.taps as f64 / 2.0 + 0.5) * self.nominal
    }

    /// How far the next frame of the result lies behind the end of what went in, in frames of the input.
    pub fn behind(&self) -> f64 {
        // A frame is made of as many frames before its place as after it; rubato's tables lie one step of their 128
        // towards the later.
        let middle = (self.taps / 2 - 1) as f64 + 1.0 / 128.0;
        self.kept as f64 - (self.at + 1.0 / self.ratio + middle)
    }

    /// Forgets what went in: what comes next has nothing to do with it. The ratio stays.
    pub fn reset(&mut self) {
        self.inner.reset();
        self.kept = 0;
        self.at = start(self.taps);
        // It was taken before.
        let _ = self.inner.set_resample_ratio(self.ratio, false);
    }

    /// How many more frames must go in so that `frames` can be made. Beyond 1024 frames it may be one too many.
    pub fn needs(&mut self, frames: usize) -> usize {
        let needed = if frames == 0 {
            0
        } else if frames <= CHUNK && self.inner.set_chunk_size(frames).is_ok() {
            self.inner.input_frames_next()
        } else {
            (self.at + frames as f64 / self.ratio + self.taps as f64).ceil() as usize + 1
        };
        needed.saturating_sub(self.kept)
    }

    /// How many frames can be made when `input` more go in. Beyond 1024 frames it may be too few, by what one frame of
    /// input gives.
    pub fn gives(&mut self, input: usize) -> usize {
        let room = (self.kept + input) as f64 - self.taps as f64 - self.at;
        let frames = (room * self.ratio) as usize;
        if frames > CHUNK {
            return CHUNK.max(((room - 1.0) * self.ratio) as usize);
        }
        // The same to the frame, whichever way the last digit was rounded.
        (frames.saturating_sub(1)..=frames + 1)
            .rev()
            .find(|frames| self.needs(*frames) <= input)
            .unwrap_or(0)
    }

    /// Makes all of `output`, and has `take` fill in what must go in for it: [`needs`](Self::needs) frames in all, in
    /// one or more parts.
    pub fn pull(&mut self, output: &mut [f32], mut take: impl FnMut(&mut [f32])) {
        for part in output.chunks_mut(CHUNK) {
            let needed = self.needs(part.len());
            take(&mut self.input[self.kept..self.kept + needed]);
            self.kept += needed;
            self.make(part.len());
            part.copy_from_slice(&self.output[..part.len()]);
        }
    }

    /// Puts all of `input` in and hands what comes of it to `give`, in one or more parts.
    pub fn push(&mut self, mut input: &[f32], mut give: impl FnMut(&[f32])) {
        while !input.is_empty() {
            let (part, rest) = input.split_at(input.len().min(self.input.len() - self.kept));
            self.input[self.kept..self.kept + part.len()].copy_from_slice(part);
            self.kept += part.len();
            input = rest;
            loop {
                let frames = self.gives(0).min(CHUNK);
                if frames == 0 {
                    break;
                }
                self.make(frames);
                give(&self.output[..frames]);
            }
        }
    }

    /// Makes `frames` frames of what was kept.
    fn make(&mut self, frames: usize) {
        let fits = "chunks are no longer than at the start";
        self.inner.set_chunk_size(frames).expect(fits);
        let used = self.inner.input_frames_next();
        let input = SequentialSlice::new(&self.input[..used], 1, used).expect(fits);
        let mut output =
            SequentialSlice::new_mut(&mut self.output[..frames], 1, frames).expect(fits);
        self.inner.process_into_buffer(&input, &mut output, None).expect(fits);
        self.at += frames as f64 / self.ratio - used as f64;
        self.input.copy_within(used..self.kept, 0);
        self.kept -= used;
    }
}

/// Where rubato starts: the first frame is made when one frame has gone in.
fn start(taps: usize) -> f64 {
    1.0 - taps as f64
}

impl fmt::Debug for Resampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resampler")
            .field("ratio", &self.ratio)
            .field("taps", &self.taps)
            .finish_non_exhaustive()
    }
}
