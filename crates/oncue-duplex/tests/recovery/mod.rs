//! A card that fails, under an engine that brings back by itself what it loses.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::rig::{free_running, until};
use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{Card, CardSettings, Direction as CardDirection, Fault};
use oncue_duplex::{Direction, Duplex, DuplexSettings, Endpoint, LossCause, Recovery, StreamEvent};
use std::time::Instant;

pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Recovers fast, and takes nothing for a stall: time stands still on a free-running card.
pub(crate) fn settings(change: impl FnOnce(&mut Recovery)) -> DuplexSettings {
    let retry_at_most = Duration::from_millis(20);
    let mut recovery = Recovery { rebuild_after: LONG, retry_at_most, ..Recovery::default() };
    change(&mut recovery);
    DuplexSettings { recovery: Some(recovery), ..DuplexSettings::default() }
}

/// The stream of a direction ends, as when its device is gone.
pub(crate) fn take_away(card: &Card, direction: CardDirection) {
    card.inject(Fault::Fail { direction, kind: ErrorKind::DeviceNotAvailable });
}

pub(crate) fn ideal() -> Card {
    free_running(CardSettings::default())
}

/// Lets the card run until an event comes for which `wanted` says yes.
pub(crate) fn run_until(
    card: &Card,
    duplex: &mut Duplex,
    wanted: impl Fn(&StreamEvent) -> bool,
) -> StreamEvent {
    until(|| {
        card.advance_frames(480);
        duplex.poll_event(Instant::now()).filter(|event| wanted(event))
    })
}

pub(crate) fn run_until_recovered(card: &Card, duplex: &mut Duplex, direction: Direction) -> u32 {
    let event = run_until(
        card,
        duplex,
        |event| matches!(event, StreamEvent::Recovered { direction: its, .. } if *its == direction),
    );
    let StreamEvent::Recovered { attempts, .. } = event else { panic!("{event:?}") };
    attempts
}

pub(crate) fn run_until_lost(card: &Card, duplex: &mut Duplex) -> (Direction, LossCause) {
    let event = run_until(card, duplex, |event| matches!(event, StreamEvent::Lost { .. }));
    let StreamEvent::Lost { direction, cause } = event else { panic!("{event:?}") };
    (direction, cause)
}

/// Talks and listens for `frames` frames of 10 ms.
pub(crate) fn talk(card: &Card, endpoint: &mut Endpoint, frames: usize) {
    let mut frame = [0.0; 480];
    for _ in 0..frames {
        card.advance_frames(480);
        endpoint.write(&[0.25; 480]);
        while endpoint.read(&mut frame).is_some() {}
    }
}

/// The clocks of streams that were built anew are measured beside them.
pub(crate) fn talk_until_aligned(card: &Card, endpoint: &mut Endpoint) {
    until(|| {
        talk(card, endpoint, 1);
        endpoint.offset()
    });
}
