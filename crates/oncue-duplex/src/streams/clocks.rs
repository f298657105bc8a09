//! How the clocks of the streams stand to each other: read on an errand, since a dead server may hold this call too.

use super::{Built, Streams};
use crate::callback::Lane;
use crate::clock::{nanos, relate};
use crate::errand::Errand;
use crate::error::{Direction, Operation};
use core::sync::atomic::Ordering;
use core::time::Duration;
use cpal::traits::StreamTrait;
use std::sync::Arc;

/// A measurement that is under way.
pub(super) struct Measuring {
    errand: Errand<Measured>,
    run: u32,
    /// Whose clocks it reads.
    playback: Arc<Lane>,
    capture: Option<Arc<Lane>>,
}

/// In ns; `None` for a clock that was not read.
#[derive(Default)]
struct Measured {
    /// How playback's clock stands to the process's.
    playback: Option<i64>,
    /// How capture's clock stands to playback's.
    capture: Option<i64>,
}

impl Streams {
    /// Has the clocks measured of streams that were started since, and waits for it at most `patience`. A reading that
    /// hangs is given up: the times of that stream's callbacks are of no use then.
    pub(super) fn measure(&mut self, patience: Duration) {
        let Some(shared) = self.shared() else { return };
        let present = shared.run.load(Ordering::Relaxed);
        if self.measuring.is_none() {
            self.measuring = self.send_to_measure(present);
        }
        let Some(mut measuring) = self.measuring.take() else { return };
        let measured = measuring.errand.wait(patience);
        if measured.is_none() && measuring.errand.age() < shared.settings.deadlines.stop {
            self.measuring = Some(measuring);
            return;
        }
        let Measuring { errand, run, playback, capture } = measuring;
        if measured.is_none() {
            self.rescue.give_up(errand);
        }
        let measured = measured.and_then(Result::ok).unwrap_or_default();
        // Other streams, and those of another run, are still to be measured.
        if run != present || !self.is_measured(Direction::Playback, &playback) {
            return;
        }
        if let Some(ns) = measured.playback {
            shared.timebase.set_playback(run, ns);
        }
        if capture.is_some_and(|capture| self.is_measured(Direction::Capture, &capture))
            && let Some(ns) = measured.capture
        {
            shared.timebase.set_capture(run, ns);
        }
    }

    fn send_to_measure(&self, run: u32) -> Option<Measuring> {
        let epoch = self.shared()?.epoch;
        let playback = self.playback.as_ref().filter(|built| built.plays)?;
        let capture = self.capture.as_ref().filter(|built| built.plays && !built.measured);
        if playback.measured && capture.is_none() {
            return None;
        }
        let anew = !playback.measured;
        let player = clock(playback);
        let recorder = capture.map(clock);
        let errand = Errand::send(Operation::Clock, move |_| {
            let process = || u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
            Measured {
                playback: anew.then(|| relate(process, &player)),
                capture: recorder.map(|recorder| relate(&player, recorder)),
            }
        });
        let errand = errand.ok()?;
        let (playback, capture) =
            (Arc::clone(&playback.lane), capture.map(|built| Arc::clone(&built.lane)));
        Some(Measuring { errand, run, playback, capture })
    }

    /// Notes that the clock of the stream with this lane was read; false if it is not there any more.
    fn is_measured(&mut self, direction: Direction, lane: &Arc<Lane>) -> bool {
        let built = self.built(direction).filter(|built| Arc::ptr_eq(&built.lane, lane));
        built.map(|built| built.measured = true).is_some()
    }
}

/// A stream's clock, which holds the stream only while it is read; 0 for a stream that is gone.
fn clock(built: &Built) -> impl Fn() -> u64 + use<> {
    let stream = Arc::downgrade(&built.stream);
    move || stream.upgrade().map_or(0, |stream| nanos(stream.now()))
}
