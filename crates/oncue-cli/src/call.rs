//! The scripted app of a run in order: one call, from the answer to the end, through the typed session. What would be
//! out of order here would not compile.

use crate::call_system::{CallSystem, Told};
use crate::story::Story;
use oncue_duplex::Duplex;
use oncue_session::{Audio, Fresh, PlayAndRecord, Running, SessionError, State, Step, SystemEvent};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// How long an app waits for an activation before it reports that none came (rule `activation-watchdog`: a few seconds).
pub(crate) const ACTIVATION_DEADLINE: Duration = Duration::from_secs(3);

/// How long the system may take to tell the app of anything else.
pub(crate) const TELL_DEADLINE: Duration = Duration::from_secs(1);

/// An incoming call that the system's call screen answers and ends. `during` is the call itself; it does not happen if
/// no activation comes, which gives `None`.
///
/// # Errors
/// What the device or the system refused.
pub(crate) fn under_system<T>(
    (phone, told): (CallSystem, Receiver<Told>),
    engine: &mut Duplex,
    story: &mut Story,
    during: impl FnOnce(&mut Duplex) -> T,
) -> Result<Option<T>, SessionError> {
    let mut audio = Audio::under_system(phone.clone());
    phone.user_answers();
    let Ok(Told::Answer(answer)) = told.recv_timeout(TELL_DEADLINE) else { return Ok(None) };
    story.system(SystemEvent::ActionPerformed, State::Fresh);

    let session = audio.expect::<Fresh>()?.configure(PlayAndRecord::voice_chat())?;
    story.app(format_args!("{} PlayAndRecord, VoiceChat", Step::Configure), session.state());
    let session = session.prepare(engine)?;
    story.app(Step::Prepare, session.state());
    let session = session.fulfill(answer)?;
    story.app(Step::Fulfill, session.state());
    let session = session.await_activation()?;
    story.app(Step::AwaitActivation, session.state());

    let Ok(Told::DidActivate(activation)) = told.recv_timeout(ACTIVATION_DEADLINE) else {
        return Ok(None);
    };
    engine.activated(Instant::now());
    let session = audio.did_activate(activation)?;
    story.system(SystemEvent::DidActivate, session.state());
    let session = session.start(engine)?;
    story.app(Step::Start, session.state());

    let result = during(engine);

    phone.user_hangs_up();
    let Ok(Told::End(end)) = told.recv_timeout(TELL_DEADLINE) else { return Ok(Some(result)) };
    let session = audio.expect::<Running>()?.stop()?;
    story.app(Step::Stop, session.state());
    let session = session.end_call(end)?;
    story.app(Step::EndCall, session.state());
    if let Ok(Told::DidDeactivate) = told.recv_timeout(TELL_DEADLINE) {
        audio.did_deactivate();
        story.system(SystemEvent::DidDeactivate, audio.state());
    }
    Ok(Some(result))
}

/// A call without a call system: the app owns the session.
///
/// # Errors
/// What the device or the system refused.
pub(crate) fn owned_by_app<T>(
    phone: CallSystem,
    engine: &mut Duplex,
    story: &mut Story,
    during: impl FnOnce(&mut Duplex) -> T,
) -> Result<T, SessionError> {
    let mut audio = Audio::owned_by_app(phone);
    let session = audio.expect::<Fresh>()?.configure(PlayAndRecord::voice_chat())?;
    story.app(format_args!("{} PlayAndRecord, VoiceChat", Step::Configure), session.state());
    let session = session.prepare(engine)?;
    story.app(Step::Prepare, session.state());
    let session = session.activate()?;
    engine.activated(Instant::now());
    story.app(Step::Activate, session.state());
    let session = session.start(engine)?;
    story.app(Step::Start, session.state());

    let result = during(engine);

    let session = audio.expect::<Running>()?.stop()?;
    story.app(Step::Stop, session.state());
    let session = session.deactivate()?;
    story.app(Step::Deactivate, session.state());
    Ok(result)
}
