//! An engine on a virtual card.

#![allow(dead_code, reason = "each test file uses a part of it")]

use core::time::Duration;
use oncue_card::{Card, CardSettings, Pacing};
use oncue_duplex::{Duplex, DuplexSettings, Endpoint, HostSource, Stats, StreamEvent};
use oncue_session::StartPermit;
use std::time::Instant;

/// A card whose time stands still until a test moves it.
pub(crate) fn free_running(settings: CardSettings) -> Card {
    Card::new(CardSettings { pacing: Pacing::FreeRunning, ..settings }).unwrap()
}

/// A frame of the consumer.
pub(crate) const TEN_MS: Duration = Duration::from_millis(10);

/// An engine on `card`.
pub(crate) fn open(card: &Card, settings: DuplexSettings) -> (Duplex, Endpoint) {
    let its = card.clone();
    Duplex::open(HostSource::Made(Box::new(move || its.host())), settings).unwrap()
}

/// No session is involved here.
pub(crate) fn permit() -> StartPermit {
    StartPermit::against_the_order()
}

/// Waits for the next event, which must come.
pub(crate) fn next_event(duplex: &mut Duplex) -> StreamEvent {
    until(|| duplex.poll_event(Instant::now()))
}

/// Waits for something that another thread is sure to do.
pub(crate) fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Every frame is somewhere: what waits is what the rings held when a callback last looked, and no more.
pub(crate) fn nothing_is_unaccounted_for(stats: &Stats) {
    let (capture, playback) = (&stats.capture, &stats.playback);
    assert_eq!(
        capture.stream.frames,
        capture.delivered + capture.lost + capture.discarded + capture.stream.waiting
    );
    assert_eq!(
        playback.stream.frames + playback.skipped + playback.stream.waiting,
        playback.written + playback.inserted
    );
}
