//! The round trip is one period and the set latency: to the bit where it is whole frames, and to
//! the phase of a sine where it is not.

mod rig;

use cpal::traits::StreamTrait;
use oncue_card::CardSettings;
use rig::{Duplex, Side, fit_sine, free_running, mono, ramp, sine};

#[test]
fn whole_frames_come_back_to_the_bit() {
    for period in [16, 64, 441, 480, 1024] {
        for latency in [0_u32, 1, 47, 480, 1000, 50_000] {
            let latency_frames = f64::from(latency);
            let settings =
                CardSettings { period, latency: latency_frames, ..CardSettings::default() };
            let card = free_running(settings);
            let duplex = Duplex::start(&card, ramp);
            card.advance_frames(u64::from(latency + 20 * period));
            let captured = duplex.capture.take();
            let delay = (period + latency) as usize;
            assert!(captured.len() > delay + 10 * period as usize);
            for (frame, &sample) in captured.iter().enumerate() {
                let expected = frame.checked_sub(delay).map_or(0.0, |played| ramp(played as u64));
                assert_eq!(sample, expected, "frame {frame}, period {period}, latency {latency}");
            }
        }
    }
}

#[test]
fn equal_clocks_need_not_be_exact_clocks() {
    let settings = CardSettings {
        latency: 100.0,
        capture_ppm: 73.0,
        playback_ppm: 73.0,
        ..CardSettings::default()
    };
    let card = free_running(settings);
    let duplex = Duplex::start(&card, ramp);
    card.advance_frames(48_000);
    let captured = duplex.capture.take();
    assert!(captured[..580].iter().all(|&sample| sample == 0.0));
    assert!(captured[580..].iter().zip(0..).all(|(&sample, frame)| sample == ramp(frame)));
}

#[test]
fn fractions_of_a_frame_are_kept() {
    // Longer than any round trip here, so that a phase means one delay only.
    const CYCLES: f64 = 1.0 / 9973.0;
    let wave = sine(CYCLES, 0.8);
    for period in [16, 48, 480, 2048] {
        for latency in [0.001, 0.25, 0.5, 0.75, 1.3, 31.5, 47.9, 48.1, 333.333, 4800.01] {
            let card = free_running(CardSettings { period, latency, ..CardSettings::default() });
            let duplex = Duplex::start(&card, move |frame| wave(frame as f64) as f32);
            card.advance_frames(60_000);
            let captured = duplex.capture.take();
            let first = latency as usize + 2 * period as usize + 200;
            let (amplitude, phase, _) = fit_sine(&captured[first..], first, CYCLES);
            let delay = -phase / (core::f64::consts::TAU * CYCLES);
            let delay = delay.rem_euclid(1.0 / CYCLES);
            let expected = f64::from(period) + latency;
            assert!((delay - expected).abs() < 0.01, "{delay} frames, not {expected}");
            assert!((amplitude - 0.8).abs() < 1e-6, "amplitude {amplitude}");
        }
    }
}

#[test]
fn time_stamps_tell_the_same_latency() {
    let card = free_running(CardSettings { latency: 144.0, ..CardSettings::default() });
    let duplex = Duplex::start(&card, ramp);
    card.advance_frames(4800);
    let (captured, played) = (duplex.capture.take_blocks(), duplex.playback.take_blocks());
    assert_eq!((captured.len(), played.len()), (10, 10));
    for (n, (capture, playback)) in (1..).zip(captured.iter().zip(&played)) {
        // Both directions of an exact card tick at the same instants, a period of 10 ms apart.
        assert_eq!(capture.callback.as_nanos(), n * 10_000_000);
        assert_eq!(playback.callback, capture.callback);
        assert_eq!(capture.converted.as_nanos(), (n - 1) * 10_000_000);
        // 144 frames of latency are 3 ms.
        assert_eq!(playback.converted.as_nanos(), n * 10_000_000 + 3_000_000);
    }
    assert_eq!(duplex.capture.stream.now(), duplex.playback.stream.now());
    assert_eq!(duplex.capture.stream.now(), card.now());
}

#[test]
fn without_look_ahead_to_wait_for_capture_comes_before_playback() {
    use std::sync::{Arc, Mutex};

    use cpal::traits::{DeviceTrait, HostTrait};

    for (latency, order) in [(0.0, "cpcpcp"), (0.5, "pcpcp"), (48.5, "cpcpcp")] {
        let card = free_running(CardSettings { latency, ..CardSettings::default() });
        let device = card.host().default_input_device().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (captured, played) = (Arc::clone(&log), Arc::clone(&log));
        let config = mono(&card);
        let capture = device
            .build_input_stream(
                config,
                move |_: &[f32], _: &_| captured.lock().unwrap().push('c'),
                |_| {},
                None,
            )
            .unwrap();
        let playback = device
            .build_output_stream(
                config,
                move |_: &mut [f32], _: &_| played.lock().unwrap().push('p'),
                |_| {},
                None,
            )
            .unwrap();
        capture.play().unwrap();
        playback.play().unwrap();
        card.advance_frames(3 * 480);
        assert_eq!(*log.lock().unwrap(), order, "latency {latency}");
    }
}

#[test]
fn a_stream_that_joins_later_is_heard_by_the_instant() {
    let card = free_running(CardSettings { latency: 7.0, ..CardSettings::default() });
    let host = card.host();
    let capture = Side::capture(&host, mono(&card)).unwrap();
    let playback = Side::playback(&host, mono(&card), ramp).unwrap();
    capture.stream.play().unwrap();
    card.advance_frames(3 * 480 + 100);
    playback.stream.play().unwrap();
    card.advance_frames(10 * 480);
    let captured = capture.take();
    // Ticks 1 to 3 have passed; playback starts with the fourth, where capture has 3 periods.
    let first = 4 * 480 + 7;
    assert!(captured[..first].iter().all(|&sample| sample == 0.0));
    assert!(captured[first..].iter().zip(0..).all(|(&sample, frame)| sample == ramp(frame)));
}

#[test]
fn what_is_on_the_wire_when_all_streams_stop_is_gone() {
    let card = free_running(CardSettings { latency: 4800.0, ..CardSettings::default() });
    let duplex = Duplex::start(&card, |frame| if frame < 4800 { 0.5 } else { 0.0 });
    card.advance_frames(4800);
    for stream in [&duplex.capture.stream, &duplex.playback.stream] {
        stream.pause().unwrap();
    }
    card.advance_frames(100);
    duplex.capture.stream.play().unwrap();
    card.advance_frames(9600);
    assert_eq!(duplex.capture.take(), [0.0; 4800 + 9600]);
}

#[test]
fn a_period_at_a_time_is_a_tick_at_a_time() {
    // A period of 2267573.69... ns.
    let card = free_running(CardSettings { rate: 44_100, period: 100, ..CardSettings::default() });
    let duplex = Duplex::start(&card, ramp);
    for _ in 0..10_000 {
        card.advance_frames(100);
        assert_eq!(duplex.capture.take_blocks().len(), 1);
    }
    assert_eq!(card.now().as_nanos(), 1_000_000 * 1_000_000_000 / 44_100);
}
