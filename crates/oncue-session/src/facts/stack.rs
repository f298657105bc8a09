//! The media stack beside the app (WebRTC, a SIP stack): what it was told, and its switches.

use super::Seen;
use super::session::Session;
use oncue_platform::{Configuration, Event, EventKind, Party, Thread};

/// What is known of the media stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stack {
    /// The configuration that it applies by itself.
    pub(crate) stored: Option<Configuration>,
    /// Whether its proxy of the session is locked, and by whom on which thread it was.
    pub(crate) locked: Option<bool>,
    pub(crate) locked_by: Option<(Party, Option<Thread>)>,
    pub(crate) manual: bool,
    pub(crate) has_track: bool,
    /// Whether it is told of activations at all: a stack with one gate only is not.
    pub(crate) is_told: bool,
    /// What it was told last.
    pub(crate) told_active: Option<bool>,
    /// Whether it was told of the last activation, and how often of any since the system last told of one.
    pub(crate) told_of_activation: bool,
    pub(crate) told: u32,
    /// Its switch.
    pub(crate) enabled: Option<bool>,
    /// Whether it was switched on in this activation before it was told of it.
    pub(crate) enabled_untold: bool,
    /// Whether the captured audio is muted.
    pub(crate) muted: Option<bool>,
    /// Whether the mute was applied since the last start of a unit.
    pub(crate) mute_renewed: bool,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::DidActivate,
    EventKind::DidDeactivate,
    EventKind::StartUnit,
    EventKind::StoreConfiguration,
    EventKind::LockProxy,
    EventKind::UnlockProxy,
    EventKind::UseManualAudio,
    EventKind::CreateTrack,
    EventKind::TellStack,
    EventKind::EnableAudio,
    EventKind::ApplyMute,
];

impl Stack {
    /// Whether a stack that is told of activations was not told of this one.
    pub(crate) fn needs_telling(&self) -> bool {
        (self.is_told || self.manual) && self.told_active != Some(true)
    }

    #[inline(always)]
    pub(super) fn learn(&mut self, seen: &Seen<'_>, session: &Session) {
        match *seen.event {
            Event::StoreConfiguration { category, mode, options } => {
                self.stored = Some(Configuration {
                    category,
                    mode: mode.unwrap_or(oncue_platform::Mode::Default),
                    options: options.unwrap_or_default(),
                });
            }
            Event::LockProxy {} => {
                (self.locked, self.locked_by) = (Some(true), Some((seen.by, seen.thread)));
            }
            Event::UnlockProxy {} => self.locked = Some(false),
            Event::UseManualAudio {} => self.manual = true,
            Event::CreateTrack {} => self.has_track = true,
            Event::TellStack { active } => {
                (self.is_told, self.told_active) = (true, Some(active));
                self.told_of_activation |= active;
                self.told += u32::from(active);
                self.enabled_untold &= !active;
            }
            Event::EnableAudio { on } => {
                self.enabled = Some(on);
                self.enabled_untold = on && session.is_active() && self.told_active != Some(true);
            }
            Event::DidActivate {} => {
                self.told_of_activation &= session.activated_twice;
                (self.told, self.enabled_untold) = (0, false);
            }
            Event::DidDeactivate {} => {
                (self.told_of_activation, self.told, self.enabled_untold) = (false, 0, false);
            }
            Event::ApplyMute { muted } => (self.muted, self.mute_renewed) = (Some(muted), true),
            Event::StartUnit { .. } => self.mute_renewed = false,
            _ => {}
        }
    }
}
