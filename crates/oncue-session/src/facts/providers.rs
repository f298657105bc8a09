//! The app's providers of calls and its push registry.

use super::Seen;
use alloc::vec::Vec;
use core::time::Duration;
use oncue_platform::{Event, EventKind, Framework, Id};

/// How many providers are remembered at most; the oldest goes first.
const REMEMBERED: usize = 4;

/// What is known of a provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Provider {
    pub(crate) id: Id,
    /// When it was made.
    pub(crate) since: Duration,
    pub(crate) framework: Framework,
    pub(crate) began: bool,
    pub(crate) invalidated: bool,
    /// Whether the main queue made a turn since it was made.
    pub(crate) settled: bool,
    pub(crate) max_groups: Option<u8>,
}

/// Providers and the registry.
#[derive(Clone, Debug)]
pub(crate) struct Providers {
    providers: Vec<Provider>,
    /// Whether a configuration was set since the last report of a new call; unknown before the first of both.
    pub(crate) configured_since_report: Option<bool>,
    /// Whether the provider was reset, and no new one made since.
    pub(crate) was_reset: bool,
    /// When it was reset last.
    pub(crate) reset_at: Option<Duration>,
    /// Whether a transaction was refused with 2 or 4 since the reset.
    pub(crate) refused_after_reset: bool,
    pub(crate) registry: bool,
    pub(crate) registry_delegate: bool,
    pub(crate) voip_requested: bool,
    /// Whether the main queue made a turn since the registry was made.
    pub(crate) registry_settled: bool,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::MainQueueTurn,
    EventKind::CreateProvider,
    EventKind::ProviderBegan,
    EventKind::ConfigureProvider,
    EventKind::InvalidateProvider,
    EventKind::ProviderReset,
    EventKind::CreateRegistry,
    EventKind::SetRegistryDelegate,
    EventKind::RequestVoipPushes,
    EventKind::ReportIncoming,
    EventKind::RequestRefused,
];

impl Providers {
    pub(super) fn new() -> Self {
        Self {
            providers: Vec::with_capacity(REMEMBERED),
            configured_since_report: None,
            was_reset: false,
            reset_at: None,
            refused_after_reset: false,
            registry: false,
            registry_delegate: false,
            voip_requested: false,
            registry_settled: false,
        }
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id == id)
    }

    /// The provider that was made last.
    pub(crate) fn last(&self) -> Option<&Provider> {
        self.providers.last()
    }

    /// The provider that was made last and not invalidated.
    pub(crate) fn current(&self) -> Option<&Provider> {
        self.providers.iter().rfind(|provider| !provider.invalidated)
    }

    /// Whether calls go through LiveCommunicationKit.
    pub(crate) fn is_lck(&self) -> bool {
        self.current().is_some_and(|provider| provider.framework == Framework::LiveCommunicationKit)
    }

    fn change(&mut self, id: Id, change: impl FnOnce(&mut Provider)) {
        if let Some(provider) = self.providers.iter_mut().find(|provider| provider.id == id) {
            change(provider);
        }
    }

    /// Whether every provider that was told of is invalidated.
    pub(crate) fn are_invalidated(&self) -> bool {
        self.last().is_some() && self.current().is_none()
    }

    #[inline(always)]
    pub(super) fn learn(&mut self, seen: &Seen<'_>) {
        match *seen.event {
            Event::CreateProvider { provider, framework } => {
                if self.providers.len() == REMEMBERED {
                    self.providers.remove(0);
                }
                self.providers.retain(|known| known.id != provider);
                self.providers.push(Provider {
                    id: provider,
                    since: seen.at,
                    framework: framework.unwrap_or(Framework::CallKit),
                    began: false,
                    invalidated: false,
                    settled: false,
                    max_groups: None,
                });
                (self.was_reset, self.refused_after_reset) = (false, false);
                self.configured_since_report = Some(true);
            }
            Event::ProviderBegan { provider } => {
                self.change(provider, |provider| (provider.began, provider.settled) = (true, true));
            }
            Event::ConfigureProvider { provider, max_groups, .. } => {
                self.configured_since_report = Some(true);
                self.change(provider, |provider| {
                    provider.max_groups = max_groups.or(provider.max_groups);
                });
            }
            Event::InvalidateProvider { provider } => {
                self.change(provider, |provider| provider.invalidated = true);
            }
            Event::ProviderReset {} => {
                (self.was_reset, self.reset_at) = (true, Some(seen.at));
            }
            Event::RequestRefused { code: 2 | 4, .. } => self.refused_after_reset |= self.was_reset,
            Event::ReportIncoming { .. } => self.configured_since_report = Some(false),
            Event::MainQueueTurn {} => {
                self.providers.iter_mut().for_each(|provider| provider.settled = true);
                self.registry_settled |= self.registry;
            }
            Event::CreateRegistry {} => {
                (self.registry, self.registry_settled) = (true, false);
                (self.registry_delegate, self.voip_requested) = (false, false);
            }
            Event::SetRegistryDelegate {} => self.registry_delegate = true,
            Event::RequestVoipPushes {} => self.voip_requested = true,
            _ => {}
        }
    }
}
