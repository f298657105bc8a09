//! The words of a story's lines: what happens, and what anybody may see.

use super::Player;
use oncue_call::integration::CallUi;
use oncue_call::*;
use oncue_session::{Domain, EndedReason, Event, Framework, Id, Refusal, StartCallIntent};
use std::fmt::Write as _;
use std::time::Duration;

impl Player {
    /// Something happened before the story; the whole of a call's begin has a word of its own.
    pub(super) fn given(&mut self, words: &str) {
        let all: Vec<_> = words.split_whitespace().collect();
        let lines: &[&str] = match all[..] {
            ["ringing", call, id] => {
                &[&format!("invite {call} from alice"), &format!("reported {id}")]
            }
            ["connected", call, id] => &[
                &format!("invite {call} from alice"),
                &format!("reported {id}"),
                &format!("perform answer-{id} answer {id}"),
                "category-set",
                "did-activate",
                "audio-started",
            ],
            ["connected-out", call, id] => &[
                &format!("user calls bob as {call}"),
                "requested t1",
                &format!("perform start-{id} start {id} bob"),
                "category-set",
                &format!("dialled {call}"),
                "did-activate",
                "audio-started",
                &format!("answered {call}"),
                "audio-started",
            ],
            _ => {
                self.happens(words);
                return;
            }
        };
        // In QQ's order the category is set for the report already.
        for line in lines {
            if line.starts_with("reported")
                && self.out.iter().any(|out| out.starts_with("set-category"))
            {
                self.happens("category-set");
            }
            self.happens(line);
        }
    }

    /// The centre is told what these words say.
    pub(crate) fn happens(&mut self, words: &str) {
        let words: Vec<_> = words.split_whitespace().collect();
        let input = match words[..] {
            ["wait", ms] => {
                self.wait(millis(ms));
                return;
            }
            ["returns-from", "launch"] => {
                self.see(Event::LaunchFinished {});
                return;
            }
            ["push", id, call, "from", from, ref more @ ..] => Input::Push(Push {
                id: Id::named(id),
                call: app(call),
                from: Handle::generic(from),
                name: None,
                video: more.contains(&"video"),
                kind: match more.iter().position(|&word| word == "cancelled") {
                    Some(place) => PushKind::Cancelled(reason(more[place + 1])),
                    None if more.contains(&"expired") => PushKind::Expired,
                    None => PushKind::Calls,
                },
                must_report: more.contains(&"need-not-report").then_some(false),
            }),
            ["invite", call, "from", from, ref more @ ..] => Input::Signal(Signal::Invite {
                call: app(call),
                from: Handle::generic(from),
                name: None,
                video: more.contains(&"video"),
            }),
            ["dialled", call] => Input::Signal(Signal::Dialled { call: app(call) }),
            ["ringing", call] => Input::Signal(Signal::Ringing { call: app(call) }),
            ["answered", call] => Input::Signal(Signal::Answered { call: app(call) }),
            ["joined", call] => Input::Signal(Signal::Joined { call: app(call) }),
            ["ended", call, why] => {
                Input::Signal(Signal::Ended { call: app(call), reason: reason(why) })
            }
            ["end-sent", call] => Input::Signal(Signal::EndSent { call: app(call) }),
            ["update", call] => {
                Input::Signal(Signal::Update { call: app(call), update: CallUpdate::default() })
            }
            ["user", ref wish @ ..] => Input::Wish(self::wish(wish)),
            ["reported", call, ref more @ ..] => Input::Reported {
                call: Id::named(call),
                result: result(more, Domain::IncomingCall),
            },
            ["requested", transaction, ref more @ ..] => Input::Requested {
                transaction: Id::named(transaction),
                result: result(more, Domain::RequestTransaction),
            },
            ["provider-began"] => Input::ProviderBegan,
            ["execute", transaction] => Input::Execute { transaction: Id::named(transaction) },
            ["perform", id, ref action @ ..] => Input::Perform(perform(id, action)),
            ["timed-out", action] => Input::TimedOut { action: Id::named(action) },
            ["provider-reset"] => Input::ProviderReset,
            ["other-call", id, ref more @ ..] => Input::OtherCall(CallState::of_another_app(
                Id::named(id),
                more.contains(&"outgoing"),
                more.contains(&"held"),
                more.contains(&"connected"),
                more.contains(&"ended"),
            )),
            ["category-set", ref more @ ..] => {
                Input::CategorySet(result(more, Domain::AudioSession))
            }
            ["audio-started", ref more @ ..] => {
                Input::AudioStarted(result(more, Domain::AudioUnit))
            }
            ["active-set", ref more @ ..] => Input::ActiveSet(result(more, Domain::AudioSession)),
            ["decided", ui] => Input::Decided(
                [
                    CallUi::System(Framework::CallKit),
                    CallUi::System(Framework::LiveCommunicationKit),
                    CallUi::InApp,
                ]
                .into_iter()
                .find(|known| known.name() == ui)
                .unwrap(),
            ),
            ["did-activate"] => Input::DidActivate,
            ["did-deactivate"] => Input::DidDeactivate,
            ["interruption-began"] => Input::InterruptionBegan(None),
            ["interruption-ended"] => Input::InterruptionEnded { should_resume: false },
            ["interruption-ended", "should-resume"] => {
                Input::InterruptionEnded { should_resume: true }
            }
            ["media-services-lost"] => Input::MediaServicesLost,
            ["media-services-reset"] => Input::MediaServicesReset,
            ["foreground"] => Input::Foreground(true),
            ["background"] => Input::Foreground(false),
            ["unlocked"] => Input::Unlocked(true),
            ["locked"] => Input::Unlocked(false),
            ["signalling", "up"] => Input::SignallingReady(true),
            ["signalling", "down"] => Input::SignallingReady(false),
            _ => panic!("nothing happens by {words:?}"),
        };
        self.tell(input);
    }

    /// What anybody may see: `A ringing`, `A connected held muted`, `A over`, `session Active`.
    pub(super) fn look(&mut self, words: &str) -> Result<(), String> {
        let (what, expected) = words.split_once(' ').unwrap();
        if what == "session" {
            let state = self.centre.session().name();
            return if state == expected { Ok(()) } else { Err(format!("the session is {state}")) };
        }
        let call = self.centre.calls().into_iter().find(|call| call.id == Id::named(what));
        let mut seen = match &call {
            None => "over".to_owned(),
            Some(call) => format!("{:?}", call.stage).to_lowercase(),
        };
        if let Some(call) = call {
            for (is, word) in
                [(call.on_hold, "held"), (call.muted, "muted"), (call.outgoing, "outgoing")]
            {
                if is {
                    write!(seen, " {word}").unwrap();
                }
            }
            if let Some(group) = call.group {
                write!(seen, " in {group}").unwrap();
            }
        }
        if seen == expected { Ok(()) } else { Err(format!("{what} is {seen}")) }
    }
}

fn wish(words: &[&str]) -> Wish {
    match *words {
        ["calls", to, "as", call, ref more @ ..] => Wish::Start {
            call: app(call),
            to: Handle::generic(to),
            contact: None,
            video: more.contains(&"video"),
            intent: StartCallIntent::ALL
                .iter()
                .copied()
                .find(|intent| more.contains(&intent.name())),
        },
        ["answers", call] => Wish::Answer { call: app(call), other: Other::Keep },
        ["answers", call, "ending"] => Wish::Answer { call: app(call), other: Other::End },
        ["answers", call, "holding"] => Wish::Answer { call: app(call), other: Other::Hold },
        ["ends", call] => Wish::End { call: app(call) },
        ["holds", call] => Wish::Hold { call: app(call), on_hold: true },
        ["takes-back", call] => Wish::Hold { call: app(call), on_hold: false },
        ["swaps-to", call] => Wish::Swap { to: app(call) },
        ["mutes", call] => Wish::Mute { call: app(call), muted: true },
        ["unmutes", call] => Wish::Mute { call: app(call), muted: false },
        ["groups", call, "with", with] => Wish::Group { call: app(call), with: Some(app(with)) },
        ["ungroups", call] => Wish::Group { call: app(call), with: None },
        ["plays", digits, "to", call] => {
            Wish::Tones { call: app(call), digits: digits.to_owned(), kind: DtmfType::SingleTone }
        }
        ["wants-speaker"] => Wish::Speaker { on: true },
        ["wants-receiver"] => Wish::Speaker { on: false },
        ["translates", call] => Wish::Translate {
            call: app(call),
            on: true,
            local: "zh-Hans".to_owned(),
            remote: "en".to_owned(),
        },
        _ => panic!("no wish is {words:?}"),
    }
}

fn perform(id: &str, words: &[&str]) -> Performed {
    let (mut words, mut transaction, mut timeout) = (words.to_vec(), None, None);
    while let [.., key @ ("in" | "within"), value] = words[..] {
        match key {
            "in" => transaction = Some(Id::named(value)),
            _ => timeout = Some(millis(value)),
        }
        words.truncate(words.len() - 2);
    }
    let call = Id::named(words[1]);
    let action = match words[..] {
        ["start", _, to, ref more @ ..] => CallAction::Start {
            call,
            handle: Handle::generic(to),
            contact: None,
            video: more.contains(&"video"),
        },
        ["answer", _] => CallAction::Answer { call },
        ["end", _] => CallAction::End { call },
        ["hold", _] => CallAction::SetHeld { call, on_hold: true },
        ["unhold", _] => CallAction::SetHeld { call, on_hold: false },
        ["mute", _] => CallAction::SetMuted { call, muted: true },
        ["unmute", _] => CallAction::SetMuted { call, muted: false },
        ["group", _, "with", with] => CallAction::SetGroup { call, with: Some(Id::named(with)) },
        ["ungroup", _] => CallAction::SetGroup { call, with: None },
        ["play", _, digits] => {
            CallAction::PlayDtmf { call, digits: digits.to_owned(), kind: DtmfType::SingleTone }
        }
        ["translate", _] => CallAction::SetTranslating {
            call,
            translating: true,
            local: "zh-Hans".to_owned(),
            remote: "en".to_owned(),
        },
        _ => panic!("no action is {words:?}"),
    };
    Performed { id: Id::named(id), action, transaction, timeout }
}

pub(super) fn millis(text: &str) -> Duration {
    Duration::from_millis(text.parse().unwrap())
}

fn reason(name: &str) -> EndedReason {
    *EndedReason::ALL
        .iter()
        .find(|reason| reason.name() == name)
        .unwrap_or_else(|| panic!("{name}"))
}

fn app(word: &str) -> AppCall {
    word.parse::<u64>().map_or_else(|_| word.into(), AppCall::from)
}

/// The answer of the system, as the words after what it answers say.
fn result(words: &[&str], domain: Domain) -> Result<(), Refusal> {
    match words {
        [] => Ok(()),
        ["refused", code] => {
            let code = code
                .parse()
                .unwrap_or_else(|_| i32::from_be_bytes(code.as_bytes().try_into().unwrap()));
            Err(Refusal { domain, code })
        }
        _ => panic!("{words:?}"),
    }
}
