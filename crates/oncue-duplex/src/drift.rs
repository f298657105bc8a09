//! The ratio that holds one clock to another: what a resampler between them must do. Pure: time enters with the stamps.

use crate::dll::Dll;

/// How long both clocks must have been seen, in s, before the ratio leaves the nominal one.
const SETTLE: f64 = 2.0;

/// In which time an error of position is made up for, in s: half the time seen, within these. As a loop's bandwidth they
/// are 0.05 and 0.005 Hz.
const LOOP: (f64, f64) = (3.0, 30.0);

/// How far the ratio may be from the nominal one, in ppm: more than any two clocks that run at all.
pub const MAX_PPM: f64 = 5_000.0;

/// The most that is added to the ratio to make up for an error of position, in ppm: a hundredth of what an ear notices
/// as a change of pitch.
const PULL_PPM: f64 = 50.0;

/// Two clocks, of which one leads and the other follows: from the times at which each was seen at an index to the ratio
/// at which the follower's audio is to be resampled.
///
/// The rates come from a [`Dll`] on each clock, so that the ratio is right as soon as they are known; a slow loop around
/// them holds the position, so that no error adds up. Where a clock jumps (frames were lost, the machine slept) the loop
/// goes on from there: what is lost is not stretched over. Time (ns) is one clock for both, any that does not stop.
///
/// Three uses: capture that follows playback, where they are two devices; capture that follows a call stack's own clock;
/// and that clock, which a playback device follows the other way round, as the leader.
///
/// ```
/// use oncue_duplex::DriftLoop;
///
/// // A microphone 40 ppm fast, seen every 10 ms, beside playback that is exact.
/// let mut drift = DriftLoop::new(48_000, 48_000, 48_000);
/// for k in 0..6000_u64 {
///     drift.leader(10_000_000 * k as i64, 480 * k);
///     drift.follower((9_999_600.016 * k as f64) as i64, 480 * k);
/// }
/// assert!((drift.ppm() + 40.0).abs() < 0.1);
/// ```
#[derive(Clone, Debug)]
pub struct DriftLoop {
    follower: Dll,
    leader: Dll,
    /// Frames of the result per frame of the follower and of the leader, by their nominal rates.
    nominal: f64,
    of_leader: f64,
    ratio: f64,
    /// Hz.
    result: f64,
    slips: u64,
    /// The follower's frame up to which the result was counted, and the count there.
    counted: Option<(f64, f64)>,
    /// What the result's count is to be ahead of the leader's, in frames of the result.
    ahead: f64,
}

impl DriftLoop {
    /// A follower and a leader of nominally these rates, and the rate in which the result is wanted, in Hz: usually the
    /// leader's.
    pub fn new(follower: u32, leader: u32, result: u32) -> Self {
        let [follower_hz, leader_hz, result] =
            [follower, leader, result].map(|rate| f64::from(rate.max(1)));
        let nominal = result / follower_hz;
        Self {
            follower: Dll::new(follower),
            leader: Dll::new(leader),
            nominal,
            of_leader: result / leader_hz,
            ratio: nominal,
            result,
            slips: 0,
            counted: None,
            ahead: 0.0,
        }
    }

    /// The follower was seen to stand at `index` (its frames) at time `at` (ns).
    pub fn follower(&mut self, at: i64, index: u64) {
        let before = self.lead();
        if self.follower.update(at, index) {
            self.jumped(before);
        }
    }

    /// The leader was seen to stand at `index` (its frames) at time `at` (ns).
    pub fn leader(&mut self, at: i64, index: u64) {
        let (before, latest) = (self.lead(), self.leader.latest());
        if self.leader.update(at, index) {
            self.jumped(before);
        } else if self.leader.latest() != latest {
            self.steer();
        }
    }

    /// Both streams were started anew: where they stood is forgotten, and the ratio stays until it is known better.
    pub fn clear(&mut self) {
        self.follower.clear();
        self.leader.clear();
        self.counted = None;
    }

    /// The follower's stream was started anew, perhaps on another device, of nominally `rate` Hz: where it stood is
    /// forgotten.
    pub fn renew_follower(&mut self, rate: u32) {
        let nominal = self.result / f64::from(rate.max(1));
        self.ratio *= nominal / self.nominal;
        self.nominal = nominal;
        self.follower = Dll::new(rate);
        self.counted = None;
    }

    /// The leader's stream was started anew, likewise.
    pub fn renew_leader(&mut self, rate: u32) {
        self.of_leader = self.result / f64::from(rate.max(1));
        self.leader = Dll::new(rate);
        self.counted = None;
    }

    /// Frames of the result per frame of the follower: what the resampler is to be set to now.
    pub const fn ratio(&self) -> f64 {
        self.ratio
    }

    /// How far the ratio is from the nominal one, in ppm.
    pub fn ppm(&self) -> f64 {
        (self.ratio / self.nominal - 1.0) * 1e6
    }

    /// The frames, with their fractions, at which follower and leader stand at the same time, the latest at which the
    /// leader was seen; `None` until both were.
    pub fn indices(&self) -> Option<(f64, f64)> {
        let at = self.leader.latest()?;
        Some((self.follower.index(at)?, self.leader.index(at)?))
    }

    /// How often one of the clocks jumped.
    pub const fn slips(&self) -> u64 {
        self.slips
    }

    /// What the result is ahead of the leader at time `at` (ns), in frames of the result, had all of the follower's
    /// frames been resampled as they came.
    fn lead_at(&self, at: i64) -> Option<f64> {
        let (frame, count) = self.counted?;
        let count = count + (self.follower.index(at)? - frame) * self.ratio;
        Some(count - self.leader.index(at)? * self.of_leader)
    }

    fn lead(&self) -> Option<f64> {
        self.lead_at(self.leader.latest()?)
    }

    /// A clock jumped: the loop holds the position it has now.
    fn jumped(&mut self, before: Option<f64>) {
        self.slips += 1;
        if let (Some(before), Some(after)) = (before, self.lead()) {
            self.ahead += after - before;
        }
    }

    fn steer(&mut self) {
        let age = self.follower.age().min(self.leader.age());
        let Some(at) = self.leader.latest().filter(|_| age >= SETTLE) else { return };
        let Some(frame) = self.follower.index(at) else { return };
        let Some(lead) = self.lead_at(at) else {
            self.counted = Some((frame, 0.0));
            self.ahead = self.lead_at(at).unwrap_or(0.0);
            return;
        };
        let (slowest, frames_per_s) =
            ((age / 2.0).clamp(LOOP.0, LOOP.1), self.leader.rate() * self.of_leader);
        let pull = (self.ahead - lead) / (slowest * frames_per_s);
        let count = lead + self.leader.index(at).unwrap_or(0.0) * self.of_leader;
        self.counted = Some((frame, count));
        let rates = self.leader.rate() * self.of_leader / self.follower.rate();
        let ratio = rates * (1.0 + pull.clamp(-PULL_PPM * 1e-6, PULL_PPM * 1e-6));
        let most = 1e-6 * MAX_PPM;
        self.ratio = ratio.clamp(self.nominal * (1.0 - most), self.nominal * (1.0 + most));
    }
}
