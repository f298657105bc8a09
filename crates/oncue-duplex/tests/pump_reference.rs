//! With each captured frame comes what was at the speaker at its time: on a card whose loop adds nothing and takes
//! nothing away, that is the captured frame itself, sample by sample. The card knows nothing of the pump.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use oncue_card::CardSettings;
use oncue_session::Directions;
use stack::{Heard, Phone, Ramp, ten_ms};

/// How many samples of what was heard are not silence, after it was found that each is the reference's, from the
/// frame `from` on.
fn echoes(heard: &Heard<f32>, from: usize) -> usize {
    let heard = heard.lock().unwrap();
    let mut sounding = 0;
    for (n, (frame, reference, info)) in heard.iter().enumerate().skip(from) {
        for (k, (sample, played)) in frame.iter().zip(reference).enumerate() {
            assert_eq!(sample, played, "frame {n}, sample {k}, {info:?}");
            sounding += usize::from(*sample != 0.0);
        }
    }
    sounding
}

#[test]
fn the_reference_is_what_the_loop_gives_back_whatever_rate_period_and_latency() {
    for (rate, period, latency) in
        [(48_000, 480, 0.0), (48_000, 128, 77.0), (16_000, 160, 3.0), (44_100, 1000, 2205.0)]
    {
        let mut phone =
            Phone::new(CardSettings { rate, period, latency, ..CardSettings::default() });
        let _far_end = phone.pump.playout::<f32>(ten_ms(rate), Ramp::from(0));
        let (tap, heard) = phone.listen(ten_ms(rate));
        let _running = phone.start(Directions::Duplex);
        phone.turns(60);
        tap.detach();
        assert!(echoes(&heard, 0) > 40 * rate as usize / 100, "{rate} Hz, {period}, {latency}");
    }
}
