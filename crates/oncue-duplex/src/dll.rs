//! A clock as its callbacks show it: a second-order delay-locked loop over time stamps, after Fons Adriaensen, "Using a
//! DLL to filter time" (Linux Audio Conference 2005). Pure: time enters with the stamps.
//!
//! Two things differ from the paper, both since a callback comes late but never early:
//! - of each window, the stamp that came earliest goes into the loop. It hardly moves with the load of the machine, and a
//!   stall within a window leaves no trace at all;
//! - the loop's memory grows with what it has seen, up to [`MEMORY`]: its bandwidth narrows as 0.4 / memory, to 0.01 Hz.

/// The longest memory, in s.
const MEMORY: f64 = 40.0;

/// The part of the time seen that is remembered while that is less than [`MEMORY`]: less than all, so that the rough
/// first moments of a stream are forgotten.
const REMEMBERED: f64 = 0.75;

/// The longest window of which the earliest stamp is taken, in s, and the part of the time seen that it is before.
const WINDOW: f64 = 0.5;
const WINDOW_PART: f64 = 1.0 / 32.0;

/// How far a clock may be from its nominal rate, in ppm.
pub(crate) const MAX_PPM: f64 = 10_000.0;

/// A stamp is out of place if it is off by this, in ns, and by eight times what stamps usually are off.
const OUT_OF_PLACE: f64 = 2e6;

/// That many windows out of place in a row mean that the clock jumped.
const JUMP_WINDOWS: u32 = 3;

/// A lasting error means that the rate has changed if it is of this size, in ns, and four times the usual one.
const LASTING: f64 = 1e5;

/// The time seen, in s, that the loop starts over with when the rate has changed; below twice that it does not judge.
const REOPENED: f64 = 2.0;

/// A clock's position and rate, from the times at which it was seen to stand at an index.
#[derive(Clone, Debug)]
pub struct Dll {
    /// ns per frame.
    nominal: f64,
    lock: Option<Lock>,
}

#[derive(Clone, Copy, Debug)]
struct Lock {
    /// The first stamp, from which times (ns) and frames count, so that doubles hold them for months.
    epoch: (i64, u64),
    /// Where the loop stands.
    at: f64,
    frame: f64,
    /// ns per frame.
    period: f64,
    /// Time seen, in ns.
    age: f64,
    /// The frame at which the present window began, and its earliest stamp: error in ns, frame.
    window: f64,
    earliest: Option<(f64, f64)>,
    /// Usual distance of an error from the mean, in ns.
    usual: f64,
    /// Mean of the last few errors, in ns.
    mean: f64,
    /// Windows out of place in a row, and the earliest error in them.
    outside: (u32, f64),
}

impl Dll {
    /// A clock of nominally `rate` Hz that was not seen yet.
    pub fn new(rate: u32) -> Self {
        Self { nominal: 1e9 / f64::from(rate.max(1)), lock: None }
    }

    /// The clock was seen to stand at `index` (frames) at time `at` (ns). An index that does not advance is passed
    /// over. True when the clock's position jumped: frames were lost, or the machine slept.
    pub fn update(&mut self, at: i64, index: u64) -> bool {
        match &mut self.lock {
            Some(lock) => lock.saw(self.nominal, at, index),
            None => {
                self.lock = Some(Lock::new(self.nominal, at, index));
                false
            }
        }
    }

    /// Forgets where the clock stood: its stream was started anew.
    pub fn clear(&mut self) {
        self.lock = None;
    }

    /// The frame, with its fraction, at which the clock stands at time `at` (ns); `None` before the first stamp.
    pub fn index(&self, at: i64) -> Option<f64> {
        let lock = self.lock.as_ref()?;
        let frame = lock.frame + (since(lock.epoch.0, at) - lock.at) / lock.period;
        Some(lock.epoch.1 as f64 + frame)
    }

    /// The clock's rate in Hz: the nominal one before it was seen twice.
    pub fn rate(&self) -> f64 {
        1e9 / self.lock.as_ref().map_or(self.nominal, |lock| lock.period)
    }

    /// How long the clock has been seen without a change of its rate, in s.
    pub fn age(&self) -> f64 {
        self.lock.as_ref().map_or(0.0, |lock| lock.age * 1e-9)
    }

    /// The time (ns) of the latest stamp that the loop took.
    pub fn latest(&self) -> Option<i64> {
        let lock = self.lock.as_ref()?;
        Some(lock.epoch.0.saturating_add(lock.at as i64))
    }
}

/// ns from `epoch` to `at`.
fn since(epoch: i64, at: i64) -> f64 {
    at.saturating_sub(epoch) as f64
}

impl Lock {
    const fn new(nominal: f64, at: i64, index: u64) -> Self {
        Self {
            epoch: (at, index),
            at: 0.0,
            frame: 0.0,
            period: nominal,
            age: 0.0,
            window: 0.0,
            earliest: None,
            usual: 0.0,
            mean: 0.0,
            outside: (0, f64::INFINITY),
        }
    }

    /// Takes a stamp in, which ends the window when that is long enough. True when the clock jumped.
    fn saw(&mut self, nominal: f64, at: i64, index: u64) -> bool {
        let frame = index.wrapping_sub(self.epoch.1) as i64 as f64;
        if frame <= self.window {
            return false;
        }
        let error = since(self.epoch.0, at) - (self.at + (frame - self.frame) * self.period);
        let (earliest, its_frame) = *self
            .earliest
            .insert(self.earliest.filter(|(least, _)| *least <= error).unwrap_or((error, frame)));
        let window = (self.age * WINDOW_PART).min(WINDOW * 1e9);
        if (frame - self.window) * nominal < window {
            return false;
        }
        self.window = frame;
        self.earliest = None;
        self.judge(nominal, earliest, its_frame)
    }

    /// Judges the earliest stamp of a window, and takes it in. True when the clock jumped.
    fn judge(&mut self, nominal: f64, error: f64, frame: f64) -> bool {
        if self.age < 2e9 * REOPENED {
            self.usual += (error.abs() - self.usual) / 16.0;
        } else if error.abs() > OUT_OF_PLACE.max(8.0 * self.usual) {
            return self.out_of_place(error, frame);
        } else {
            self.usual += ((error - self.mean).abs() - self.usual) / 32.0;
            self.mean += (error - self.mean) / 4.0;
            if self.mean.abs() > LASTING.max(4.0 * self.usual) {
                self.age = 1e9 * REOPENED;
                self.mean = 0.0;
            }
        }
        self.outside = (0, f64::INFINITY);
        self.take(nominal, error, frame);
        false
    }

    /// Passes over a window with nothing but stamps out of place, or believes them if there were several in a row.
    fn out_of_place(&mut self, error: f64, frame: f64) -> bool {
        self.at += (frame - self.frame) * self.period;
        self.frame = frame;
        let (count, earliest) = (self.outside.0 + 1, self.outside.1.min(error));
        self.outside = (count, earliest);
        let jumped = count == JUMP_WINDOWS;
        if jumped {
            self.at += earliest;
            self.outside = (0, f64::INFINITY);
        }
        jumped
    }

    /// The line of least squares through the stamps so far in its recursive form, its memory held to a part of them.
    fn take(&mut self, nominal: f64, error: f64, frame: f64) {
        let frames = frame - self.frame;
        let step = frames * nominal;
        let n = 1.0 + (REMEMBERED * self.age).min(1e9 * MEMORY) / step;
        let phase = 2.0 * (2.0 * n + 1.0) / ((n + 1.0) * (n + 2.0));
        let rate = 6.0 / ((n + 1.0) * (n + 2.0));
        self.at += frames * self.period + phase * error;
        self.frame = frame;
        self.period = (self.period + rate * error / frames)
            .clamp(nominal * (1.0 - MAX_PPM * 1e-6), nominal * (1.0 + MAX_PPM * 1e-6));
        self.age += step;
    }
}
