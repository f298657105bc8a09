//! What is around the calls: foreground, permission, store, protected data, the user's wishes, the bridge to another
//! layer.

use super::Seen;
use core::time::Duration;
use oncue_platform::{Event, EventKind, Permission};

/// What is known of the surroundings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) foreground: Option<bool>,
    pub(crate) protected_data: Option<bool>,
    pub(crate) permission: Option<Permission>,
    pub(crate) mainland_china: Option<bool>,
    pub(crate) on_mac: bool,
    pub(crate) background_task: bool,
    pub(crate) prefers_no_alerts: bool,
    /// How many calls were handed over whose start has not been requested yet.
    pub(crate) handed_over: u8,
    pub(crate) launch_finished: bool,
    /// The user's last wish for the loudspeaker, and when.
    pub(crate) speaker_wish: Option<(bool, Duration)>,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::LaunchFinished,
    EventKind::EnteredForeground,
    EventKind::EnteredBackground,
    EventKind::ProtectedData,
    EventKind::Storefront,
    EventKind::RunsOnMac,
    EventKind::PermissionIs,
    EventKind::AskPermission,
    EventKind::BeginBackgroundTask,
    EventKind::EndBackgroundTask,
    EventKind::PreferNoAlerts,
    EventKind::StartUnit,
    EventKind::StartCallIntent,
    EventKind::Request,
    EventKind::UserWantsSpeaker,
];

impl Surroundings {
    /// Whether the app is known to be in the background.
    pub(crate) fn in_background(&self) -> bool {
        self.foreground == Some(false)
    }

    #[inline(always)]
    pub(super) fn learn(&mut self, seen: &Seen<'_>) {
        match *seen.event {
            Event::EnteredForeground {} => self.foreground = Some(true),
            Event::EnteredBackground {} => self.foreground = Some(false),
            Event::LaunchFinished {} => self.launch_finished = true,
            // There is one first unlock: data that could be read once can be read from then on.
            Event::ProtectedData { available } => {
                self.protected_data = Some(available || self.protected_data == Some(true));
            }
            Event::PermissionIs { permission } => self.permission = Some(permission),
            // The user answers the prompt, which a start brings up too, and the foreground alone.
            Event::AskPermission {} | Event::StartUnit { .. }
                if !self.in_background() && self.permission == Some(Permission::Undetermined) =>
            {
                self.permission = None;
            }
            Event::Storefront { mainland_china } => self.mainland_china = Some(mainland_china),
            Event::RunsOnMac {} => self.on_mac = true,
            Event::BeginBackgroundTask {} => self.background_task = true,
            Event::EndBackgroundTask {} => self.background_task = false,
            Event::PreferNoAlerts { on } => self.prefers_no_alerts = on,
            Event::StartCallIntent { .. } => {
                self.handed_over = self.handed_over.saturating_add(1);
            }
            Event::Request { kind: oncue_platform::ActionKind::Start, .. } => {
                self.handed_over = self.handed_over.saturating_sub(1);
            }
            Event::UserWantsSpeaker { on } => self.speaker_wish = Some((on, seen.at)),
            _ => {}
        }
    }
}
