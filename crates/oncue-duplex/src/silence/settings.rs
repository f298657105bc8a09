//! How long each kind of silence lasts before it is told, and the other times of the watch.

use super::SilenceKind;
use core::time::Duration;

/// Hold times, and what comes after. Every time counts from the onset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilenceSettings {
    /// [`SilenceKind::NoCallbacks`]: 0.5 s by default, or three blocks if that is longer.
    pub no_callbacks: Duration,
    /// [`SilenceKind::NothingWritten`]: 2 s by default.
    pub nothing_written: Duration,
    /// [`SilenceKind::NothingRead`]: 2 s by default.
    pub nothing_read: Duration,
    /// [`SilenceKind::DigitalZero`]: 2 s by default.
    pub digital_zero: Duration,
    /// The same behind a noise gate, whose zeros last as long as nobody speaks: 10 s by default. A stream has a gate
    /// once three stretches of zeros ended by themselves within a minute.
    pub gated_zero: Duration,
    /// [`SilenceKind::BelowFloor`]: 4 s by default.
    pub below_floor: Duration,
    /// [`SilenceKind::Stuck`]: 0.5 s by default.
    pub stuck: Duration,
    /// [`SilenceKind::Repeated`]: 0.5 s by default.
    pub repeated: Duration,
    /// [`SilenceKind::DcOffset`]: 2 s by default.
    pub dc_offset: Duration,
    /// [`SilenceKind::Clipping`]: 1 s by default.
    pub clipping: Duration,
    /// A silence is over once the stream is sound again for this long; what comes back sooner is the same one. 1 s by
    /// default.
    pub rearm: Duration,
    /// A kind is not told again before this long after its last end, in that direction; a silence that outlasts it is
    /// told then. 10 s by default. A stall is told each time.
    pub cool_down: Duration,
    /// The floor of capture in dBFS, where it is known before it is learned: the level of a quiet room. By default it
    /// is learned from three pauses, and until then only what is below −80 dBFS is silent.
    pub floor_dbfs: Option<i16>,
}

impl Default for SilenceSettings {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            no_callbacks: ms(500),
            nothing_written: ms(2000),
            nothing_read: ms(2000),
            digital_zero: ms(2000),
            gated_zero: ms(10_000),
            below_floor: ms(4000),
            stuck: ms(500),
            repeated: ms(500),
            dc_offset: ms(2000),
            clipping: ms(1000),
            rearm: ms(1000),
            cool_down: ms(10_000),
            floor_dbfs: None,
        }
    }
}

impl SilenceSettings {
    /// How long this kind lasts before it is told; nothing for what no stream shows by itself.
    pub const fn hold(&self, kind: SilenceKind) -> Option<Duration> {
        Some(match kind {
            SilenceKind::NoCallbacks => self.no_callbacks,
            SilenceKind::NothingWritten => self.nothing_written,
            SilenceKind::NothingRead => self.nothing_read,
            SilenceKind::DigitalZero => self.digital_zero,
            SilenceKind::BelowFloor => self.below_floor,
            SilenceKind::Stuck => self.stuck,
            SilenceKind::Repeated => self.repeated,
            SilenceKind::DcOffset => self.dc_offset,
            SilenceKind::Clipping => self.clipping,
            SilenceKind::NotHeard => return None,
        })
    }
}
