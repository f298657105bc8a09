//! The scripted app of a run that breaks the order on purpose: the steps of a call with one of them left out, moved or
//! added. It is guarded at run time, as an app that types cannot reach, and goes on against the guard's answer.
//!
//! Nothing here touches the card's gate: the silence is the modelled phone's.

use crate::call::{ACTIVATION_DEADLINE, TELL_DEADLINE};
use crate::call_system::{CallSystem, Told};
use crate::story::Story;
use oncue_duplex::{DeviceError, Duplex};
use oncue_session::{
    Action, ActionKind, Category, Configuration, Directions, Engine, Entry, Event, Guard, Id, Mode,
    Options, Owner, Platform, Policy, Rule, RunningIo, StartPermit, action,
};
use std::sync::mpsc::Receiver;

/// The one call, the action that answers it, and the unit that carries it.
const CALL: Id = Id::named("call");
const ANSWER: Id = Id::named("answer");
const UNIT: Id = Id::named("duplex");

/// The rules that one call can break so that it is silent.
pub(crate) const BREAKABLE: &[Rule] = &[
    Rule::CategoryBeforeActivation,
    Rule::CategoryMustBePlayAndRecord,
    Rule::ConfigureWithoutActivating,
    Rule::NoAppActivationUnderCallkit,
    Rule::ActivationFollowsFulfill,
    Rule::IoStartAfterDidActivate,
    Rule::NoForeignDeactivation,
    Rule::AppActivatesOnlyWithoutCallkit,
];

/// What the app does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    SetCategory(Category),
    Fulfill,
    Await,
    Activate,
    Start,
    Deactivate,
    Talk,
}

/// The steps of a call, with the one mistake that breaks `rule`.
fn acts(owner: Owner, rule: Rule) -> Vec<Act> {
    use Act::{Activate, Await, Deactivate, Fulfill, SetCategory, Start, Talk};
    let call = SetCategory(Category::PlayAndRecord);
    match (owner, rule) {
        (Owner::App, Rule::CategoryMustBePlayAndRecord) => {
            vec![call, Activate, Start, SetCategory(Category::Playback), Talk]
        }
        (Owner::App, Rule::CategoryBeforeActivation) => vec![Activate, Start, Talk],
        (Owner::App, Rule::IoStartAfterDidActivate) => vec![call, Start, Activate, Talk],
        (Owner::App, _) => vec![call, Await, Start, Talk],
        (_, Rule::CategoryMustBePlayAndRecord) => {
            vec![call, Fulfill, Await, Start, SetCategory(Category::Playback), Talk]
        }
        (_, Rule::CategoryBeforeActivation) => vec![Fulfill, Await, Start, Talk],
        (_, Rule::ConfigureWithoutActivating) => vec![call, Activate, Fulfill, Start, Talk],
        (_, Rule::NoAppActivationUnderCallkit) => vec![call, Fulfill, Activate, Start, Talk],
        (_, Rule::ActivationFollowsFulfill) => vec![call, Await, Fulfill, Start, Talk],
        (_, Rule::IoStartAfterDidActivate) => vec![call, Fulfill, Start, Await, Talk],
        (_, Rule::NoForeignDeactivation) => vec![call, Fulfill, Await, Start, Deactivate, Talk],
        _ => vec![call, Fulfill, Await, Start, Talk],
    }
}

/// Whether a session of `owner` can break `rule` at all.
pub(crate) fn can_break(owner: Owner, rule: Rule) -> bool {
    let of_both = [
        Rule::CategoryBeforeActivation,
        Rule::CategoryMustBePlayAndRecord,
        Rule::IoStartAfterDidActivate,
    ];
    of_both.contains(&rule)
        || (owner == Owner::App) == (rule == Rule::AppActivatesOnlyWithoutCallkit)
}

/// A call that breaks `rule`. `during` is the call itself, which does not happen if the app gave up before: `None`.
///
/// # Errors
/// What the device refused.
pub(crate) fn call<T>(
    rule: Rule,
    owner: Owner,
    (phone, told): (CallSystem, Receiver<Told>),
    engine: &mut Duplex,
    story: &mut Story,
    during: impl FnOnce(&mut Duplex) -> T,
) -> Result<Option<T>, DeviceError> {
    let mut policy = Policy::apple();
    policy.owner = owner;
    let mut app = App { guard: Guard::new(policy), phone, told, answer: None, running: None };
    // The far end has called already.
    app.guard.observe(&Entry::new(story.elapsed(), Event::Invite { call: CALL }));
    if owner == Owner::System {
        for event in [
            Event::ReportIncoming { call: CALL, video: None },
            Event::ReportSucceeded { call: CALL },
        ] {
            app.guard.observe(&Entry::new(story.elapsed(), event));
        }
        app.phone.user_answers();
        if let Ok(Told::Answer(answer)) = app.told.recv_timeout(TELL_DEADLINE) {
            app.answer = Some(answer);
            app.does_or_hears(
                Event::Perform {
                    action: ANSWER,
                    kind: ActionKind::Answer,
                    call: CALL,
                    transaction: None,
                    timeout_ms: None,
                },
                story,
            );
        }
    }
    let mut during = Some(during);
    let mut result = None;
    for act in acts(owner, rule) {
        match act {
            Act::Talk => result = during.take().map(|during| during(engine)),
            act => {
                if !app.does(act, engine, story)? {
                    break;
                }
            }
        }
    }
    if let Some(mut running) = app.running.take() {
        running.stop();
        app.does_or_hears(Event::StopUnit { unit: UNIT }, story);
    }
    Ok(result)
}

struct App {
    guard: Guard,
    phone: CallSystem,
    told: Receiver<Told>,
    answer: Option<Action<action::Answer>>,
    running: Option<Box<dyn RunningIo>>,
}

impl App {
    /// Takes a step whatever the guard says; false when the app waited in vain.
    fn does(
        &mut self,
        act: Act,
        engine: &mut Duplex,
        story: &mut Story,
    ) -> Result<bool, DeviceError> {
        match act {
            Act::SetCategory(category) => {
                let mode = if category == Category::PlayAndRecord {
                    Mode::VoiceChat
                } else {
                    Mode::Default
                };
                let options = Options::NONE;
                let event = Event::SetCategory {
                    category,
                    mode: Some(mode),
                    options: Some(options),
                    through_proxy: None,
                };
                self.does_or_hears(event, story);
                // The scripted phone refuses nothing.
                let _ = self.phone.set_category(Configuration { category, mode, options });
            }
            Act::Fulfill => {
                self.does_or_hears(Event::Fulfill { action: ANSWER }, story);
                if let Some(answer) = self.answer.take() {
                    answer.fulfill_against_the_order();
                }
            }
            Act::Await => {
                self.does_or_hears(Event::AwaitActivation {}, story);
                return Ok(match self.told.recv_timeout(ACTIVATION_DEADLINE) {
                    Ok(Told::DidActivate(_)) => {
                        self.does_or_hears(Event::DidActivate {}, story);
                        true
                    }
                    _ => false,
                });
            }
            Act::Activate => {
                self.does_or_hears(Event::SetActive { active: true }, story);
                let _ = self.phone.set_active(true);
            }
            Act::Deactivate => {
                self.does_or_hears(Event::SetActive { active: false }, story);
                let _ = self.phone.set_active(false);
            }
            Act::Start => {
                self.does_or_hears(Event::StartUnit { unit: UNIT, playback_only: None }, story);
                let permit = StartPermit::against_the_order();
                self.running = Some(engine.start(permit, Directions::Duplex)?);
            }
            Act::Talk => {}
        }
        Ok(true)
    }

    /// Tells guard and story of an event; what it breaks does not stop the app.
    fn does_or_hears(&mut self, event: Event, story: &mut Story) {
        for finding in self.guard.observe(&Entry::new(story.elapsed(), event)) {
            story.violation(finding);
        }
        story.event(&event, self.guard.state());
    }
}
