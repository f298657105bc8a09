//! What the card offers, what it agrees to, and what it refuses, as a program sees it through cpal.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::{
    sync::{Arc, Mutex},
    thread,
};

use cpal::{
    BufferSize, ErrorKind, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use oncue_card::{Card, CardSettings};
use rig::{Duplex, Side, free_running, mono, ramp};

fn card() -> Card {
    free_running(CardSettings::default())
}

fn config(channels: u16, sample_rate: u32, buffer_size: BufferSize) -> StreamConfig {
    StreamConfig { channels, sample_rate, buffer_size }
}

#[test]
fn the_host_has_one_duplex_device() {
    let host = card().host();
    let devices: Vec<_> = host.devices().unwrap().collect();
    let [device] = devices.as_slice() else { panic!("one device") };
    assert_eq!(device.id().unwrap(), host.default_input_device().unwrap().id().unwrap());
    assert!(host.device_by_id(&device.id().unwrap()).is_some());
    assert!(device.supports_input() && device.supports_output());
    assert_eq!(device.to_string(), device.description().unwrap().name());
    assert_eq!(
        (host.input_devices().unwrap().count(), host.output_devices().unwrap().count()),
        (1, 1)
    );
}

#[test]
fn every_format_that_is_offered_opens() {
    let card = card();
    let device = card.host().default_output_device().unwrap();
    let offers: Vec<_> = device.supported_output_configs().unwrap().collect();
    assert_eq!(offers.len(), 8 * 3);
    assert_eq!(offers, device.supported_input_configs().unwrap().collect::<Vec<_>>());
    for offer in offers {
        let SupportedBufferSize::Range { min, max } = *offer.buffer_size() else { panic!() };
        for rate in [offer.min_sample_rate(), offer.max_sample_rate()] {
            for frames in [min, max] {
                let config = config(offer.channels(), rate, BufferSize::Fixed(frames));
                let format = offer.sample_format();
                let stream = device
                    .build_output_stream_raw(config, format, |_, _| {}, |_| {}, None)
                    .unwrap();
                assert_eq!(stream.buffer_size().unwrap(), frames);
            }
        }
    }
    let default = device.default_output_config().unwrap();
    assert_eq!((default.channels(), default.sample_rate()), (2, 48_000));
    assert_eq!(default.sample_format(), SampleFormat::F32);
}

#[test]
fn what_is_not_offered_is_refused() {
    let device = card().host().default_input_device().unwrap();
    let fixed = BufferSize::Fixed;
    for (config, format) in [
        (config(0, 48_000, fixed(480)), SampleFormat::F32),
        (config(9, 48_000, fixed(480)), SampleFormat::F32),
        (config(1, 7_999, fixed(480)), SampleFormat::F32),
        (config(1, 192_001, fixed(480)), SampleFormat::F32),
        (config(1, 48_000, fixed(15)), SampleFormat::F32),
        (config(1, 48_000, fixed(16_385)), SampleFormat::F32),
        (config(1, 48_000, fixed(480)), SampleFormat::F64),
    ] {
        let opened = device.build_input_stream_raw(config, format, |_, _| {}, |_| {}, None);
        let error = opened.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedConfig, "{config:?} {format}");
        assert!(error.message().is_some_and(|message| message.contains("use ")), "{error}");
    }
}

#[test]
fn the_first_stream_sets_rate_and_period_and_the_second_takes_them() {
    let card = card();
    let host = card.host();
    let open = |config| Side::capture(&host, config).map(drop);
    let playback =
        Side::playback(&host, config(1, 44_100, BufferSize::Fixed(256)), |_| 0.0).unwrap();
    for (refused, names) in [
        (config(1, 48_000, BufferSize::Fixed(256)), "44100 Hz"),
        (config(1, 44_100, BufferSize::Fixed(480)), "256 frames"),
    ] {
        let error = open(refused).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedConfig);
        assert!(error.to_string().contains(names), "{error}");
    }
    let device = host.default_input_device().unwrap();
    assert_eq!(device.default_input_config().unwrap().sample_rate(), 44_100);
    let capture = Side::capture(&host, config(1, 44_100, BufferSize::Default)).unwrap();
    assert_eq!(capture.stream.buffer_size().unwrap(), 256);
    assert_eq!(
        open(config(1, 44_100, BufferSize::Default)).unwrap_err().kind(),
        ErrorKind::DeviceBusy
    );

    drop((capture, playback));
    let capture = Side::capture(&host, mono(&card)).unwrap();
    assert_eq!(capture.stream.buffer_size().unwrap(), 480, "the card's own again");
}

#[test]
fn streams_open_and_close_while_another_thread_moves_time() {
    let card = card();
    let host = card.host();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                card.advance(Duration::from_secs(1));
            }
        });
        for _ in 0..50 {
            let capture = Side::capture(&host, mono(&card)).unwrap();
            let playback = Side::playback(&host, mono(&card), ramp).unwrap();
            capture.stream.play().unwrap();
            playback.stream.play().unwrap();
            drop(capture);
            drop(playback);
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn a_card_runs_at_the_rate_that_is_asked_for() {
    let card = card();
    let host = card.host();
    let config = config(1, 16_000, BufferSize::Fixed(160));
    let capture = Side::capture(&host, config).unwrap();
    let playback = Side::playback(&host, config, ramp).unwrap();
    capture.stream.play().unwrap();
    playback.stream.play().unwrap();
    card.advance(Duration::from_secs(1));
    let captured = capture.take();
    assert_eq!(captured.len(), 16_000);
    assert!(captured[160..].iter().zip(0..).all(|(&sample, frame)| sample == ramp(frame)));
}

/// Plays on all channels, with the sample on the first only, and checks every captured channel.
fn loops_to_the_bit<T: SizedSample + PartialEq + Send + 'static>(
    channels: u16,
    sample: fn(u64) -> T,
) {
    let card = card();
    let device = card.host().default_input_device().unwrap();
    let config = config(channels, 48_000, BufferSize::Default);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    let capture = device
        .build_input_stream(
            config,
            move |samples: &[T], _| log.lock().unwrap().extend_from_slice(samples),
            |_| {},
            None,
        )
        .unwrap();
    let mut frame = 0;
    let playback = device
        .build_output_stream(
            config,
            move |samples: &mut [T], _| {
                for out in samples.chunks_exact_mut(channels.into()) {
                    assert!(out.iter().all(|&silent| silent == T::EQUILIBRIUM));
                    out.fill(sample(1 << 16));
                    out[0] = sample(frame);
                    frame += 1;
                }
            },
            |_| {},
            None,
        )
        .unwrap();
    capture.play().unwrap();
    playback.play().unwrap();
    card.advance_frames(4 * 480);
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 4 * 480 * usize::from(channels));
    for (frame, samples) in heard.chunks_exact(channels.into()).enumerate() {
        let expected =
            frame.checked_sub(480).map_or(T::EQUILIBRIUM, |played| sample(played as u64));
        assert!(samples.iter().all(|&heard| heard == expected), "frame {frame}");
    }
}

#[test]
fn each_format_loops_to_the_bit_on_one_to_eight_channels() {
    for channels in 1..=8 {
        loops_to_the_bit::<f32>(channels, |n| ramp(n * 997) - 0.5);
        loops_to_the_bit::<i16>(channels, |n| (n * 997) as i16);
        loops_to_the_bit::<i32>(channels, |n| (n * 2_147_483_629) as i32);
    }
}

#[test]
fn level_and_noise_are_as_set() {
    let db = |x: f64| 20.0 * x.log10();
    let card = free_running(CardSettings {
        gain_db: -6.0,
        noise_dbfs: Some(-60.0),
        ..CardSettings::default()
    });
    let duplex = Duplex::start(&card, |_| 0.5);
    card.advance(Duration::from_secs(10));
    let captured = duplex.capture.take();
    let heard = &captured[480..];
    let mean = heard.iter().map(|&x| f64::from(x)).sum::<f64>() / heard.len() as f64;
    let power = heard.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>();
    let rms = (power / heard.len() as f64).sqrt();
    assert!((db(mean) - db(0.5) + 6.0).abs() < 0.001, "gain {} dB", db(mean) - db(0.5));
    assert!((db(rms) + 60.0).abs() < 0.1, "noise {} dBFS", db(rms));
}

#[test]
fn the_converters_clip() {
    let card = free_running(CardSettings { gain_db: 20.0, ..CardSettings::default() });
    let duplex = Duplex::start(&card, |frame| if frame % 2 == 0 { 0.2 } else { -3.0 });
    card.advance_frames(3 * 480);
    assert_eq!(duplex.capture.take()[480..482], [1.0, -1.0]);
}
