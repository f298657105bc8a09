//! A phone on which random stories are told, and the books that it keeps of what the centre does.
//!
//! It knows nothing of the centre's inside: it takes reports and transactions, performs, activates and refuses as the story
//! says, and leaves out what cannot happen as things stand.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checks;
mod far_ends;
mod happens;

pub(crate) use happens::{Happens, Said, Screen, Wished};

use super::story::{Driven, Player};
use far_ends::FarEnds;
use oncue_call::*;
use oncue_session::{
    CallCategory, Directions, Event, Framework, Id, Owner, Permission, PlayAndRecord,
};
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

/// In what time a phone completes its reports, and the calls of the session return.
const PROMPT: Duration = Duration::from_millis(300);

/// A call as the phone has it.
#[derive(Clone, Debug)]
struct OnPhone {
    id: Id,
    outgoing: bool,
    live: bool,
    held: bool,
}

/// The phone, and the books that are kept of what the centre does.
pub(crate) struct Phone {
    player: Player,
    calls: Vec<OnPhone>,
    reports: VecDeque<Id>,
    requests: VecDeque<Transaction>,
    /// Actions that were taken and not performed yet.
    taken: VecDeque<(CallAction, Id)>,
    /// Actions that are being performed.
    performing: Vec<(Id, CallAction)>,
    categories: u32,
    starts: u32,
    /// The app activates, and how many of its activations are not answered.
    own: bool,
    activations: u32,
    active: bool,
    activation_due: bool,
    deactivation_due: bool,
    media_lost: bool,
    interrupted: bool,
    /// It activates nothing.
    activates_nothing: bool,
    numbers: u64,
    // The books.
    uuids: HashSet<Id>,
    begun: HashSet<Id>,
    ended: HashSet<Id>,
    reported_in_this_turn: bool,
    /// Pushes whose completion was not called.
    pushes: HashSet<Id>,
    /// A background task runs, for hang-ups of these calls.
    background_task: bool,
    hang_ups: Vec<AppCall>,
    far_ends: FarEnds,
    /// The media stack was told of an activation.
    told: bool,
    /// What of the audio runs, and whether what is captured is muted.
    runs: Option<Directions>,
    muted: bool,
    /// The user was warned that there is no sound.
    warned: bool,
    /// A call with video was announced or started.
    video: bool,
}

impl Phone {
    pub(crate) fn new(order: Order, fulfil_at: FulfilAt, ringback: bool, owner: Owner) -> Self {
        let mut phone = Self::with(order, fulfil_at, ringback, owner);
        phone.player.launch();
        phone
    }

    /// The app's process has just been started: its provider is not registered, it is in the background and has no
    /// connection.
    pub(crate) fn cold(order: Order, fulfil_at: FulfilAt, ringback: bool, owner: Owner) -> Self {
        let mut phone = Self::with(order, fulfil_at, ringback, owner);
        phone.player.see(Event::PermissionIs { permission: Permission::Granted });
        // What it does at its launch.
        while let Some(output) = phone.centre().poll_output() {
            phone.does(output);
        }
        phone
    }

    fn with(order: Order, fulfil_at: FulfilAt, ringback: bool, owner: Owner) -> Self {
        let own = owner == Owner::App;
        let mut settings = Settings::new(order);
        if own {
            (settings.framework, settings.lck_owner) = (Framework::LiveCommunicationKit, owner);
        }
        (settings.fulfil_at, settings.ringback) = (fulfil_at, ringback);
        settings.provider.maximum_call_groups = 3;
        settings.provider.supports_audio_translation = true;
        settings.ring = Some(Duration::from_secs(20));
        let player = Player::new(settings, true);
        Self {
            player,
            calls: Vec::new(),
            reports: VecDeque::new(),
            requests: VecDeque::new(),
            taken: VecDeque::new(),
            performing: Vec::new(),
            categories: 0,
            starts: 0,
            own,
            activations: 0,
            active: false,
            activation_due: false,
            deactivation_due: false,
            media_lost: false,
            interrupted: false,
            activates_nothing: false,
            numbers: 0,
            uuids: HashSet::new(),
            begun: HashSet::new(),
            ended: HashSet::new(),
            reported_in_this_turn: false,
            pushes: HashSet::new(),
            background_task: false,
            hang_ups: Vec::new(),
            far_ends: FarEnds::default(),
            told: false,
            runs: None,
            muted: false,
            warned: false,
            video: false,
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn centre(&mut self) -> &mut Centre {
        match &mut self.player.centre {
            Driven::Centre(centre) => centre,
            Driven::InApp(_) => unreachable!("the stories are of a call system"),
        }
    }

    /// Tells the centre, and does what it says.
    fn tell(&mut self, input: Input) {
        let now = self.player.now;
        self.centre().handle(now, input);
        while let Some(output) = self.centre().poll_output() {
            self.does(output);
        }
        while let Some(change) = self.centre().poll_change() {
            // Other apps' calls are as the phone tells.
            if change.app.is_none() {
                continue;
            }
            self.begun.insert(change.id);
            if change.has_ended() {
                assert!(self.ended.insert(change.id), "{} ended twice", change.id);
            } else {
                assert!(!self.ended.contains(&change.id), "{} lives after its end", change.id);
            }
        }
    }

    fn find(&mut self, id: Id) -> Option<&mut OnPhone> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    /// A call is over for the phone.
    fn over(&mut self, id: Id) {
        self.calls.retain(|call| call.id != id);
        if !self.calls.iter().any(|call| call.live) {
            (self.deactivation_due, self.activation_due) = (self.active, false);
        }
    }

    fn does(&mut self, output: Output) {
        match output {
            Output::ReportIncoming { call, .. } => {
                self.reported_in_this_turn = true;
                if !self.begun.contains(&call) && !self.reports.contains(&call) {
                    assert!(self.uuids.insert(call), "{call} is no new UUID");
                }
                self.reports.push_back(call);
            }
            Output::BeginBackgroundTask => {
                assert!(!std::mem::replace(&mut self.background_task, true), "it runs already");
            }
            Output::EndBackgroundTask => {
                assert!(std::mem::take(&mut self.background_task), "it does not run");
            }
            Output::Send { call, id, message } => {
                if let Some(id) = id {
                    self.far_ends.told(id, &message);
                }
                if message == Message::End {
                    self.hang_ups.push(call);
                }
            }
            Output::RestoreAudio => {
                let live = self.calls.iter().any(|call| call.live);
                assert!(!live, "the session is a call's\n{}", self.story());
            }
            Output::TellStack { active } => {
                assert!(active || self.told, "it was told of no activation");
                self.told = active;
            }
            Output::CompletePush { push } => {
                assert!(self.pushes.remove(&push), "{push} is completed twice");
            }
            Output::Request(transaction) => {
                for action in &transaction.actions {
                    if let CallAction::Start { call, .. } = action {
                        assert!(self.uuids.insert(*call), "{call} is no new UUID");
                    }
                }
                self.requests.push_back(transaction);
            }
            Output::Fulfill { action } | Output::FulfillTranslation { action, .. } => {
                let action = self.completed(action);
                self.fulfilled(&action);
            }
            Output::Fail { action } => {
                let action = self.completed(action);
                if matches!(action, CallAction::Answer { .. } | CallAction::Start { .. }) {
                    self.over(action.call());
                }
            }
            Output::ReportEnded { call, .. } => self.over(call),
            Output::SetCategory(configuration) => {
                let video = configuration == PlayAndRecord::video_chat().configuration();
                let voice = configuration == PlayAndRecord::voice_chat().configuration();
                assert!(voice || video && self.video, "{configuration:?}");
                self.categories += 1;
            }
            Output::StartAudio { directions, .. } => {
                assert!(self.active || !self.own, "hardware starts, and the session is not active");
                self.starts += 1;
                // What starts is not muted.
                (self.runs, self.muted, self.warned) = (Some(directions), false, false);
            }
            Output::StopAudio { .. } => self.runs = None,
            Output::ApplyMute { muted } => self.muted = muted,
            Output::Notice(notice) => {
                use Notice::{NoActivation, NoAudio, NoCategory};
                self.warned |= matches!(notice, NoAudio(_) | NoActivation | NoCategory(_));
                let heard = self.calls.iter().any(|call| call.live && !call.held);
                assert!(heard || notice != NoActivation, "nobody waits\n{}", self.story());
            }
            Output::SetActive(active) => {
                assert!(self.own, "a session of the system's");
                if active {
                    self.activations += 1;
                } else {
                    self.active = false;
                }
            }
            _ => {}
        }
    }

    /// An action is completed: it was performed, and not completed before.
    fn completed(&mut self, id: Id) -> CallAction {
        let place = self.performing.iter().position(|(action, _)| *action == id);
        let place = place.unwrap_or_else(|| panic!("{id} is completed, and not open"));
        self.performing.remove(place).1
    }

    fn fulfilled(&mut self, action: &CallAction) {
        let id = action.call();
        match action {
            CallAction::Answer { .. } | CallAction::Start { .. } => {
                let call = self.find(id).expect("the phone has the call that is fulfilled");
                call.live = true;
                self.activation_due |= !self.active || self.deactivation_due;
            }
            CallAction::End { .. } => self.over(id),
            CallAction::SetHeld { on_hold, .. } => {
                if let Some(call) = self.find(id) {
                    call.held = *on_hold;
                }
                if *on_hold && !self.calls.iter().any(|call| call.live && !call.held) {
                    self.deactivation_due |= self.active;
                }
                self.activation_due |= !on_hold && !self.active;
            }
            _ => {}
        }
    }

    fn perform(&mut self, action: CallAction, transaction: Option<Id>) {
        let id = Id::named(&format!("action-{}", self.number()));
        if let CallAction::Start { call, .. } = action {
            self.calls.push(OnPhone { id: call, outgoing: true, live: false, held: false });
        }
        self.performing.push((id, action.clone()));
        let timeout = Some(Duration::from_secs(10));
        self.tell(Input::Perform(Performed { id, action, transaction, timeout }));
    }

    fn wait(&mut self, time: Duration) {
        let end = self.player.now + time;
        while let Some(due) = self.centre().poll_timeout().filter(|&due| due <= end) {
            self.player.now = self.player.now.max(due);
            self.tell(Input::Time);
            // What it led to is answered in time too.
            if end >= self.player.now + PROMPT {
                self.answers();
            }
        }
        self.player.now = end;
        self.tell(Input::Time);
    }
}
