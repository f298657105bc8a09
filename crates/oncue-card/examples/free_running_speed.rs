//! How many times faster than real time a free-running card goes, for a program that costs nothing.
//!
//! `cargo run --release -p oncue-card --example free_running_speed`
#![expect(clippy::print_stdout, reason = "an example that prints a figure")]

use core::{error::Error, time::Duration};
use std::time::Instant;

use cpal::{
    BufferSize, StreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use oncue_card::{Card, CardSettings, Pacing};

fn main() -> Result<(), Box<dyn Error>> {
    let ideal = CardSettings { pacing: Pacing::FreeRunning, ..CardSettings::default() };
    for (name, settings) in [
        ("ideal", ideal.clone()),
        ("period of 64 frames", CardSettings { period: 64, ..ideal.clone() }),
        ("noise", CardSettings { noise_dbfs: Some(-90.0), ..ideal.clone() }),
        ("fractional latency", CardSettings { latency: 100.25, ..ideal.clone() }),
        ("unequal clocks", CardSettings { capture_ppm: 50.0, ..ideal }),
    ] {
        println!("{name:20} {:6.0} times real time", speed(settings)?);
    }
    Ok(())
}

fn speed(settings: CardSettings) -> Result<f64, Box<dyn Error>> {
    let card = Card::new(settings)?;
    let device = card.host().default_output_device().ok_or("the card is unplugged")?;
    let config =
        StreamConfig { channels: 1, sample_rate: 48_000, buffer_size: BufferSize::Default };
    let play = |samples: &mut [f32], _: &_| samples.fill(0.5);
    let playback = device.build_output_stream(config, play, |_| {}, None)?;
    let capture = device.build_input_stream(config, |_: &[f32], _: &_| {}, |_| {}, None)?;
    capture.play()?;
    playback.play()?;
    card.advance(Duration::from_secs(1));
    let (begin, time) = (Instant::now(), Duration::from_secs(1800));
    card.advance(time);
    Ok(time.as_secs_f64() / begin.elapsed().as_secs_f64())
}
