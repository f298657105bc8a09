//! What the device thread does between its jobs: it looks for what the streams reported, and after their rights and targets.

use super::{Built, Streams};
use crate::error::{Direction, LossCause, StreamEvent};
use crate::rights;
use crate::tuning::TargetTuner;
use core::sync::atomic::Ordering;
use core::time::Duration;
use cpal::ErrorKind;
use std::sync::Arc;
use std::time::Instant;

/// How often streams are looked at for errors.
const LOOK: Duration = Duration::from_millis(20);

/// How often errands are looked after.
const QUICK: Duration = Duration::from_millis(2);

/// How long a stream in doubt may go without a callback: several of the longest periods in use, and less than a second.
const DOUBT: Duration = Duration::from_millis(250);

/// A target that tunes itself; it outlives the streams, which may be built anew.
pub(super) struct Tuned {
    tuner: TargetTuner,
    /// What went wrong up to the last look: see [`Counters::troubles`](crate::stats::Counters::troubles).
    troubles: u64,
}

/// A stream reported an error after which it may go on or not.
pub(super) struct Doubt {
    error: cpal::Error,
    since: Instant,
    /// How many callbacks there had been.
    callbacks: u64,
}

impl Streams {
    /// Looks for errors that the streams reported, and after what is being brought back. Returns when to look again.
    pub(crate) fn tick(&mut self) -> Option<Duration> {
        for direction in [Direction::Playback, Direction::Capture] {
            while let Some((error, plays)) = self.built(direction).and_then(Built::next_error) {
                match (plays, error.kind()) {
                    (true, ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied) => {
                        self.tell(StreamEvent::Notice { direction, error });
                    }
                    (false, ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied) => {}
                    (true, ErrorKind::BackendError) => self.doubt(direction, error),
                    (true, _) => self.fail(direction, error),
                    // Nobody uses it, but a dead server can have it spin: build it anew when it is needed.
                    (false, _) => self.drop_lost(direction),
                }
            }
            if let Some(error) = self.despair(direction) {
                self.fail(direction, error);
            }
            self.ask_for_rights(direction);
            self.tune(direction);
        }
        self.rescue();
        self.measure(Duration::ZERO);
        let under_way = self.measuring.is_some() || self.rescue.is_busy();
        let there = self.capture.is_some() || self.playback.is_some();
        (there || under_way).then_some(if under_way { QUICK } else { LOOK })
    }

    /// Asks for a real-time priority for the thread that called first.
    fn ask_for_rights(&mut self, direction: Direction) {
        let thread = self.built(direction).and_then(|built| built.lane.caller.take());
        let (Some(thread), Some(shared)) = (thread, self.shared()) else { return };
        if let Some(priority) = shared.settings.realtime {
            let rights = rights::ask(thread, i32::from(priority));
            shared.side(direction).set_rights(rights);
        }
    }

    /// Has the target fill of a direction that plays follow what went wrong in it.
    fn tune(&mut self, direction: Direction) {
        let Some(shared) = self.shared() else { return };
        let Some(bounds) = shared.settings.target_bounds else { return };
        let Some(built) = self.built(direction).filter(|built| built.plays) else { return };
        let (lane, period) = (Arc::clone(&built.lane), built.period);
        let (now, rate) = (shared.epoch.elapsed(), shared.side(direction).format().rate);
        let troubles = shared.side(direction).counters.troubles();
        let tuned = match direction {
            Direction::Capture => &mut self.capture_tuned,
            Direction::Playback => &mut self.playback_tuned,
        };
        let tuned = tuned.get_or_insert_with(|| Tuned {
            tuner: TargetTuner::new(bounds, period, rate, now),
            troubles,
        });
        let trouble = core::mem::replace(&mut tuned.troubles, troubles) != troubles;
        tuned.tuner.observe(trouble, now);
        lane.target.store(tuned.tuner.target(), Ordering::Relaxed);
    }

    /// An error that a dead server gives, but an underrun too (ALSA over PulseAudio): callbacks will tell.
    fn doubt(&mut self, direction: Direction, error: cpal::Error) {
        let callbacks = self.callbacks(direction);
        if let Some(built) = self.built(direction) {
            built.doubt.get_or_insert(Doubt { error, since: Instant::now(), callbacks });
        }
    }

    /// The error of a stream in doubt from which no callback came for long enough; one that came ends the doubt.
    fn despair(&mut self, direction: Direction) -> Option<cpal::Error> {
        let callbacks = self.callbacks(direction);
        let built = self.built(direction)?;
        let doubt = built.doubt.take()?;
        if doubt.callbacks != callbacks || !built.plays {
            return None;
        }
        if doubt.since.elapsed() < DOUBT {
            built.doubt = Some(doubt);
            return None;
        }
        Some(doubt.error)
    }

    /// Callbacks of a direction, of all its streams.
    pub(crate) fn callbacks(&self, direction: Direction) -> u64 {
        self.opened.as_ref().map_or(0, |opened| {
            opened.shared.side(direction).counters.callback.callbacks.load(Ordering::Relaxed)
        })
    }

    fn fail(&mut self, direction: Direction, error: cpal::Error) {
        let now = self.rescue.now();
        if let Some(supervisor) = &mut self.rescue.supervisor {
            supervisor.lose(direction, LossCause::Error(error), now);
            return;
        }
        if let Some(opened) = &self.opened {
            opened.shared.close_gates(opened.shared.settings.deadlines.stop);
        }
        self.permit = None;
        self.tell(StreamEvent::Failed { direction, error });
        self.drop_lost(Direction::Capture);
        self.drop_lost(Direction::Playback);
    }

    pub(crate) fn tell(&self, event: StreamEvent) {
        if let Some(opened) = &self.opened {
            // Without an engine there is nobody to tell.
            let _ = opened.link.events.send(event);
        }
    }
}
