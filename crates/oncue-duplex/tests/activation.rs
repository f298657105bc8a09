//! What an activation does to a device whose streams were prepared before it: another rate, period or sample format, as a
//! headset has for calls. The call starts on what is granted then, which is told; it sounds as before, and each frame is
//! counted.
//!
//! Independent: the card says itself what it takes, tone and round trip are judged at the consumer's rate, and the loop's
//! latency is the card's.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;
mod tone;

use core::time::Duration;
use cpal::SampleFormat;
use oncue_card::{Card, CardSettings, Fault};
use oncue_duplex::{Duplex, DuplexSettings, Endpoint, Recovery, StreamEvent};
use oncue_session::{Directions, Engine};
use rig::{TEN_MS, free_running, nothing_is_unaccounted_for, open, permit};
use std::time::Instant;
use tone::{residual_db, tone_then_impulse};

/// Hz, of the call.
const RATE: u32 = 48_000;

/// Frames of the card from playback to capture.
const LATENCY: f64 = 200.0;

/// Time stands still on a free-running card that a busy machine does not move: that is no stall.
const RECOVERY: Recovery = Recovery {
    follow_default: false,
    rebuild_after: Duration::from_secs(60),
    retry_at_most: Duration::from_millis(20),
};

/// What the card takes after the activation.
#[derive(Clone, Copy, Debug)]
struct Taken {
    rate: u32,
    period: u32,
    format: SampleFormat,
}

const TAKEN: [Taken; 5] = [
    Taken { rate: 16_000, period: 160, format: SampleFormat::I16 },
    Taken { rate: 8_000, period: 256, format: SampleFormat::I16 },
    Taken { rate: 44_100, period: 441, format: SampleFormat::I32 },
    Taken { rate: 96_000, period: 1_024, format: SampleFormat::F32 },
    Taken { rate: RATE, period: 480, format: SampleFormat::I16 },
];

fn change(card: &Card, to: Taken) {
    card.inject(Fault::Reconfigure { rate: to.rate, period: to.period });
    card.inject(Fault::Reformat(to.format));
}

/// An engine at 48 kHz with streams prepared in f32.
fn prepared(recovery: Option<Recovery>) -> (Card, Duplex, Endpoint) {
    let card = free_running(CardSettings { latency: LATENCY, ..CardSettings::default() });
    let settings = DuplexSettings { recovery, ..DuplexSettings::default() };
    let (mut duplex, endpoint) = open(&card, settings);
    duplex.prepare().unwrap();
    assert_eq!(duplex.stats().capture.stream.format.format, SampleFormat::F32);
    (card, duplex, endpoint)
}

/// The activation comes after the streams were prepared and before the start; `told` says whether the streams have
/// reported by then that they are of no use any more.
fn started_after(to: Taken, recovery: Option<Recovery>, told: bool) {
    let (card, mut duplex, mut endpoint) = prepared(recovery);
    change(&card, to);
    if told {
        card.advance(TEN_MS);
    }
    duplex.activated(Instant::now());
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    sounds_right(&card, &duplex, &mut endpoint, to);
    let mut events = core::iter::from_fn(|| duplex.poll_event(Instant::now()));
    assert!(events.all(|event| !matches!(event, StreamEvent::Lost { .. })), "nothing was lost");
}

#[test]
fn a_start_takes_the_device_as_the_activation_left_it() {
    for to in TAKEN {
        started_after(to, Some(RECOVERY), false);
        started_after(to, Some(RECOVERY), true);
    }
}

/// Streams that said so before the start are built anew without recovery too.
#[test]
fn what_was_told_in_time_needs_no_recovery() {
    for to in TAKEN {
        started_after(to, None, true);
    }
}

/// The activation's change comes a moment after the start, as a route change does.
#[test]
fn a_change_right_after_the_start_is_a_loss_that_is_made_good() {
    for to in TAKEN {
        let (card, mut duplex, mut endpoint) = prepared(Some(RECOVERY));
        let _running = duplex.start(permit(), Directions::Duplex).unwrap();
        change(&card, to);
        let (mut lost, mut recovered) = (0, 0);
        while recovered < 2 {
            card.advance(TEN_MS);
            match duplex.poll_event(Instant::now()) {
                Some(StreamEvent::Lost { .. }) => lost += 1,
                Some(StreamEvent::Recovered { .. }) => recovered += 1,
                _ => {}
            }
        }
        assert_eq!(lost, 2, "{to:?}");
        sounds_right(&card, &duplex, &mut endpoint, to);
    }
}

/// A tone comes back as it went out, when it should, and what is granted is told.
fn sounds_right(card: &Card, duplex: &Duplex, endpoint: &mut Endpoint, to: Taken) {
    const SETTLED: u64 = 100;
    let hz = 997.0;
    let mut frame = vec![0.0; endpoint.frame()];
    let (mut written, mut tone, mut captured) = (0_u64, Vec::new(), Vec::new());
    let (mut position, mut first) = (0, 0);
    let impulse_at = u64::from(RATE / 100) * (SETTLED + 200);
    for block in 0..SETTLED + 300 {
        card.advance(TEN_MS);
        while let Some(read) = endpoint.read(&mut frame) {
            if (SETTLED..SETTLED + 100).contains(&block) {
                tone.extend_from_slice(&frame);
            } else if block >= SETTLED + 150 {
                if captured.is_empty() {
                    first = read.index;
                }
                assert_eq!(read.index - first, captured.len() as u64, "{to:?}: without a gap");
                captured.extend_from_slice(&frame);
            }
            for sample in &mut frame {
                *sample = tone_then_impulse(written, impulse_at, hz, RATE);
                written += 1;
            }
            let out = endpoint.write(&frame);
            if written - frame.len() as u64 <= impulse_at && impulse_at < written {
                position = out.position + impulse_at - (written - frame.len() as u64);
            }
        }
    }
    let stats = duplex.stats();
    for stream in [&stats.capture.stream, &stats.playback.stream] {
        assert_eq!((stream.format.rate, stream.format.format), (to.rate, to.format), "{to:?}");
        assert_eq!((stream.granted, stream.block.last), (Some(to.period), to.period), "{to:?}");
    }
    nothing_is_unaccounted_for(&stats);

    let (frequency, residual) = residual_db(&tone, hz / f64::from(RATE));
    assert!((frequency * f64::from(RATE) - hz).abs() < 0.001, "{to:?}: {frequency}");
    // Sixteen bits, twice, are 89 dB below a tone of -6 dBFS.
    let pure = if to.format == SampleFormat::I16 { -84.0 } else { -90.0 };
    assert!(residual < pure, "{to:?}: {residual} dB beside the tone");

    let peak = (0..captured.len()).max_by(|a, b| captured[*a].abs().total_cmp(&captured[*b].abs()));
    let played = endpoint.playback_index(position).unwrap();
    let trip = (first + peak.unwrap() as u64) as f64 - played as f64 - endpoint.offset().unwrap();
    let truth = (LATENCY + f64::from(to.period)) * f64::from(RATE) / f64::from(to.rate);
    // A frame of the lower rate, since the impulse has no sharper place there.
    let coarse = 1.0 + f64::from(RATE) / f64::from(to.rate);
    assert!((trip - truth).abs() < coarse, "{to:?}: {trip} frames instead of {truth}");
}
