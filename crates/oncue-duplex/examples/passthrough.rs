//! Plays what it captures, as soon as it can, on a host's default devices, for whoever measures the engine's latency from
//! outside:
//!
//! `scripts/audio-server jack=128 -- scripts/jack-iodelay cargo run --release -p oncue-duplex --features jack --example
//! passthrough -- one`
//!
//! With `two` in place of `one`, capture is resampled to playback's clock. It starts with the first line of its standard
//! input, when its ports are connected: on JACK a connection changes whose turn comes when in a cycle, and so the times
//! from which the drift is learned. It ends with its standard input.

use core::error::Error;
use core::time::Duration;
use oncue_duplex::{Clocks, Duplex, DuplexSettings, HostSource};
use oncue_session::{Directions, Engine, StartPermit};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[allow(dead_code, reason = "a test has this file as a module")]
fn main() -> Result<(), Box<dyn Error>> {
    run(std::env::args().nth(1).is_some_and(|clocks| clocks == "two"))
}

/// Passes audio through until the standard input ends.
pub(crate) fn run(two_clocks: bool) -> Result<(), Box<dyn Error>> {
    let settings = DuplexSettings {
        clocks: if two_clocks { Clocks::Two } else { Clocks::One },
        // Nothing ahead but the frame by which a resampled period is shorter now and then.
        target_fill: Some(u32::from(two_clocks)),
        ..DuplexSettings::default()
    };
    let (mut duplex, mut endpoint) = Duplex::open(HostSource::Named("jack".into()), settings)?;
    duplex.prepare()?;
    std::io::stdin().read_line(&mut String::new())?;
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    std::thread::spawn(move || {
        // However it ends, it has ended.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        told.store(true, Ordering::Release);
    });
    // No session is involved here.
    let mut running = duplex.start(StartPermit::against_the_order(), Directions::Duplex)?;
    let mut frames = vec![0.0; 16_384];
    while !ended.load(Ordering::Acquire) {
        let there = endpoint.available().min(frames.len());
        let Some((there, _)) =
            frames.split_at_mut_checked(there).filter(|(now, _)| !now.is_empty())
        else {
            std::thread::sleep(Duration::from_micros(50));
            continue;
        };
        if endpoint.read(there).is_some() {
            endpoint.write(there);
        }
    }
    running.stop();
    Ok(())
}
