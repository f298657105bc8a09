//! The audio units of an app, and what runs of them.

use super::Seen;
use super::session::Session;
use alloc::vec::Vec;
use core::time::Duration;
use oncue_platform::{Event, EventKind, Id, RouteChangeReason};

/// How many units are remembered at most; the oldest goes first.
const REMEMBERED: usize = 8;

/// What is known of a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) id: Id,
    pub(crate) voice_processing: Option<bool>,
    pub(crate) initialized: bool,
    /// The rate of its format, in Hz.
    pub(crate) rate_hz: Option<u32>,
    pub(crate) runs: bool,
    pub(crate) playback_only: bool,
    /// Whether it was started in an earlier activation and not built again since.
    pub(crate) outlived: bool,
    /// Whether it was made before the media services were lost or reset.
    pub(crate) dead: bool,
    /// Frames captured and played at the last reading.
    pub(crate) frames: Option<(u64, u64)>,
    /// Since when it has made no progress although it runs.
    pub(crate) stalled_since: Option<Duration>,
    /// Since when it has captured nothing although it plays on.
    pub(crate) deaf_since: Option<Duration>,
    /// Since when all that went through it was silent.
    pub(crate) silent_since: Option<Duration>,
    /// Whether it ran when the session was deactivated, and was not stopped since.
    pub(crate) ran_at_deactivation: bool,
    /// Whether it ran when the provider was reset, and was not stopped since.
    pub(crate) ran_at_reset: bool,
    /// Whether its format is that of a route which has changed since.
    pub(crate) old_route: bool,
}

/// The units that are remembered.
#[derive(Clone, Debug)]
pub(crate) struct Units {
    units: Vec<Unit>,
    /// Whether an interruption has come, and no activation by the system or foreground since.
    pub(crate) interrupted: bool,
    /// Whether the route is gone, or none suits, and nothing was configured, activated or read since.
    pub(crate) no_route: bool,
    /// The rate that was read of the route as it is.
    route_rate: Option<u32>,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::Refused,
    EventKind::SessionIs,
    EventKind::EnteredForeground,
    EventKind::SetCategory,
    EventKind::SetMode,
    EventKind::SetPreferred,
    EventKind::OverrideOutput,
    EventKind::DidActivate,
    EventKind::SetActive,
    EventKind::InterruptionBegan,
    EventKind::RouteChanged,
    EventKind::DidDeactivate,
    EventKind::MediaServicesLost,
    EventKind::MediaServicesReset,
    EventKind::CreateUnit,
    EventKind::SetMaxFrames,
    EventKind::InitializeUnit,
    EventKind::StartUnit,
    EventKind::StopUnit,
    EventKind::DisposeUnit,
    EventKind::Samples,
    EventKind::ProviderReset,
];

impl Units {
    pub(super) fn new() -> Self {
        Self {
            units: Vec::with_capacity(REMEMBERED),
            interrupted: false,
            no_route: false,
            route_rate: None,
        }
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == id)
    }

    pub(crate) fn any(&self, what: impl Fn(&Unit) -> bool) -> bool {
        self.units.iter().any(what)
    }

    /// Whether a unit other than `but` runs.
    pub(crate) fn other_runs(&self, but: Id) -> bool {
        self.any(|unit| unit.runs && unit.id != but)
    }

    fn known(&mut self, id: Id) -> &mut Unit {
        let place = self.units.iter().position(|unit| unit.id == id).unwrap_or_else(|| {
            if self.units.len() == REMEMBERED {
                self.units.remove(0);
            }
            self.units.push(Unit {
                id,
                voice_processing: None,
                initialized: false,
                rate_hz: None,
                runs: false,
                playback_only: false,
                outlived: false,
                dead: false,
                frames: None,
                stalled_since: None,
                deaf_since: None,
                silent_since: None,
                ran_at_deactivation: false,
                ran_at_reset: false,
                old_route: false,
            });
            self.units.len() - 1
        });
        &mut self.units[place]
    }

    #[inline(always)]
    pub(super) fn learn(&mut self, seen: &Seen<'_>, session: &Session) {
        self.learn_surroundings(seen);
        match *seen.event {
            Event::CreateUnit { unit, voice_processing } => {
                self.units.retain(|known| known.id != unit);
                let unit = self.known(unit);
                unit.voice_processing = voice_processing;
            }
            Event::SetMaxFrames { unit, .. } => {
                self.known(unit);
            }
            Event::InitializeUnit { unit, rate_hz } => {
                let unit = self.known(unit);
                unit.initialized = true;
                unit.rate_hz = rate_hz.or(unit.rate_hz);
                (unit.outlived, unit.old_route) = (false, false);
            }
            Event::StartUnit { unit, playback_only } => {
                let unit = self.known(unit);
                unit.playback_only = playback_only.unwrap_or(false);
                // What starts was initialized, seen or not.
                unit.initialized = true;
                (unit.runs, unit.frames, unit.stalled_since, unit.silent_since) =
                    (true, None, None, None);
                (unit.ran_at_deactivation, unit.deaf_since) = (false, None);
                unit.ran_at_reset = false;
            }
            Event::StopUnit { unit } => {
                let unit = self.known(unit);
                (unit.runs, unit.stalled_since, unit.silent_since) = (false, None, None);
                (unit.ran_at_deactivation, unit.deaf_since) = (false, None);
                unit.ran_at_reset = false;
            }
            Event::DisposeUnit { unit } => self.units.retain(|known| known.id != unit),
            Event::Samples { unit, captured, played, silent } => {
                let unit = self.known(unit);
                let now = (captured, played);
                let moves = unit.frames.is_none_or(|before| before != now);
                unit.stalled_since =
                    if moves { None } else { unit.stalled_since.or(Some(seen.at)) };
                let deaf = unit.frames.is_some_and(|(before, _)| before == captured) && moves;
                unit.deaf_since = if deaf { unit.deaf_since.or(Some(seen.at)) } else { None };
                unit.silent_since = match silent {
                    Some(true) => unit.silent_since.or(Some(seen.at)),
                    _ => None,
                };
                unit.frames = Some(now);
            }
            Event::Refused { unit: Some(unit), of: EventKind::StartUnit, .. } => {
                self.known(unit).runs = false;
            }
            Event::Refused { unit: Some(unit), of: EventKind::InitializeUnit, .. } => {
                self.known(unit).initialized = false;
            }
            // A late deactivation is an old call's.
            Event::DidDeactivate {} if !session.deactivated_late => {
                for unit in &mut self.units {
                    unit.ran_at_deactivation |= unit.runs;
                    // What went through it before is no progress from here on.
                    unit.frames = None;
                    unit.outlived |= unit.initialized || unit.runs;
                }
            }
            Event::ProviderReset {} => {
                for unit in &mut self.units {
                    unit.ran_at_reset |= unit.runs;
                    unit.frames = None;
                }
            }
            // What a session without its activation ran is silent, but its unit still counts as started.
            Event::MediaServicesLost {} | Event::MediaServicesReset {} => {
                for unit in &mut self.units {
                    (unit.dead, unit.runs, unit.ran_at_deactivation) = (true, false, false);
                }
            }
            _ => {}
        }
    }

    /// What happens to the session that all units share.
    #[inline(always)]
    fn learn_surroundings(&mut self, seen: &Seen<'_>) {
        match *seen.event {
            Event::InterruptionBegan { .. } => self.interrupted = true,
            Event::EnteredForeground {} => self.interrupted = false,
            Event::DidActivate {} => {
                (self.interrupted, self.no_route, self.route_rate) = (false, false, None);
            }
            Event::RouteChanged { reason } => {
                if let Some(rate) = self.route_rate.take() {
                    self.units
                        .iter_mut()
                        .for_each(|unit| unit.old_route |= unit.rate_hz == Some(rate));
                }
                self.no_route = matches!(
                    reason,
                    RouteChangeReason::NoSuitableRoute | RouteChangeReason::OldDeviceUnavailable
                );
            }
            Event::SessionIs { rate_hz: Some(rate), .. } => {
                (self.route_rate, self.no_route) = (Some(rate), false);
            }
            Event::SetCategory { .. }
            | Event::SetMode { .. }
            | Event::SetPreferred { .. }
            | Event::OverrideOutput { .. }
            | Event::SetActive { active: true }
            | Event::CreateUnit { .. }
            | Event::InitializeUnit { .. } => self.no_route = false,
            _ => {}
        }
    }
}
