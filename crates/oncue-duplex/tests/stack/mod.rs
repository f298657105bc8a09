//! A call stack on a pump, on a card whose time a test moves.

#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::rig::{free_running, open, permit, until};
use oncue_card::{Card, CardSettings};
use oncue_duplex::{
    Attachment, CaptureInfo, Clocks, Duplex, DuplexSettings, FrameFormat, HardwareEvent, Playout,
    PlayoutInfo, Pump, PumpHooks, Sample, Stats, StreamEvent,
};
use oncue_session::{Directions, Engine, RunningIo};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// An engine on a card, and a pump that carries for it.
pub(crate) struct Phone {
    pub(crate) card: Card,
    pub(crate) duplex: Duplex,
    pub(crate) pump: Pump,
    /// Captured frames beyond 10 ms that may be left when all is done.
    pub(crate) left: u64,
}

/// What a stack was given.
pub(crate) type Heard<S> = Arc<Mutex<Vec<(Vec<S>, Vec<S>, CaptureInfo)>>>;

impl Phone {
    pub(crate) fn new(card: CardSettings) -> Self {
        Self::with(card, DuplexSettings::default())
    }

    /// An engine with these settings, at the card's rate. The card is one clock, unless they say two.
    pub(crate) fn with(card: CardSettings, settings: DuplexSettings) -> Self {
        let card = free_running(card);
        let rate = card.settings().rate;
        let clocks = if settings.clocks == Clocks::Two { Clocks::Two } else { Clocks::One };
        // A resampler may have to wait for the next frame.
        let left = if clocks == Clocks::Two { 2 } else { 0 };
        let (duplex, endpoint) = open(&card, DuplexSettings { rate, clocks, ..settings });
        let pump = Pump::spawn(endpoint, PumpHooks::default()).unwrap();
        Self { card, duplex, pump, left }
    }

    pub(crate) fn start(&mut self, directions: Directions) -> Box<dyn RunningIo> {
        self.duplex.start(permit(), directions).unwrap()
    }

    /// Lets `count` times 10 ms pass, after each of which the pump does what is due.
    pub(crate) fn turns(&self, count: usize) {
        for _ in 0..count {
            self.card.advance_frames(u64::from(self.card.settings().rate / 100));
            self.settle();
        }
    }

    /// Waits until the pump has nothing to do: all that was captured is read, and playback is filled.
    pub(crate) fn settle(&self) {
        let settings = DuplexSettings::default();
        let frame = u64::from(self.card.settings().rate / 100);
        assert_eq!(settings.target_fill, None, "the period and two frames");
        let meter = self.duplex.meter();
        until(|| {
            let Stats { capture, playback, .. } = meter.stats();
            let low = u64::from(playback.stream.granted?) + frame;
            let idle = capture.stream.waiting < frame + self.left
                && (playback.stream.callbacks == 0 || playback.stream.waiting > low);
            idle.then_some(())
        });
    }

    /// Lets the card run until a lost direction is back.
    pub(crate) fn run_until_recovered(&mut self) {
        until(|| {
            self.card.advance_frames(u64::from(self.card.settings().rate / 100));
            let event = self.duplex.poll_event(Instant::now());
            event.filter(|event| matches!(event, StreamEvent::Recovered { .. }))
        });
    }

    /// Attaches a tap that keeps all it is given.
    pub(crate) fn listen<S: Sample>(&self, format: FrameFormat) -> (Attachment, Heard<S>) {
        let heard = Heard::default();
        let keep = Arc::clone(&heard);
        let tap =
            self.pump.capture(format, move |frame: &[S], played: &[S], info: &CaptureInfo| {
                keep.lock().unwrap().push((frame.to_vec(), played.to_vec(), *info));
            });
        (tap, heard)
    }
}

/// 10 ms at `rate`.
pub(crate) fn ten_ms(rate: u32) -> FrameFormat {
    FrameFormat::new(rate, 10).unwrap()
}

/// A sound that never repeats and is exact in `f32` and `i16`: sample `n` is `n + 1` steps of 2⁻¹⁵.
pub(crate) struct Ramp {
    next: u16,
}

impl Ramp {
    pub(crate) const fn from(next: u16) -> Self {
        Self { next }
    }
}

impl Playout<i16> for Ramp {
    fn need_playout(&mut self, frame: &mut [i16], _: &PlayoutInfo) {
        for sample in frame {
            self.next += 1;
            *sample = self.next as i16;
        }
    }
}

impl Playout<f32> for Ramp {
    fn need_playout(&mut self, frame: &mut [f32], _: &PlayoutInfo) {
        for sample in frame {
            self.next += 1;
            *sample = f32::from(self.next) / 32_768.0;
        }
    }
}

/// Noise that does not repeat, in steps of 2⁻¹⁵.
pub(crate) fn noise() -> impl Playout<f32> {
    let mut state = 1_u32;
    move |frame: &mut [f32], _: &PlayoutInfo| {
        for sample in frame {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = f32::from((state >> 16) as i16) / 65_536.0;
        }
    }
}

/// What the hardware did, as a stack was told.
pub(crate) type Told = Arc<Mutex<Vec<HardwareEvent>>>;

/// A stack that plays silence and keeps what it is told.
pub(crate) struct Listener(pub(crate) Told);

impl Playout<f32> for Listener {
    fn need_playout(&mut self, _: &mut [f32], _: &PlayoutInfo) {}

    fn hardware(&mut self, event: &HardwareEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}
