//! Reads and plays stories: text files of what a centre is told and what it must put out, line by line, with a guard that
//! hears everything.
//!
//! A story begins with `== TIMELINE title`, then options (`order qq`, `fulfil joined`, …), then lines
//!
//! ```text
//! given WORDS        something that happened before; what the centre puts out is not looked at
//! ROW < WORDS        the centre is told something; ROW is the timeline's row
//! ROW > WORDS        it puts this out, and nothing else before the next `<`
//! ROW ? WORDS        what anybody may see of the calls and the session
//! ROW ! RULE         the guard finds this rule broken, by the system; without such a line it finds nothing
//! ROW . anything     happens outside of the app
//! ```

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::*;
use oncue_session::{
    Domain, EndedReason, Entry, Event, Finding, Framework, Guard, Id, Owner, Permission, Policy,
    Refusal, StartCallIntent, State, Version,
};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A guard, and what it found.
pub(crate) struct Watched {
    guard: Guard,
    pub(crate) found: Vec<Finding>,
    pub(crate) trace: Vec<Entry>,
}

impl Watched {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { guard: Guard::new(policy), found: Vec::new(), trace: Vec::new() }
    }

    pub(crate) fn see(&mut self, entry: &Entry) {
        self.found.extend_from_slice(self.guard.observe(entry));
        self.trace.push(*entry);
    }
}

/// The policy that an order is held to.
pub(crate) fn policy(order: Order) -> Policy {
    match order {
        Order::Apple => Policy::apple(),
        Order::Qq => Policy::qq(),
    }
}

/// Calls with a call system, or without one.
pub(crate) enum Driven {
    Centre(Box<Centre>),
    InApp(Box<InApp>),
}

impl Driven {
    pub(crate) fn handle(&mut self, now: Duration, input: Input) {
        match self {
            Self::Centre(centre) => centre.handle(now, input),
            Self::InApp(in_app) => in_app.handle(now, input),
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        match self {
            Self::Centre(centre) => centre.poll_output(),
            Self::InApp(in_app) => in_app.poll_output(),
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match self {
            Self::Centre(centre) => centre.poll_timeout(),
            Self::InApp(_) => None,
        }
    }

    pub(crate) fn calls(&self) -> Vec<CallState> {
        match self {
            Self::Centre(centre) => centre.calls().collect(),
            Self::InApp(in_app) => in_app.calls().collect(),
        }
    }

    fn session(&self) -> State {
        match self {
            Self::Centre(centre) => centre.session(),
            Self::InApp(in_app) => in_app.session(),
        }
    }
}

/// A centre with a guard attached, in a process that has just been launched.
pub(crate) struct Player {
    pub(crate) centre: Driven,
    pub(crate) watched: Arc<Mutex<Watched>>,
    pub(crate) now: Duration,
    /// What was put out and not looked at yet.
    pub(crate) out: VecDeque<String>,
}

impl Player {
    pub(crate) fn new(settings: Settings, call_system: bool) -> Self {
        let mut policy = policy(settings.order);
        policy.owner = if call_system { Owner::System } else { Owner::App };
        let watched = Arc::new(Mutex::new(Watched::new(policy)));
        watched.lock().unwrap().see(&Entry::new(Duration::ZERO, Event::Launch {}));
        let mut letters = 0;
        let new_id = move || {
            letters += 1;
            Id::named(&letter(letters))
        };
        let (told, now, out) = (watched.clone(), Duration::ZERO, VecDeque::new());
        let log = move |entry: &Entry| told.lock().unwrap().see(entry);
        let centre = if call_system {
            let mut centre = Centre::new(settings, new_id);
            centre.set_log(log);
            Driven::Centre(Box::new(centre))
        } else {
            let mut in_app = InApp::new(settings, new_id);
            in_app.set_log(log);
            Driven::InApp(Box::new(in_app))
        };
        Self { centre, watched, now, out }
    }

    /// The guard is told of something that no input and no output is.
    pub(crate) fn see(&self, event: Event) {
        self.watched.lock().unwrap().see(&Entry::new(self.now, event));
    }

    /// The launch, up to a provider that is registered and a connection to the server.
    pub(crate) fn launch(&mut self) {
        self.drain();
        self.see(Event::PermissionIs { permission: Permission::Granted });
        self.tell(Input::ProviderBegan);
        self.see(Event::LaunchFinished {});
        self.tell(Input::Foreground(true));
        self.tell(Input::SignallingReady(true));
        self.out.clear();
    }

    pub(crate) fn tell(&mut self, input: Input) {
        let push = match &input {
            Input::Push(push) => Some(push.id),
            _ => None,
        };
        self.centre.handle(self.now, input);
        self.drain();
        if let Some(push) = push {
            self.see(Event::PushReturned { push });
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.centre.poll_output() {
            self.out.push_back(output.to_string());
        }
    }

    /// Time passes, and every deadline is kept.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.centre.poll_timeout().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.tell(Input::Time);
        }
        self.now = end;
        self.tell(Input::Time);
    }

    pub(crate) fn found(&self) -> Vec<Finding> {
        std::mem::take(&mut self.watched.lock().unwrap().found)
    }
}

/// A, B, … Z, A1, …
fn letter(number: u32) -> String {
    let place = number - 1;
    let letter = char::from(b'A' + u8::try_from(place % 26).unwrap());
    if place < 26 { letter.to_string() } else { format!("{letter}{}", place / 26) }
}

/// A story of a file.
pub(crate) struct Story<'a> {
    pub(crate) title: &'a str,
    pub(crate) lines: Vec<(usize, &'a str)>,
}

pub(crate) fn stories(text: &str) -> Vec<Story<'_>> {
    let mut stories: Vec<Story<'_>> = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(title) = line.strip_prefix("== ") {
            stories.push(Story { title, lines: Vec::new() });
        } else if !line.is_empty() && !line.starts_with('#') {
            stories.last_mut().unwrap().lines.push((place + 1, line));
        }
    }
    stories
}

/// What a line says, after its row.
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let (row, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let (mark, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some((row, mark, words.trim()))
}

impl Story<'_> {
    /// The timeline and the rows that it has.
    pub(crate) fn rows(&self) -> (&str, Vec<&str>) {
        let timeline = self.title.split_whitespace().next().unwrap();
        let rows = self.lines.iter().filter_map(|&(_, line)| {
            let (row, mark, _) = parts(line)?;
            matches!(mark, "<" | ">" | "?" | "!" | ".").then_some(row)
        });
        (timeline, rows.collect())
    }

    /// Plays it; what does not fit is an error with its line.
    pub(crate) fn play(&self, file: &str) -> Result<(), String> {
        let mut settings = Settings::default();
        let mut lines = self.lines.iter().peekable();
        let (mut launched, mut call_system) = (true, true);
        while let Some((_, line)) = lines.peek() {
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                ["order", "qq"] => settings.order = Order::Qq,
                ["order", "apple"] => settings.order = Order::Apple,
                ["fulfil", "joined"] => settings.fulfil_at = FulfilAt::Joined,
                ["ring", ms] => settings.ring = Some(millis(ms)),
                ["ios", version] => settings.ios = Version::parse(version),
                ["no-ringback"] => settings.ringback = false,
                ["groups", most] => {
                    settings.provider.maximum_call_groups = most.parse().unwrap();
                }
                ["keep-provider"] => settings.new_provider_after_reset = false,
                ["cold"] => launched = false,
                ["in-app"] => call_system = false,
                ["live-communication-kit"] => {
                    settings.framework = Framework::LiveCommunicationKit;
                }
                _ => break,
            }
            lines.next();
        }
        let mut player = Player::new(settings, call_system);
        if launched {
            player.launch();
        } else {
            player.drain();
        }
        let mut told = "the beginning";
        for &(number, line) in lines {
            let fail = |what: &str| {
                Err(format!(
                    "{file}:{number}: {}: {line}\n    {what}\n    after {told}",
                    self.title
                ))
            };
            if let Some(words) = line.strip_prefix("given ") {
                player.given(words.trim());
                player.out.clear();
                let found = player.found();
                if !found.is_empty() {
                    return fail(&format!("the guard finds {}", found[0]));
                }
                continue;
            }
            let Some((row, mark, words)) = parts(line) else { return fail("no such line") };
            // Before anything else happens, everything that was put out has been looked at.
            if matches!(mark, "<" | "?") {
                if !player.out.is_empty() {
                    return fail(&format!("not expected before it: {:?}", player.out));
                }
                let found = player.found();
                if !found.is_empty() {
                    return fail(&format!("the guard finds {}", found[0]));
                }
            }
            match mark {
                "<" => {
                    told = line;
                    player.happens(words);
                }
                ">" => match player.out.pop_front() {
                    Some(out) if out == words => {}
                    out => return fail(&format!("got {out:?}, then {:?}", player.out)),
                },
                "?" => {
                    if let Err(error) = player.look(words) {
                        return fail(&error);
                    }
                }
                "!" => {
                    let mut found = player.found();
                    if found.len() != 1 || found.remove(0).rule.id() != words {
                        return fail(&format!("the guard finds {found:?}"));
                    }
                }
                "." => {}
                _ => return fail(&format!("what is {row} {mark}?")),
            }
        }
        let found = player.found();
        if !player.out.is_empty() || !found.is_empty() {
            return Err(format!("{file}: {}: left: {:?} {found:?}", self.title, player.out));
        }
        Ok(())
    }
}

fn millis(text: &str) -> Duration {
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

impl Player {
    /// Something happened before the story; the whole of a call's begin has a word of its own.
    fn given(&mut self, words: &str) {
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
            ["withdraw"] => Input::Withdraw,
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
    fn look(&mut self, words: &str) -> Result<(), String> {
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
