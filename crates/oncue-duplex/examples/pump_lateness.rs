//! How late a call stack's code is called after the callback that made its frame whole, in real time:
//! `cargo run --release -p oncue-duplex --example pump_lateness -- [seconds]`, on the virtual card or, with a host's name
//! as a second argument, on that host's default devices.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use core::error::Error;
use core::time::Duration;
use oncue_card::{Card, CardSettings};
use oncue_duplex::{
    CaptureInfo, Duplex, DuplexSettings, FrameFormat, HostSource, PlayoutInfo, Pump, PumpHooks,
};
use oncue_session::{Directions, Engine, StartPermit};
use std::sync::mpsc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: f64 = arguments.next().map_or(Ok(5.0), |text| text.parse())?;
    let host = arguments.next();
    println!("period   frames   p50      p90      p99      max      (after the callback)  missed");
    for period in [64, 480, 960] {
        let source = match &host {
            Some(name) => HostSource::Named(name.clone()),
            None => {
                let card = Card::new(CardSettings { period, ..CardSettings::default() })?;
                HostSource::Made(Box::new(move || card.host()))
            }
        };
        let settings = DuplexSettings { period: Some(period), ..DuplexSettings::default() };
        let (mut duplex, endpoint) = Duplex::open(source, settings)?;
        let pump = Pump::spawn(endpoint, PumpHooks::default())?;
        let frames = FrameFormat::new(48_000, 10)?;
        let (say, said) = mpsc::channel();
        let far_end = pump.playout(frames, |frame: &mut [f32], _: &PlayoutInfo| frame.fill(0.1));
        let microphone = pump.capture(frames, move |_: &[f32], _: &[f32], info: &CaptureInfo| {
            // Nobody listens after the end.
            let _ = info.since_callback.map(|late| say.send(late));
        });
        // No session is involved here.
        let mut running = duplex.start(StartPermit::against_the_order(), Directions::Duplex)?;
        std::thread::sleep(Duration::from_secs_f64(seconds));
        running.stop();
        microphone.detach();
        far_end.detach();
        let mut late: Vec<Duration> = said.iter().collect();
        late.sort_unstable();
        let at = |part: f64| {
            let place = (part * late.len().saturating_sub(1) as f64) as usize;
            let late = late.get(place).copied().unwrap_or_default();
            format!("{:.3} ms", late.as_secs_f64() * 1e3)
        };
        println!(
            "{period:<8} {:<8} {} {} {} {}                        {}",
            late.len(),
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0),
            duplex.stats().playback.underrun
        );
    }
    Ok(())
}
