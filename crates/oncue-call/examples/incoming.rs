//! An incoming call, from the push to the hang-up: what a call app writes around the centre.
//!
//! `cargo run -p oncue-call --example incoming` prints the call of the system that each step is. An app puts its own calls in
//! `does`, and calls `tell` from its delegates; both run on one serial queue.

#![allow(clippy::print_stdout, reason = "an example shows its work")]

use oncue_call::{
    CallAction, Centre, Handle, Input, Output, Performed, Push, PushKind, Settings, Signal,
};
use oncue_session::{CallCategory, EndedReason, Guard, Id, PlayAndRecord, Policy};
use std::error::Error;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// What the delegates of an app share.
struct App {
    centre: Centre,
    /// The time since the launch; an app asks its clock.
    now: Duration,
    /// The call that the system shows, as this example is about one.
    shown: Option<Id>,
    /// What the guard finds out of order; an app in the field writes a trace instead, for `oncue check`.
    found: Receiver<String>,
}

impl App {
    /// In `application(_:didFinishLaunchingWithOptions:)`.
    fn launch() -> Self {
        // An app gives the bits of a new `UUID()` each time.
        let mut centre = Centre::new(Settings::default(), || Id::named("A"));
        let (finds, found) = channel();
        let mut guard = Guard::new(Policy::apple());
        centre.set_log(move |entry| {
            for finding in guard.observe(entry) {
                let _ = finds.send(finding.to_string());
            }
        });
        let mut app = Self { centre, now: Duration::ZERO, shown: None, found };
        app.do_all();
        app
    }

    /// Something happened: the centre is told, and all that it says is done before the system's callback returns.
    fn tell(&mut self, after: Duration, input: Input) {
        self.now += after;
        println!("{:>5} ms  {input}", self.now.as_millis());
        self.centre.handle(self.now, input);
        self.do_all();
        // An app sets a timer to `self.centre.poll_timeout()` here, which tells `Input::Time`.
    }

    fn do_all(&mut self) {
        while let Some(output) = self.centre.poll_output() {
            // What returns at once is answered at once.
            if let Some(answer) = self.does(output) {
                self.centre.handle(self.now, answer);
            }
        }
    }

    fn does(&mut self, output: Output) -> Option<Input> {
        println!("          {output}");
        match output {
            Output::RegisterForPushes => calls("PKPushRegistry(queue:).desiredPushTypes = [.voIP]"),
            Output::CreateProvider { .. } => calls("CXProvider(configuration:).setDelegate(self)"),
            Output::ConfigureProvider { .. } => calls("provider.configuration = configuration"),
            Output::ReportIncoming { call, .. } => {
                calls("provider.reportNewIncomingCall(with:update:completion:)");
                self.shown = Some(call);
            }
            Output::CompletePush { .. } => calls("completion()"),
            Output::SetCategory(configuration) => {
                calls("AVAudioSession.setCategory(_:mode:options:)");
                assert_eq!(configuration, PlayAndRecord::voice_chat().configuration());
                return Some(Input::CategorySet(Ok(())));
            }
            Output::Send { .. } => calls("the app's own connection to its server"),
            Output::Fulfill { .. } => calls("action.fulfill()"),
            Output::Fail { .. } => calls("action.fail()"),
            Output::TellStack { active: true } => {
                calls("RTCAudioSession.audioSessionDidActivate(_:)");
            }
            Output::TellStack { active: false } => {
                calls("RTCAudioSession.audioSessionDidDeactivate(_:)");
            }
            // `permit` is the session's word that hardware may run: an engine of OnCue's takes it.
            Output::StartAudio { permit: _, .. } => {
                calls("AudioOutputUnitStart(unit)");
                return Some(Input::AudioStarted(Ok(())));
            }
            Output::StopAudio { .. } => calls("AudioOutputUnitStop(unit)"),
            Output::DisposeAudio { .. } => calls("AudioComponentInstanceDispose(unit)"),
            Output::ReportEnded { .. } => calls("provider.reportCall(with:endedAt:reason:)"),
            Output::RestoreAudio => calls("the app's own music goes on"),
            Output::Notice(notice) => eprintln!("          to the user: {notice}"),
            _ => {}
        }
        None
    }
}

fn calls(what: &str) {
    println!("              {what}");
}

#[allow(dead_code, reason = "a test has this file as a module")]
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut app = App::launch();
    let ms = Duration::from_millis;

    // pushRegistry(_:didReceiveIncomingPushWith:for:completion:)
    let (call, from) = (42.into(), Handle::generic("alice"));
    let (id, kind, must_report) = (Id::named("p1"), PushKind::Calls, None);
    let (name, video) = (Some("Alice".to_owned()), false);
    app.tell(ms(1000), Input::Push(Push { id, call, from, name, video, kind, must_report }));
    let call = app.shown.ok_or("the push was not reported")?;
    // The completion of reportNewIncomingCall.
    app.tell(ms(30), Input::Reported { call, result: Ok(()) });
    // The app's connection to its server.
    app.tell(ms(500), Input::SignallingReady(true));
    // provider(_:perform: CXAnswerCallAction), with the time until its timeoutDate.
    let (id, action) = (Id::named("a1"), CallAction::Answer { call });
    let (transaction, timeout) = (None, Some(Duration::from_secs(10)));
    app.tell(ms(2000), Input::Perform(Performed { id, action, transaction, timeout }));
    // provider(_:didActivate:)
    app.tell(ms(150), Input::DidActivate);
    // The server's word.
    let (call, reason) = (42.into(), EndedReason::RemoteEnded);
    app.tell(ms(9000), Input::Signal(Signal::Ended { call, reason }));
    // provider(_:didDeactivate:)
    app.tell(ms(80), Input::DidDeactivate);

    assert_eq!(app.centre.calls().count(), 0, "the call is over");
    let found: Vec<_> = app.found.try_iter().collect();
    assert_eq!(found, [""; 0], "the guard finds nothing");
    Ok(())
}
