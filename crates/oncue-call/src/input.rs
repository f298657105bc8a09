//! What a centre is told: by server and far end, by the user in the app's own screens, by the call system, by the session.
//!
//! Server and user name a call by the app's id ([`AppCall`]), the call system by its UUID ([`Id`]).

use crate::integration::CallUi;
use crate::{AppCall, CallState, CallUpdate, DtmfType, Handle, Performed};
use oncue_session::{EndedReason, Id, InterruptionReason, Refusal, StartCallIntent};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Input {
    /// Time passed: a deadline of [`poll_timeout`](crate::Centre::poll_timeout) is over.
    Time,
    /// A VoIP push came in. What the centre puts out at once includes the report; the delegate's method returns after
    /// that.
    Push(Push),
    /// Server or far end said something.
    Signal(Signal),
    /// The user did something in the app's own screens, or handed a call over from contacts, Recents or Siri.
    Wish(Wish),

    /// The answer to [`Output::ReportIncoming`](crate::Output::ReportIncoming).
    Reported {
        /// The call.
        call: Id,
        /// Whether the system has it now.
        result: Result<(), Refusal>,
    },
    /// The answer to [`Output::Request`](crate::Output::Request).
    Requested {
        /// The transaction.
        transaction: Id,
        /// Whether the system took it.
        result: Result<(), Refusal>,
    },
    /// The provider is registered (`providerDidBegin(_:)`). It may never be told.
    ProviderBegan,
    /// The system asks who performs a transaction (`provider(_:execute:)`).
    Execute {
        /// The transaction.
        transaction: Id,
    },
    /// The system asks for an action (`provider(_:perform:)`).
    Perform(Performed),
    /// The system gave an action up (`provider(_:timedOutPerforming:)`).
    TimedOut {
        /// The action.
        action: Id,
    },
    /// The call system lost all calls (`providerDidReset(_:)`).
    ProviderReset,
    /// The observer tells of a call of another app.
    OtherCall(CallState),

    /// The answer to [`Output::SetCategory`](crate::Output::SetCategory).
    CategorySet(Result<(), Refusal>),
    /// The answer to [`Output::SetActive`](crate::Output::SetActive) with true.
    ActiveSet(Result<(), Refusal>),
    /// The answer to [`Output::StartAudio`](crate::Output::StartAudio).
    AudioStarted(Result<(), Refusal>),
    /// The system activated the session.
    DidActivate,
    /// The system deactivated the session.
    DidDeactivate,
    /// The system interrupted the session.
    InterruptionBegan(Option<InterruptionReason>),
    /// The interruption is over.
    InterruptionEnded {
        /// The option ShouldResume.
        should_resume: bool,
    },
    /// The media server died.
    MediaServicesLost,
    /// The media server is back.
    MediaServicesReset,

    /// Something else was decided for the calls to come (rule book §3.14): an update's first launch, a switch of the
    /// server's or the user's. Calls that go on finish as they began. There is one session: while a call of an
    /// [`InApp`](crate::InApp) is live, a decision for a call system waits with the app.
    Decided(CallUi),

    /// The app came to the foreground, or left it.
    Foreground(bool),
    /// Whether data that the first unlock after a restart opens can be read.
    Unlocked(bool),
    /// The app's connection to its server is up, or down.
    SignallingReady(bool),
}

/// What a push says of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushKind {
    /// It calls.
    Calls,
    /// The far end gave up, or another device answered or declined.
    Cancelled(EndedReason),
    /// It was delivered too late: the call is over by its own words, or it cannot be read.
    Expired,
}

/// A VoIP push. What it carries must do where nothing else can be read, as before the first unlock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Push {
    /// The push itself, any fresh id.
    pub id: Id,
    /// The call that it is about.
    pub call: AppCall,
    /// Who calls.
    pub from: Handle,
    /// The name to show.
    pub name: Option<String>,
    /// Whether it is a call with video.
    pub video: bool,
    /// What it says.
    pub kind: PushKind,
    /// `PKVoIPPushMetadata.mustReport` (iOS 26.4).
    pub must_report: Option<bool>,
}

/// What server or far end say of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// The far end calls.
    Invite {
        /// The call.
        call: AppCall,
        /// Who calls.
        from: Handle,
        /// The name to show.
        name: Option<String>,
        /// Whether it is a call with video.
        video: bool,
    },
    /// An outgoing call was handed to the network.
    Dialled {
        /// The call.
        call: AppCall,
    },
    /// The far end of an outgoing call rings.
    Ringing {
        /// The call.
        call: AppCall,
    },
    /// The far end answered an outgoing call.
    Answered {
        /// The call.
        call: AppCall,
    },
    /// The media of an answered call are joined.
    Joined {
        /// The call.
        call: AppCall,
    },
    /// The far end, the network or another device ended it, or it failed.
    Ended {
        /// The call.
        call: AppCall,
        /// Why.
        reason: EndedReason,
    },
    /// What the system shows of it changes.
    Update {
        /// The call.
        call: AppCall,
        /// What it shows now.
        update: CallUpdate,
    },
    /// The hang-up of a call has left the device.
    EndSent {
        /// The call.
        call: AppCall,
    },
}

/// What the user wishes, in the app's own screens. It takes the same path as what the system's screens ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wish {
    /// Call somebody.
    Start {
        /// The call, new.
        call: AppCall,
        /// Whom.
        to: Handle,
        /// The contact's identifier in the phone's contacts (`contactIdentifier`), where the app or an intent knows it.
        contact: Option<String>,
        /// With video.
        video: bool,
        /// The intent by which contacts, Recents or Siri handed it over; none from the app's own screens.
        intent: Option<StartCallIntent>,
    },
    /// Answer.
    Answer {
        /// The call.
        call: AppCall,
        /// What becomes of the call that goes on.
        other: Other,
    },
    /// Hang up, or decline.
    End {
        /// The call.
        call: AppCall,
    },
    /// Put on hold, or take back.
    Hold {
        /// The call.
        call: AppCall,
        /// True for on hold.
        on_hold: bool,
    },
    /// Hold the call that goes on, and take this one back.
    Swap {
        /// The held call.
        to: AppCall,
    },
    /// Mute or unmute.
    Mute {
        /// The call.
        call: AppCall,
        /// True to mute.
        muted: bool,
    },
    /// Group two calls, or take one out of its group.
    Group {
        /// The call.
        call: AppCall,
        /// The other call; none to take it out.
        with: Option<AppCall>,
    },
    /// Play tones.
    Tones {
        /// The call.
        call: AppCall,
        /// The keys.
        digits: String,
        /// How.
        kind: DtmfType,
    },
    /// The loudspeaker, or where the route leads without it.
    Speaker {
        /// True for the loudspeaker.
        on: bool,
    },
    /// Translate a connected call, or stop that (iOS 26).
    Translate {
        /// The call.
        call: AppCall,
        /// True to translate.
        on: bool,
        /// The language spoken here.
        local: String,
        /// The language spoken at the far end.
        remote: String,
    },
}

/// What becomes of the call that goes on when another is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Other {
    /// It goes on as it is.
    #[default]
    Keep,
    /// “End & Accept”: it ends, in the same transaction.
    End,
    /// “Hold & Accept”: it is held, in the same transaction.
    Hold,
}
