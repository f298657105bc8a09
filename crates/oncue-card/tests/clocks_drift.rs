//! Each direction has a clock of its own: callbacks come at its rate, and capture hears what is
//! played at the ratio of the two, at the right level and without clicks.

mod rig;

use oncue_card::CardSettings;
use rig::{Block, Duplex, fit_sine, free_running, sine};

const PERIOD: u32 = 480;

fn settings(capture_ppm: f64, playback_ppm: f64) -> CardSettings {
    CardSettings {
        period: PERIOD,
        latency: 20.0,
        capture_ppm,
        playback_ppm,
        ..CardSettings::default()
    }
}

#[test]
fn callbacks_come_at_the_rate_of_their_clock() {
    let card = free_running(settings(100.0, -250.0));
    let duplex = Duplex::start(&card, |_| 0.0);
    card.advance(core::time::Duration::from_secs(100));
    for (side, ppm) in [(&duplex.capture, 100.0), (&duplex.playback, -250.0)] {
        let blocks = side.take_blocks();
        let [first, .., last] = blocks.as_slice() else { panic!("too few blocks") };
        let frames = f64::from(PERIOD) * (blocks.len() - 1) as f64;
        let seconds = (last.callback - first.callback).as_secs_f64();
        let measured = (frames / seconds / 48_000.0 - 1.0) * 1e6;
        assert!((measured - ppm).abs() < 1e-3, "{measured} ppm, not {ppm}");
        // A clock has no jitter.
        for pair in blocks.windows(2) {
            let step = (pair[1].callback - pair[0].callback).as_nanos() as f64;
            assert!((step - 1e7 / (1.0 + ppm * 1e-6)).abs() <= 1.0);
        }
    }
}

#[test]
fn capture_hears_the_ratio_of_the_clocks_cleanly() {
    const CYCLES: f64 = 0.037;
    for (capture_ppm, playback_ppm) in [(0.0, 100.0), (100.0, 0.0), (-40.0, 35.0)] {
        let wave = sine(CYCLES, 0.7);
        let card = free_running(settings(capture_ppm, playback_ppm));
        let duplex = Duplex::start(&card, move |frame| wave(frame as f64) as f32);
        card.advance(core::time::Duration::from_secs(60));
        let captured = duplex.capture.take();
        let ratio = (1.0 + playback_ppm * 1e-6) / (1.0 + capture_ppm * 1e-6);
        // One fit over a minute: an error of 0.001 ppm, a click or a wrong level would show.
        let (amplitude, _, rest) = fit_sine(&captured[2400..], 2400, CYCLES * ratio);
        assert!((amplitude - 0.7).abs() < 1e-6, "amplitude {amplitude}");
        let rest = 20.0 * (rest / (0.7 / 2_f64.sqrt())).log10();
        assert!(rest < -120.0, "residual {rest:.1} dB at {capture_ppm} and {playback_ppm} ppm");
    }
}

#[test]
fn the_latency_in_time_stays_while_the_frame_numbers_drift_apart() {
    for latency in [0.0, 0.4, 20.0, 700.0] {
        let (capture_ppm, playback_ppm) = (250.0, -250.0);
        let card = free_running(CardSettings { latency, ..settings(capture_ppm, playback_ppm) });
        // The signal tells its frame number: a slow ramp, which the kernel passes exactly.
        let duplex = Duplex::start(&card, |frame| (frame as f64 / 4e6) as f32);
        card.advance(core::time::Duration::from_secs(60));
        let (captured, played) = (duplex.capture.take_blocks(), duplex.playback.take_blocks());
        assert!(captured.len().abs_diff(played.len()) >= 2, "the clocks have drifted apart");
        let rates = [capture_ppm, playback_ppm].map(|ppm| 48_000.0 * (1.0 + ppm * 1e-6));
        let time = |block: &Block, frame: f64, rate: f64| {
            block.converted.as_nanos() as f64 * 1e-9 + frame / rate
        };
        for block in captured.iter().skip(10).step_by(97) {
            for at in [0, 479] {
                let frame = f64::from(block.samples[at]) * 4e6;
                let (n, rest) = ((frame / 480.0) as usize, frame % 480.0);
                // Time stamps say when a frame is at the converter, on either side.
                let late = time(block, at as f64, rates[0]) - time(&played[n], rest, rates[1]);
                assert!((late * 48_000.0).abs() < 0.3, "{} frames", late * 48_000.0);
            }
        }
    }
}
