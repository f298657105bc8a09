//! The consumer's side: 10 ms frames of mono audio in and out, whatever the device's blocks are.
//!
//! Policies, all counted in [`Stats`](crate::Stats): a consumer that lagged finds capture cut down to the target fill;
//! a frame of capture never spans a loss; what is written beyond the limit of playback is refused. Nothing here waits
//! but [`Endpoint::wait`]. It may run on any thread but an audio callback's.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: a stream that was built hands its ring over through a channel"
)]

mod beats;
mod intake;
mod outlet;
mod standing;
mod wake;

pub(crate) use intake::CaptureEnd;
pub(crate) use outlet::PlaybackEnd;
pub(crate) use standing::Standing;

use crate::clock::Alignment;
use crate::drift::DriftLoop;
use crate::ring::{RING_FRAMES, Splice};
use crate::shared::Shared;
use crate::stats::{ClockStats, Counters, add};
use beats::Beats;
use core::fmt;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Splices of playback that are remembered to say when a frame was played.
const PLAYED: usize = 256;

/// The consumer's side of an engine. It outlives the engine: then it reads nothing and writes nowhere.
pub struct Endpoint {
    shared: Arc<Shared>,
    ends: Receiver<End>,
    capture: Option<CaptureEnd>,
    playback: Option<PlaybackEnd>,
    /// Frames accepted before the present playback ring, which positions of frames go on from.
    accepted: u64,
    /// Splices of playback, in frames of the endpoint.
    played: VecDeque<Splice>,
    alignment: Alignment,
    drift: DriftLoop,
    capture_beats: Beats,
    playback_beats: Beats,
    /// The playback index at which the present stream of the present run began.
    plays_since: u64,
    run: u32,
    /// How many streams were handed over.
    built: u32,
    /// The devices', of capture and playback, in Hz.
    rates: (u32, u32),
}

/// What a built stream hands over.
pub(crate) enum End {
    Capture(CaptureEnd),
    Playback(PlaybackEnd),
}

/// A frame of captured audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The capture stream's index of the frame's first sample: all samples that the device gave since the engine was
    /// opened, lost ones too, in frames of the endpoint's rate. The samples of a frame are consecutive.
    pub index: u64,
}

/// What became of a written frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// How many samples, from the first on, will be played: less than was written if there was no room, and none while
    /// playback does not run.
    pub accepted: usize,
    /// How many samples had been accepted before, which is what [`Endpoint::playback_index`] takes.
    pub position: u64,
}

impl Endpoint {
    pub(crate) fn new(shared: Arc<Shared>, ends: Receiver<End>) -> Self {
        let rates = (shared.capture.format().rate, shared.playback.format().rate);
        Self {
            drift: DriftLoop::new(rates.0, rates.1, shared.settings.rate),
            rates,
            shared,
            ends,
            capture: None,
            playback: None,
            accepted: 0,
            played: VecDeque::with_capacity(PLAYED),
            alignment: Alignment::default(),
            capture_beats: Beats::default(),
            playback_beats: Beats::default(),
            plays_since: 0,
            run: 0,
            built: 0,
        }
    }

    /// Samples in a frame of 10 ms.
    pub fn frame(&self) -> usize {
        self.shared.settings.frame()
    }

    /// Reads the next frame of captured audio, or nothing if not all of it is there. Any length works up to
    /// [`MAX_PERIOD`](crate::MAX_PERIOD); 10 ms, [`frame`](Self::frame), is usual.
    pub fn read(&mut self, frame: &mut [f32]) -> Option<Captured> {
        self.follow();
        let ratio = self.drift.ratio();
        self.capture.as_mut()?.read(frame, &self.shared.capture.counters, ratio)
    }

    /// How many samples [`read`](Self::read) can give now: for a consumer that takes what there is, whatever the period,
    /// instead of frames of 10 ms.
    pub fn available(&mut self) -> usize {
        self.follow();
        self.capture.as_mut().map_or(0, CaptureEnd::available)
    }

    /// Writes a frame of audio to be played after all that was written before.
    pub fn write(&mut self, frame: &[f32]) -> Written {
        self.follow();
        let Some(end) = &mut self.playback else {
            return Written { accepted: 0, position: self.accepted };
        };
        let position = self.accepted + end.taken();
        let accepted = end.write(frame, &self.shared.playback.counters);
        Written { accepted, position }
    }

    /// The playback stream's index (all samples that the device took since the engine was opened, inserted silence
    /// too) at which the accepted sample `position` was played. For one that still waits, it is the index at which
    /// it will be played if no more silence is inserted before it; for one that was skipped by a stop, the index at
    /// which it would have been. `None` before anything was played, and for samples too many insertions ago.
    pub fn playback_index(&mut self, position: u64) -> Option<u64> {
        self.follow();
        let splice = self.played.iter().rev().find(|splice| splice.position <= position)?;
        Some(splice.index_of(position))
    }

    /// Capture position less playback position at the same instant, in frames, as measured by the callbacks' times of
    /// about the last second; `None` until both directions run. A sample played at playback index `p` that came back
    /// at capture index `c` was under way for `c - p - offset` frames.
    pub fn offset(&mut self) -> Option<f64> {
        self.follow();
        let offset = self.alignment.offset()?;
        // In a cycle both directions stand at a multiple of its frames. JACK's stamps are taken when a client gets its
        // turn in the cycle, which is a few frames later for one than for the other.
        let resampled = self.capture.as_ref().is_some_and(CaptureEnd::is_resampled);
        Some(self.shared.cycle().filter(|_| !resampled).map_or(offset, |frames| {
            let frames = f64::from(frames);
            (offset / frames).round() * frames
        }))
    }

    /// Takes what the callbacks and the device thread left.
    fn follow(&mut self) {
        while let Ok(end) = self.ends.try_recv() {
            self.built += 1;
            self.alignment.clear();
            match end {
                End::Capture(mut end) => {
                    self.capture_beats.clear();
                    self.rates.0 = end.rate;
                    self.drift.renew_follower(end.rate);
                    if let Some(old) = self.capture.take() {
                        end.go_on_from(&old, self.shared.settings.rate);
                        add(
                            &self.shared.capture.counters.consumer.dropped,
                            old.frames.fill() as u64,
                        );
                    }
                    self.capture = Some(end);
                }
                End::Playback(mut end) => {
                    self.playback_beats.clear();
                    self.follow_splices();
                    self.rates.1 = end.rate;
                    self.drift.renew_leader(end.rate);
                    end.convert_from(self.shared.settings.rate);
                    if let Some(old) = self.playback.replace(end) {
                        self.accepted += old.taken();
                        add(
                            &self.shared.playback.counters.callback.skipped,
                            old.frames.fill() as u64,
                        );
                    }
                }
            }
            if let Some(end) = &mut self.capture {
                let two = self.shared.two_clocks.load(Ordering::Acquire);
                end.resample_to(self.shared.settings.rate, two);
            }
        }
        let run = self.shared.run.load(Ordering::Acquire);
        if run != self.run {
            self.run = run;
            self.alignment.clear();
            self.capture_beats.clear();
            self.playback_beats.clear();
            self.drift.clear();
        }
        let timebase = &self.shared.timebase;
        if let Some(end) = &mut self.capture {
            while let Some(stamp) = end.stamps.pop() {
                if let Some(at) = timebase.capture_ns(stamp).filter(|_| stamp.run == run) {
                    let place = end.place(stamp.index as f64);
                    self.alignment.capture(at, place);
                    self.capture_beats.came(at, place.round() as u64);
                    self.drift.follower(at, stamp.index);
                }
            }
        }
        if let Some(end) = &mut self.playback {
            while let Some(stamp) = end.stamps.pop() {
                if let Some(at) = timebase.playback_ns(stamp).filter(|_| stamp.run == run) {
                    self.alignment.playback(at, end.place(stamp.index, self.shared.settings.rate));
                    self.drift.leader(at, stamp.index);
                    if self.playback_beats.latest().is_none() {
                        self.plays_since = stamp.index;
                    }
                    self.playback_beats.came(at, stamp.index);
                }
            }
        }
        self.follow_splices();
        let delay = self.capture.as_ref().map_or(0.0, CaptureEnd::delay);
        self.shared.clocks.publish(ClockStats {
            drift_ppm: self.drift.ppm(),
            slips: self.drift.slips(),
            resampler_delay: Duration::from_secs_f64(delay / f64::from(self.shared.settings.rate)),
        });
    }

    fn follow_splices(&mut self) {
        let Some(end) = &mut self.playback else { return };
        while let Some(splice) = end.splices.pop() {
            if self.played.len() == PLAYED {
                self.played.pop_front();
            }
            let splice = end.splice(splice, self.shared.settings.rate);
            self.played.push_back(Splice { position: self.accepted + splice.position, ..splice });
        }
    }
}

/// The fill above which a ring holds too much: the target and 100 ms, since any machine stalls that long now and then,
/// or the target and two of the device's blocks if that is more.
fn limit(target: u32, rate: u32, counters: &Counters) -> usize {
    let slack = (rate / 10).max(counters.callback.largest_block().saturating_mul(2));
    (target.saturating_add(slack) as usize).min(RING_FRAMES)
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("run", &self.run).finish_non_exhaustive()
    }
}
