//! One direction of the card: its clock, its stream, and what the stream is to be told.

use cpal::ErrorKind;

use crate::clock::Clock;

/// One direction of the card. Times are nanoseconds of the card's epoch.
pub(crate) struct Port {
    pub(crate) clock: Clock,
    /// The frame of this clock at which the next callback is due.
    pub(crate) next: u64,
    /// The instant of that frame.
    pub(crate) due: u64,
    pub(crate) open: bool,
    playing: bool,
    /// The stream was started while the gate was closed.
    pub(crate) dead: bool,
    /// Why the stream gets no callbacks any more.
    ended: Option<ErrorKind>,
    stalled_until: u64,
    /// Frames that an xrun costs at the next tick.
    pub(crate) lost: Option<u32>,
    pub(crate) notices: Notices,
}

/// What a stream's error callback is to be told.
#[derive(Clone, Copy, Default)]
pub(crate) struct Notices {
    pub(crate) ended: Option<ErrorKind>,
    pub(crate) xruns: u32,
    pub(crate) flood: u32,
}

impl Port {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            next: 0,
            due: 0,
            open: false,
            playing: false,
            dead: false,
            ended: None,
            stalled_until: 0,
            lost: None,
            notices: Notices::default(),
        }
    }

    /// Forgets the stream; clock and stall are the card's.
    pub(crate) fn close(&mut self) {
        let Self { clock, next, due, stalled_until, .. } = *self;
        *self = Self { next, due, stalled_until, ..Self::new(clock) };
    }

    pub(crate) fn play(&mut self, permitted: bool) -> Result<(), ErrorKind> {
        if !self.playing {
            self.playing = true;
            self.dead = !permitted;
        }
        self.ended.map_or(Ok(()), Err)
    }

    pub(crate) fn pause(&mut self) -> Result<(), ErrorKind> {
        self.playing = false;
        self.lost = None;
        self.ended.map_or(Ok(()), Err)
    }

    /// Ends the stream for good, and tells it.
    pub(crate) fn end(&mut self, kind: ErrorKind) {
        if self.open && self.ended.is_none() {
            self.ended = Some(kind);
            self.notices.ended = Some(kind);
        }
    }

    pub(crate) fn lose(&mut self, frames: u32) {
        if self.is_live() {
            self.lost = Some(self.lost.unwrap_or(0).saturating_add(frames));
        }
    }

    pub(crate) fn stall(&mut self, until: u64) {
        self.stalled_until = self.stalled_until.max(until);
    }

    /// Moves the next callback by `frames`, on a clock that runs since `since`.
    pub(crate) fn step(&mut self, frames: u64, since: u64) {
        self.next += frames;
        self.due = since.saturating_add(self.clock.nanos(self.next));
    }

    /// The stream plays and has not ended.
    pub(crate) fn is_live(&self) -> bool {
        self.playing && self.ended.is_none()
    }

    /// The clock is needed, for audio or for a last word.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_live() || self.notices.ended.is_some()
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.due < self.stalled_until
    }
}
