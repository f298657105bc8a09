//! A call stack's audio device module on a pump, under a typed session: `cargo run -p oncue-duplex --example
//! audio_device_module`. The stack asks for playout and recording as soon as it likes; the session lets the hardware run
//! once the call system has activated it. The card is virtual, so that it runs anywhere.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use core::error::Error;
use core::time::Duration;
use oncue_card::{Card, CardSettings};
use oncue_duplex::{
    Attachment, CaptureInfo, Duplex, DuplexSettings, FrameFormat, HostSource, PlayoutInfo, Pump,
    PumpEvent, PumpHooks,
};
use oncue_session::{Action, Activation, Audio, Fresh, NullPlatform, PlayAndRecord, action};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the stack gives and takes: libwebrtc's `AudioTransport`, pjmedia's `play_cb` and `rec_cb`, baresip's `wh` and
/// `rh`.
trait Transport: Send + Sync + 'static {
    fn need_more_play_data(&self, frame: &mut [i16], speaker_delay: Duration);
    fn recorded_data_is_available(&self, frame: &[i16], reference: &[i16], total_delay: Duration);
}

/// The module that the stack is given. It holds intent, never hardware.
struct AudioDeviceModule<'pump, T> {
    pump: &'pump Pump,
    transport: Arc<T>,
    frames: FrameFormat,
    playout: Option<Attachment>,
    recording: Option<Attachment>,
}

impl<T: Transport> AudioDeviceModule<'_, T> {
    /// May be called before the activation: it is pending then, and that is no error.
    fn start_playout(&mut self) {
        let transport = Arc::clone(&self.transport);
        self.playout =
            Some(self.pump.playout(self.frames, move |frame: &mut [i16], info: &PlayoutInfo| {
                transport.need_more_play_data(frame, info.delay);
            }));
    }

    fn start_recording(&mut self) {
        let transport = Arc::clone(&self.transport);
        self.recording = Some(self.pump.capture(
            self.frames,
            move |frame: &[i16], reference: &[i16], info: &CaptureInfo| {
                transport.recorded_data_is_available(frame, reference, info.total_delay());
            },
        ));
    }

    /// When it returns, the transport is not entered any more.
    fn stop_playout(&mut self) {
        self.playout = None; // which detaches
    }

    fn stop_recording(&mut self) {
        self.recording = None;
    }
}

/// A stack that counts.
#[derive(Default)]
struct Stack {
    played: AtomicU64,
    recorded: AtomicU64,
}

impl Transport for Stack {
    fn need_more_play_data(&self, frame: &mut [i16], _: Duration) {
        frame.fill(1000);
        self.played.fetch_add(1, Ordering::Relaxed);
    }

    fn recorded_data_is_available(&self, _: &[i16], reference: &[i16], total: Duration) {
        let recorded = self.recorded.fetch_add(1, Ordering::Relaxed) + 1;
        if recorded == 50 {
            let heard = reference.iter().any(|sample| *sample != 0);
            println!("frame 50: total delay {total:?}, the far end is in its reference: {heard}");
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let card = Card::new(CardSettings { latency: 240.0, ..CardSettings::default() })?;
    let source = HostSource::Made(Box::new(move || card.host()));
    let (mut duplex, endpoint) = Duplex::open(source, DuplexSettings::default())?;
    let mut pump = Pump::spawn(endpoint, PumpHooks::default())?;
    let mut audio = Audio::under_system(NullPlatform);

    // The user answers. The stack starts its module at once; nothing runs yet.
    let session = audio.expect::<Fresh>()?.configure(PlayAndRecord::voice_chat())?;
    let _ = session.fulfill(Action::<action::Answer>::from_system(|_| ()))?;
    let stack = Arc::new(Stack::default());
    let frames = FrameFormat::new(16_000, 10)?;
    {
        let (transport, playout, recording) = (Arc::clone(&stack), None, None);
        let mut module = AudioDeviceModule { pump: &pump, transport, frames, playout, recording };
        module.start_playout();
        module.start_recording();
        println!("before the activation: {} frames", stack.played.load(Ordering::Relaxed));

        // The call system activates.
        let _ = audio.did_activate(Activation::from_system())?.start(&mut duplex)?;
        std::thread::sleep(Duration::from_secs(1));
        module.stop_recording();
        module.stop_playout();
    }
    while let Some(event) = pump.poll_event() {
        if event == PumpEvent::Wanted(None) {
            println!("the last endpoint is detached: the session can be left");
        }
    }
    let _ = audio.did_deactivate();
    let count = |frames: &AtomicU64| frames.load(Ordering::Relaxed);
    println!("{} frames played, {} recorded", count(&stack.played), count(&stack.recorded));
    Ok(())
}
