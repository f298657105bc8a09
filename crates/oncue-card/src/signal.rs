//! What happens to audio in a tick: between the streams' callbacks and the wire, through gain,
//! noise and the converters. Knows nothing of time, clocks or faults; it does as the tick says.

use core::panic::AssertUnwindSafe;
use std::panic;

use cpal::{
    Data, Error, ErrorKind, InputCallbackInfo, InputStreamTimestamp, OutputCallbackInfo,
    OutputStreamTimestamp, StreamInstant,
};

use crate::{
    buffer::Buffer,
    fault::Direction,
    port::Notices,
    schedule::{Delivery, Tick},
    settings::CardSettings,
    wire::Wire,
};

pub(crate) type CaptureCallback = Box<dyn FnMut(&Data, &InputCallbackInfo) + Send>;
pub(crate) type PlaybackCallback = Box<dyn FnMut(&mut Data, &OutputCallbackInfo) + Send>;
pub(crate) type ErrorCallback = Box<dyn FnMut(Error) + Send>;

/// The audio side of a card: its streams, and the wire between them.
pub(crate) struct Signal {
    pub(crate) capture: Option<Stream<CaptureCallback>>,
    pub(crate) playback: Option<Stream<PlaybackCallback>>,
    wire: Wire,
    /// One block of the capture channel.
    block: Box<[f64]>,
    run: u64,
    gain: f64,
    /// Factor of the noise, whose own RMS is 1/√3.
    noise: Option<f64>,
    random: fastrand::Rng,
}

/// The program's side of a stream.
pub(crate) struct Stream<C> {
    pub(crate) callback: C,
    pub(crate) errors: ErrorCallback,
    pub(crate) buffer: Buffer,
}

/// A callback panicked. The stream is in an unknown state and not to be called again.
pub(crate) struct Panicked;

impl Signal {
    pub(crate) fn new(settings: &CardSettings) -> Self {
        Self {
            capture: None,
            playback: None,
            wire: Wire::new(0.0, 0.0, 0),
            block: Box::default(),
            run: 0,
            gain: 10_f64.powf(settings.gain_db / 20.0),
            noise: settings.noise_dbfs.map(|level| 10_f64.powf(level / 20.0) * 3_f64.sqrt()),
            random: fastrand::Rng::with_seed(settings.seed),
        }
    }

    /// Prepares for blocks of `period` frames; see [`Wire::new`] for the rest.
    pub(crate) fn configure(&mut self, latency: f64, skew: f64, period: u32) {
        self.wire = Wire::new(latency, skew, period as usize);
        self.block = vec![0.0; period as usize].into_boxed_slice();
    }

    /// Does one tick of one direction.
    pub(crate) fn run(&mut self, tick: &Tick) -> Result<(), Panicked> {
        if tick.run != self.run {
            self.run = tick.run;
            self.wire.clear();
        }
        // A panicking callback must end its stream and nothing else.
        panic::catch_unwind(AssertUnwindSafe(|| match tick.direction {
            Direction::Capture => self.capture(tick),
            Direction::Playback => self.playback(tick),
        }))
        .map_err(|_| Panicked)
    }

    fn capture(&mut self, tick: &Tick) {
        let Some(stream) = &mut self.capture else { return };
        tell(&mut stream.errors, tick.notices);
        match tick.delivery {
            None => return,
            Some(Delivery::Repeat) => {}
            Some(Delivery::Silence) => stream.buffer.silence(),
            Some(Delivery::Audio) => {
                self.wire.read(tick.frame, &mut self.block);
                for sample in &mut self.block {
                    *sample *= self.gain;
                }
                if let Some(level) = self.noise {
                    for sample in &mut self.block {
                        *sample += level * noise(&mut self.random);
                    }
                }
                stream.buffer.spread(&self.block);
            }
        }
        let info = InputCallbackInfo::new(InputStreamTimestamp {
            callback: StreamInstant::from_nanos(tick.instant),
            capture: StreamInstant::from_nanos(tick.converted),
        });
        stream.buffer.with_data(|data| (stream.callback)(data, &info));
    }

    fn playback(&mut self, tick: &Tick) {
        let Some(stream) = &mut self.playback else { return };
        tell(&mut stream.errors, tick.notices);
        let Some(delivery) = tick.delivery else { return };
        let info = OutputCallbackInfo::new(OutputStreamTimestamp {
            callback: StreamInstant::from_nanos(tick.instant),
            playback: StreamInstant::from_nanos(tick.converted),
        });
        // cpal promises silence where the callback writes nothing.
        stream.buffer.silence();
        stream.buffer.with_data(|data| (stream.callback)(data, &info));
        if delivery == Delivery::Audio {
            stream.buffer.first_channel(self.wire.write(tick.frame, self.block.len()));
        }
    }
}

fn tell(errors: &mut ErrorCallback, notices: Notices) {
    // Fixed texts: a message made here would be allocated on the audio thread.
    for _ in 0..notices.xruns {
        errors(Error::with_message(ErrorKind::Xrun, "the virtual card lost audio"));
    }
    for _ in 0..notices.flood {
        errors(Error::with_message(ErrorKind::BackendError, "the virtual card's server is dead"));
    }
    if let Some(kind) = notices.ended {
        errors(Error::new(kind));
    }
}

/// A sample of white noise with an RMS of 1/√3, near enough to Gaussian: four uniform numbers.
fn noise(random: &mut fastrand::Rng) -> f64 {
    let bits = random.u64(..);
    let sum: u64 = (0..4).map(|n| (bits >> (16 * n)) & 0xffff).sum();
    (sum as f64 - 2.0 * 65_535.0) / 65_536.0
}
