//! What happens, orders and actions in words, for logs, tests and diagrams.

use crate::{
    CallAction, Input, Message, NotDone, Notice, Other, Output, Push, PushKind, Signal, Wish,
};
use oncue_session::{Directions, OutputPort, Refusal};
use std::fmt::{Display, Formatter, Result};

impl Display for CallAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let call = self.call();
        match self {
            Self::Start { handle, video, .. } => {
                write!(f, "start {call} {handle}{}", if *video { " video" } else { "" })
            }
            Self::SetGroup { with: Some(with), .. } => write!(f, "group {call} with {with}"),
            Self::SetGroup { with: None, .. } => write!(f, "ungroup {call}"),
            Self::PlayDtmf { digits, .. } => write!(f, "play-tones {call} {digits}"),
            Self::SetTranslating { translating, local, remote, .. } => {
                let on = if *translating { "on" } else { "off" };
                write!(f, "translate {call} {on} {local} {remote}")
            }
            _ => write!(f, "{} {call}", self.kind()),
        }
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Dial { to, video } => {
                write!(f, "dial {to}{}", if *video { " video" } else { "" })
            }
            Self::Accept => f.write_str("accept"),
            Self::End => f.write_str("end"),
            Self::Refuse(refusal) => write!(f, "refuse {}", refusal.code),
            Self::Hold(true) => f.write_str("hold"),
            Self::Hold(false) => f.write_str("unhold"),
            Self::Tones { digits, .. } => write!(f, "tones {digits}"),
        }
    }
}

/// A refusal by its short name, or by its number.
fn named(f: &mut Formatter<'_>, refusal: &Refusal) -> Result {
    match refusal.named() {
        Some(named) => f.write_str(named.name()),
        None => write!(f, "{}", refusal.code),
    }
}

impl Display for Notice {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::NotDone { call, kind, why } => {
                write!(f, "not-done {call} {kind} ")?;
                match why {
                    NotDone::Refused(refusal) => named(f, refusal),
                    NotDone::NoGroupFree => f.write_str("no-group-free"),
                    NotDone::InBackground => f.write_str("in-background"),
                    NotDone::Stage(stage) => write!(f, "{stage:?}"),
                    NotDone::NotDeclared => f.write_str("not-declared"),
                    NotDone::Withdrawn => f.write_str("withdrawn"),
                    NotDone::NoCall => f.write_str("no-call"),
                    NotDone::NoCallSystem => f.write_str("no-call-system"),
                }
            }
            Self::NotReported { call, refusal } => {
                write!(f, "not-reported {call} ")?;
                named(f, refusal)
            }
            Self::NoCategory(refusal) => {
                f.write_str("no-category ")?;
                named(f, refusal)
            }
            Self::NoActivation => f.write_str("no-activation"),
            Self::NoAudio(refusal) => {
                f.write_str("no-audio ")?;
                named(f, refusal)
            }
        }
    }
}

impl Display for Output {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::CreateProvider { provider, .. } => write!(f, "create-provider {provider}"),
            Self::ConfigureProvider { provider, .. } => write!(f, "configure-provider {provider}"),
            Self::InvalidateProvider { provider } => write!(f, "invalidate-provider {provider}"),
            Self::StopPushes => f.write_str("stop-pushes"),
            Self::RingInApp { call, from, video, .. } => {
                write!(f, "ring-in-app {call} {from}{}", if *video { " video" } else { "" })
            }
            Self::StopRinging { call } => write!(f, "stop-ringing {call}"),
            Self::SetActive(active) => write!(f, "set-active {active}"),
            Self::PreferNoAlerts => f.write_str("prefer-no-alerts"),
            Self::RegisterForPushes => f.write_str("register-for-pushes"),
            Self::CompletePush { push } => write!(f, "complete-push {push}"),
            Self::ReportIncoming { call, update } => {
                write!(f, "report-incoming {call}")?;
                if let Some(handle) = &update.remote_handle {
                    write!(f, " {handle}")?;
                }
                f.write_str(if update.has_video { " video" } else { "" })
            }
            Self::Update { call, .. } => write!(f, "update {call}"),
            Self::ReportConnecting { call } => write!(f, "report-connecting {call}"),
            Self::ReportConnected { call } => write!(f, "report-connected {call}"),
            Self::ReportEnded { call, reason } => write!(f, "report-ended {call} {reason}"),
            Self::Request(transaction) => {
                write!(f, "request {}", transaction.id)?;
                for (place, action) in transaction.actions.iter().enumerate() {
                    write!(f, "{} {action}", if place == 0 { "" } else { " +" })?;
                }
                Ok(())
            }
            Self::LeaveToActions { transaction } => write!(f, "leave-to-actions {transaction}"),
            Self::Fulfill { action } => write!(f, "fulfill {action}"),
            Self::FulfillTranslation { action, engine } => {
                write!(f, "fulfill-translation {action} {engine:?}")
            }
            Self::Fail { action } => write!(f, "fail {action}"),
            Self::SetCategory(configuration) => {
                write!(f, "set-category {} {}", configuration.category, configuration.mode)
            }
            Self::PrepareAudio { unit } => write!(f, "prepare-audio {unit}"),
            Self::StartAudio { unit, directions, .. } => {
                let playback = *directions == Directions::Playback;
                write!(f, "start-audio {unit}{}", if playback { " playback" } else { "" })
            }
            Self::StopAudio { unit } => write!(f, "stop-audio {unit}"),
            Self::DisposeAudio { unit } => write!(f, "dispose-audio {unit}"),
            Self::TellStack { active: true } => f.write_str("tell-stack active"),
            Self::TellStack { active: false } => f.write_str("tell-stack inactive"),
            Self::ApplyMute { muted: true } => f.write_str("apply-mute on"),
            Self::ApplyMute { muted: false } => f.write_str("apply-mute off"),
            Self::OverrideOutput(OutputPort::Speaker) => f.write_str("override-output speaker"),
            Self::OverrideOutput(OutputPort::None) => f.write_str("override-output none"),
            Self::RestoreAudio => f.write_str("restore-audio"),
            Self::Send { call, message, .. } => write!(f, "send {call} {message}"),
            Self::BeginBackgroundTask => f.write_str("begin-background-task"),
            Self::EndBackgroundTask => f.write_str("end-background-task"),
            Self::Notice(notice) => write!(f, "notice {notice}"),
        }
    }
}

impl Display for Push {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "push {} {} from {}", self.id, self.call, self.from)?;
        match self.kind {
            PushKind::Calls => Ok(()),
            PushKind::Cancelled(reason) => write!(f, " cancelled {reason}"),
            PushKind::Expired => f.write_str(" expired"),
        }
    }
}

impl Display for Signal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Invite { call, from, .. } => write!(f, "invite {call} from {from}"),
            Self::Dialled { call } => write!(f, "dialled {call}"),
            Self::Ringing { call } => write!(f, "ringing {call}"),
            Self::Answered { call } => write!(f, "answered {call}"),
            Self::Joined { call } => write!(f, "joined {call}"),
            Self::Ended { call, reason } => write!(f, "ended {call} {reason}"),
            Self::Update { call, .. } => write!(f, "update {call}"),
            Self::EndSent { call } => write!(f, "end-sent {call}"),
        }
    }
}

impl Display for Wish {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Start { call, to, .. } => write!(f, "calls {to} as {call}"),
            Self::Answer { call, other: Other::Keep } => write!(f, "answers {call}"),
            Self::Answer { call, other: Other::End } => write!(f, "ends and answers {call}"),
            Self::Answer { call, other: Other::Hold } => write!(f, "holds and answers {call}"),
            Self::End { call } => write!(f, "ends {call}"),
            Self::Hold { call, on_hold: true } => write!(f, "holds {call}"),
            Self::Hold { call, on_hold: false } => write!(f, "takes {call} back"),
            Self::Swap { to } => write!(f, "swaps to {to}"),
            Self::Mute { call, muted: true } => write!(f, "mutes {call}"),
            Self::Mute { call, muted: false } => write!(f, "unmutes {call}"),
            Self::Group { call, with: Some(with) } => write!(f, "groups {call} with {with}"),
            Self::Group { call, with: None } => write!(f, "ungroups {call}"),
            Self::Tones { call, digits, .. } => write!(f, "plays {digits} to {call}"),
            Self::Speaker { on } => write!(f, "loudspeaker {}", if *on { "on" } else { "off" }),
            Self::Translate { call, on, .. } => {
                write!(f, "translates {call} {}", if *on { "on" } else { "off" })
            }
        }
    }
}

impl Display for Input {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let answered =
            |f: &mut Formatter<'_>, what: &str, result: &std::result::Result<(), Refusal>| {
                f.write_str(what)?;
                match result {
                    Ok(()) => Ok(()),
                    Err(refusal) => {
                        f.write_str(" refused ")?;
                        named(f, refusal)
                    }
                }
            };
        match self {
            Self::Time => f.write_str("time passes"),
            Self::Push(push) => push.fmt(f),
            Self::Signal(signal) => signal.fmt(f),
            Self::Wish(wish) => wish.fmt(f),
            Self::Reported { call, result } => answered(f, &format!("reported {call}"), result),
            Self::Requested { transaction, result } => {
                answered(f, &format!("requested {transaction}"), result)
            }
            Self::ProviderBegan => f.write_str("provider-began"),
            Self::Execute { transaction } => write!(f, "execute {transaction}"),
            Self::Perform(performed) => write!(f, "perform {} {}", performed.id, performed.action),
            Self::TimedOut { action } => write!(f, "timed-out {action}"),
            Self::ProviderReset => f.write_str("provider-reset"),
            Self::OtherCall(call) => write!(f, "other call {} {:?}", call.id, call.stage),
            Self::CategorySet(result) => answered(f, "category-set", result),
            Self::ActiveSet(result) => answered(f, "active-set", result),
            Self::AudioStarted(result) => answered(f, "audio-started", result),
            Self::DidActivate => f.write_str("did-activate"),
            Self::DidDeactivate => f.write_str("did-deactivate"),
            Self::InterruptionBegan(_) => f.write_str("interruption-began"),
            Self::InterruptionEnded { .. } => f.write_str("interruption-ended"),
            Self::MediaServicesLost => f.write_str("media-services-lost"),
            Self::MediaServicesReset => f.write_str("media-services-reset"),
            Self::Decided(ui) => write!(f, "decided {}", ui.name()),
            Self::Foreground(true) => f.write_str("foreground"),
            Self::Foreground(false) => f.write_str("background"),
            Self::Unlocked(true) => f.write_str("unlocked"),
            Self::Unlocked(false) => f.write_str("before the first unlock"),
            Self::SignallingReady(true) => f.write_str("signalling up"),
            Self::SignallingReady(false) => f.write_str("signalling down"),
        }
    }
}
