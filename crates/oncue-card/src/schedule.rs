//! When the callbacks of the two directions are due, and what each of them gets, by clocks, streams
//! and faults. Sans-IO: time comes in as a value, audio is not touched.

use core::mem;

use cpal::{ErrorKind, SampleFormat};

use crate::{
    clock::Clock,
    fault::{Call, Direction, Fault},
    gate::Gate,
    port::{Notices, Port},
    settings::{CardSettings, PERIODS, RATES},
    wire::Wire,
};

/// How late the clocks may run, in nanoseconds, before the card gives up what was missed. A virtual
/// card loses nothing by calling late, so this is longer than a busy machine stalls.
const LATE_MAX: u64 = 250_000_000;

/// The clocks, streams and faults of a card. Times are nanoseconds of the card's epoch.
pub(crate) struct Schedule {
    /// The time at which the clocks have arrived.
    pub(crate) now: u64,
    /// Whether calls that control streams are to wait ([`Fault::Hang`]).
    pub(crate) hangs: bool,
    pub(crate) unplugged: bool,
    /// Whether the host's default is the other device ([`Fault::OtherDefault`]).
    pub(crate) other_default: bool,
    /// The only rate and period, if there is one ([`Fault::Reconfigure`]).
    pub(crate) only: Option<(u32, u32)>,
    /// The only sample format, if there is one ([`Fault::Reformat`]).
    pub(crate) only_format: Option<SampleFormat>,
    /// Calls that are held, by direction ([`Fault::HangIn`]).
    held: [[bool; 5]; 2],
    /// Whether the thread that follows this schedule is to end.
    pub(crate) stopping: bool,
    ports: [Port; 2],
    ppm: [f64; 2],
    rate: u32,
    period: u32,
    /// In frames, and as time.
    latency: f64,
    latency_nanos: u64,
    /// How long after its instant a capture callback is called: the kernel's look-ahead.
    hold: u64,
    /// Since when the clocks run; they stand while no stream plays.
    since: Option<u64>,
    /// How often they were started.
    run: u64,
    /// What is missing to a whole nanosecond after moving by frames, in parts of the rate.
    remainder: u64,
    zero_capture: bool,
    stuck_buffer: bool,
    flood: u32,
    report_xruns: bool,
}

/// What a direction does next.
pub(crate) struct Tick {
    pub(crate) direction: Direction,
    /// Which start of the clocks this belongs to: another one makes the wire silent.
    pub(crate) run: u64,
    /// The instant of the callback.
    pub(crate) instant: u64,
    /// The block's first frame by the direction's clock.
    pub(crate) frame: i64,
    /// When that frame is at the converter.
    pub(crate) converted: u64,
    /// `None` calls no data callback.
    pub(crate) delivery: Option<Delivery>,
    pub(crate) notices: Notices,
}

/// What passes between the stream and the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Delivery {
    Audio,
    /// Capture hears zeros, playback goes nowhere.
    Silence,
    /// Capture hears its last block again.
    Repeat,
}

/// What [`Schedule::next`] found.
pub(crate) enum Next {
    /// Nothing will be due until a stream plays.
    Idle,
    /// The next tick is due at this time.
    At(u64),
    Tick(Tick),
}

impl Schedule {
    pub(crate) fn new(settings: &CardSettings) -> Self {
        let ppm = Direction::BOTH.map(|direction| settings.ppm(direction));
        let mut schedule = Self {
            now: 0,
            hangs: false,
            unplugged: false,
            other_default: false,
            only: None,
            only_format: None,
            held: [[false; 5]; 2],
            stopping: false,
            ports: ppm.map(|ppm| Port::new(Clock::new(settings.rate, ppm))),
            ppm,
            rate: settings.rate,
            period: settings.period,
            latency: settings.latency,
            latency_nanos: 0,
            hold: 0,
            since: None,
            run: 0,
            remainder: 0,
            zero_capture: false,
            stuck_buffer: false,
            flood: 0,
            report_xruns: settings.report_xruns,
        };
        schedule.configure(settings.rate, settings.period);
        schedule
    }

    /// Sets rate and period; no stream may be open.
    pub(crate) fn configure(&mut self, rate: u32, period: u32) {
        (self.rate, self.period) = (rate, period);
        for (port, ppm) in self.ports.iter_mut().zip(self.ppm) {
            port.clock = Clock::new(rate, ppm);
        }
        let playback = self.clock(Direction::Playback);
        self.latency_nanos = (self.latency * playback.nanos(1_000_000) as f64 / 1e6).round() as u64;
        self.hold = match Wire::look_ahead(self.latency, self.skew()) {
            0 => 0,
            // The tick that writes the last of these frames comes first, also where both round.
            frames => playback.nanos(frames) + 1,
        };
    }

    /// The playback clock's rate over the capture clock's, minus one.
    pub(crate) fn skew(&self) -> f64 {
        self.clock(Direction::Playback).skew_over(self.clock(Direction::Capture))
    }

    /// Rate and period while a stream is open.
    pub(crate) fn in_use(&self) -> Option<(u32, u32)> {
        self.ports.iter().any(|port| port.open).then_some((self.rate, self.period))
    }

    pub(crate) fn is_open(&self, direction: Direction) -> bool {
        self.ports[direction as usize].open
    }

    pub(crate) fn is_playing(&self, direction: Direction) -> bool {
        self.ports[direction as usize].is_live()
    }

    pub(crate) fn open(&mut self, direction: Direction) {
        self.ports[direction as usize].open = true;
    }

    pub(crate) fn close(&mut self, direction: Direction) {
        self.ports[direction as usize].close();
        self.stop_if_idle();
    }

    /// Starts a stream; its first callback is at the next tick of its clock, one period from now if
    /// the clocks stood still.
    pub(crate) fn play(
        &mut self,
        direction: Direction,
        now: u64,
        gate: &Gate,
    ) -> Result<(), ErrorKind> {
        self.ports[direction as usize].play(gate.is_open(direction))?;
        self.start(now);
        Ok(())
    }

    pub(crate) fn pause(&mut self, direction: Direction) -> Result<(), ErrorKind> {
        let result = self.ports[direction as usize].pause();
        self.stop_if_idle();
        result
    }

    /// Whether a call is to wait.
    pub(crate) fn holds(&self, call: Call, direction: Direction) -> bool {
        let stopped = self.hangs && call != Call::Clock;
        stopped || self.held[direction as usize][call as usize]
    }

    /// Lets all calls go on.
    pub(crate) fn release(&mut self) {
        (self.hangs, self.held) = (false, [[false; 5]; 2]);
    }

    /// Ends a stream for good, and tells it.
    pub(crate) fn end(&mut self, direction: Direction, kind: ErrorKind) {
        self.ports[direction as usize].end(kind);
    }

    fn end_all(&mut self, kind: ErrorKind, now: u64) {
        for port in &mut self.ports {
            port.end(kind);
        }
        // Streams that do not play are told, too, and it is a tick that tells them.
        self.start(now);
    }

    pub(crate) fn inject(&mut self, fault: Fault, now: u64) {
        match fault {
            Fault::Xrun { direction, frames } => self.ports[direction as usize].lose(frames),
            Fault::Stall { direction, duration } => {
                let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
                self.ports[direction as usize].stall(now.saturating_add(nanos));
            }
            Fault::Unplug => {
                self.unplugged = true;
                self.end_all(ErrorKind::DeviceNotAvailable, now);
            }
            Fault::Fail { direction, kind } => {
                self.ports[direction as usize].end(kind);
                self.start(now);
            }
            Fault::Reconfigure { rate, period } => {
                let rate = rate.clamp(*RATES.start(), *RATES.end());
                self.only = Some((rate, period.clamp(*PERIODS.start(), *PERIODS.end())));
                self.end_all(ErrorKind::StreamInvalidated, now);
            }
            Fault::Reformat(format) => {
                self.only_format = Some(format);
                self.end_all(ErrorKind::StreamInvalidated, now);
            }
            Fault::OtherDefault(on) => self.other_default = on,
            Fault::HangIn { call, direction } => {
                self.held[direction as usize][call as usize] = true;
            }
            Fault::ZeroCapture(on) => self.zero_capture = on,
            Fault::StuckBuffer(on) => self.stuck_buffer = on,
            Fault::Hang => self.hangs = true,
            Fault::ErrorFlood { errors } => self.flood = errors,
        }
    }

    /// The next tick if it is due by `until`. Ticks come in the order of their time, capture first
    /// where both are due.
    pub(crate) fn next(&mut self, until: u64, gate: &Gate) -> Next {
        self.stop_if_idle();
        let Some(since) = self.since else { return Next::Idle };
        let [capture, playback] = self.ports.each_ref().map(|port| port.due);
        let capture = capture.saturating_add(self.hold);
        let (direction, at) = if capture <= playback {
            (Direction::Capture, capture)
        } else {
            (Direction::Playback, playback)
        };
        if at > until {
            return Next::At(at);
        }
        self.now = self.now.max(at);
        Next::Tick(self.tick(direction, since, gate))
    }

    /// Gives up the ticks that were missed, where they are too many to catch up on: an xrun of
    /// whole periods.
    pub(crate) fn skip_late(&mut self, now: u64) {
        let Some(since) = self.since else { return };
        let period = u64::from(self.period);
        let bound = LATE_MAX.max(self.clock(Direction::Capture).nanos(2 * period)) + self.hold;
        if self.ports.iter().all(|port| now.saturating_sub(port.due) <= bound) {
            return;
        }
        for port in self.ports.iter_mut().filter(|port| port.due <= now) {
            let late = port.clock.frames(now - since).saturating_sub(port.next);
            port.step((late / period + 1) * period, since);
            port.notices.xruns += u32::from(self.report_xruns && port.is_live());
        }
    }

    /// The time `frames` nominal frames after now. Fractions of a nanosecond are not lost.
    pub(crate) fn time_after(&mut self, frames: u64) -> u64 {
        let rate = u128::from(self.rate);
        let parts = u128::from(frames) * 1_000_000_000 + u128::from(self.remainder);
        self.remainder = (parts % rate) as u64;
        self.now.saturating_add(u64::try_from(parts / rate).unwrap_or(u64::MAX))
    }

    fn tick(&mut self, direction: Direction, since: u64, gate: &Gate) -> Tick {
        let port = &mut self.ports[direction as usize];
        let captures = direction == Direction::Capture;
        let instant = port.due;
        // Captured are the frames before the instant, played those from it on, after the latency.
        let (frame, converted) = if captures {
            let first = port.next.saturating_sub(self.period.into());
            (first, since.saturating_add(port.clock.nanos(first)))
        } else {
            (port.next, instant.saturating_add(self.latency_nanos))
        };
        let called = port.is_live() && !self.hangs && !port.is_stalled();
        let delivery = if !called || self.flood > 0 || port.lost.is_some() {
            None
        } else if port.dead || !gate.is_open(direction) || (captures && self.zero_capture) {
            Some(Delivery::Silence)
        } else if captures && self.stuck_buffer {
            Some(Delivery::Repeat)
        } else {
            Some(Delivery::Audio)
        };
        if called {
            port.notices.flood = self.flood;
        }
        if port.lost.is_some() {
            port.notices.xruns += u32::from(self.report_xruns);
        }
        let frames = port.lost.take().unwrap_or(self.period);
        port.step(frames.into(), since);
        let notices = if self.hangs { Notices::default() } else { mem::take(&mut port.notices) };
        let (run, frame) = (self.run, frame as i64);
        Tick { direction, run, instant, frame, converted, delivery, notices }
    }

    fn start(&mut self, now: u64) {
        if self.since.is_some() {
            return;
        }
        self.since = Some(now);
        self.run += 1;
        for port in &mut self.ports {
            port.next = 0;
            port.step(self.period.into(), now);
        }
    }

    fn stop_if_idle(&mut self) {
        if !self.ports.iter().any(Port::is_busy) {
            self.since = None;
        }
    }

    fn clock(&self, direction: Direction) -> Clock {
        self.ports[direction as usize].clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;

    fn playing() -> (Schedule, Gate) {
        let (mut schedule, gate) = (Schedule::new(&CardSettings::default()), Gate::new());
        for direction in Direction::BOTH {
            schedule.open(direction);
            schedule.play(direction, 0, &gate).unwrap();
        }
        (schedule, gate)
    }

    fn ticks(schedule: &mut Schedule, until: u64, gate: &Gate) -> Vec<Tick> {
        core::iter::from_fn(|| match schedule.next(until, gate) {
            Next::Tick(tick) => Some(tick),
            Next::At(_) | Next::Idle => None,
        })
        .collect()
    }

    #[test]
    fn a_late_thread_catches_up_on_a_quarter_of_a_second() {
        let (mut schedule, gate) = playing();
        schedule.skip_late(260 * MILLI);
        let ticks = ticks(&mut schedule, 260 * MILLI, &gate);
        assert_eq!(ticks.len(), 2 * 26);
        assert!(ticks.iter().all(|tick| tick.notices.xruns == 0));
        assert!(ticks.iter().zip(0..).all(|(tick, n)| tick.instant == (n / 2 + 1) * 10 * MILLI));
    }

    #[test]
    fn what_a_later_thread_missed_is_an_xrun_of_whole_periods() {
        let (mut schedule, gate) = playing();
        schedule.skip_late(261 * MILLI);
        assert!(ticks(&mut schedule, 261 * MILLI, &gate).is_empty());
        let ticks = ticks(&mut schedule, 280 * MILLI, &gate);
        let told: Vec<_> = ticks.iter().map(|tick| (tick.instant, tick.notices.xruns)).collect();
        let (first, second) = (270 * MILLI, 280 * MILLI);
        assert_eq!(told, [(first, 1), (first, 1), (second, 0), (second, 0)]);
    }

    #[test]
    fn the_clocks_start_with_the_first_stream_and_stop_with_the_last() {
        let (mut schedule, gate) = playing();
        ticks(&mut schedule, 10 * MILLI, &gate);
        for direction in Direction::BOTH {
            schedule.pause(direction).unwrap();
        }
        assert!(matches!(schedule.next(u64::MAX, &gate), Next::Idle));
        schedule.play(Direction::Playback, 17 * MILLI, &gate).unwrap();
        let ticks = ticks(&mut schedule, 27 * MILLI, &gate);
        let called = ticks.iter().filter(|tick| tick.delivery.is_some());
        assert_eq!(
            called.map(|tick| (tick.instant, tick.run)).collect::<Vec<_>>(),
            [(27 * MILLI, 2)]
        );
    }
}
