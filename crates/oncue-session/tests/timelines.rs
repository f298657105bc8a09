//! The numbered timelines of the rule book (§3) pass as they stand, and each of their lines, dropped, doubled or
//! swapped with the next, is judged as written by hand beside it.
//!
//! Independent: the timelines and verdicts come from the rule book, none is computed. A line is a step of the app or
//! an event of the system, the state after it, then the verdict where it is dropped, doubled, swapped with the next:
//! the rule that is broken first, or `ok` where the deviation is harmless. A line without verdicts sets the scene. A
//! line with `!` is refused with that rule.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::{Machine, Owner, Step, SystemEvent, Violation};

const TIMELINES: &str = "
3.1 and 3.2 incoming call, the category set with the report (QQ) System
  Configure        Configured          ok                           ok  ok
  ActionPerformed  Configured          ok                           ok  ok
  Configure        Configured          ok                           ok  ok
  Prepare          Configured          ok                           ok  ok
  Fulfill          AwaitingActivation  activation-follows-fulfill   ok  activation-follows-fulfill
  AwaitActivation  AwaitingActivation  ok                           ok  ok
  DidActivate      Active              io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  -

3.2 answer (Apple) System
  ActionPerformed  Fresh               ok                           ok  ok
  Configure        Configured          category-before-activation   ok  category-before-activation
  Fulfill          AwaitingActivation  activation-follows-fulfill   ok  activation-follows-fulfill
  AwaitActivation  AwaitingActivation  ok                           ok  ok
  DidActivate      Active              io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  -

3.2 answer, the unit initialised before the fulfil (QQ) System
  ActionPerformed  Fresh               ok                           ok  ok
  Configure        Configured          io-init-window               ok  io-init-window
  Prepare          Configured          ok                           ok  ok
  Fulfill          AwaitingActivation  ok                           ok  ok
  DidActivate      Active              io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  -

3.2 deviation: the app activates inside the action System
  ActionPerformed  Fresh
  Configure        Configured
  !Activate        no-app-activation-under-callkit
  Fulfill          AwaitingActivation
  !Activate        no-app-activation-under-callkit

3.3 end from the app System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  Stop             Active              stop-io-when-ending          ok  stop-io-when-ending
  EndCall          Configured          ok                           ok  ok
  DidDeactivate    Configured          ok                           ok  ok
  Stop             Configured          ok                           ok  -
  !Start           io-start-after-did-activate

3.4 start from contacts, with ringback System
  ActionPerformed  Fresh               ok                           ok  ok
  Configure        Configured          io-init-window               ok  io-init-window
  Prepare          Configured          ok                           ok  ok
  Fulfill          AwaitingActivation  ok                           ok  ok
  DidActivate      Active              no-local-sounds-outside-the-call-session  ok  no-local-sounds-outside-the-call-session
  StartPlayback    Playing             ok                           ok  ok
  Start            Running             ok                           ok  -

3.5 hold, the user ends the other call (7a) System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  Stop             Active              ok                           ok  ok
  InterruptionBegan Interrupted        ok                           ok  ok
  DidDeactivate    Configured          ok                           ok  ok
  Configure        Configured          ok                           ok  ok
  Resume           Resuming            activation-follows-fulfill   ok  activation-follows-fulfill
  AwaitActivation  Resuming            ok                           ok  ok
  DidActivate      Active              ok                           ok  ok
  Start            Running             ok                           ok  -

3.5 hold, the far side ends the other call: no activation comes (7b, 9c) System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  InterruptionBegan Interrupted        ok                           ok  ok
  DidDeactivate    Configured          ok                           ok  ok
  Resume           Resuming            io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  -
  !Activate        no-app-activation-under-callkit

3.5 swap: the deactivation of the other call comes late (7c, 9b) System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  InterruptionBegan Interrupted
  Resume           Resuming            ok                           ok  ok
  DidDeactivate    Resuming            ok                           ok  io-start-after-did-activate
  DidActivate      Active              ok                           ok  ok
  Start            Running             ok                           ok  -

3.6 end and accept System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  !Configure       no-reconfigure-before-report-while-active
  Stop             Active              stop-io-when-ending          ok  stop-io-when-ending
  EndCall          Configured          ok                           ok  ok
  DidDeactivate    Configured          ok                           ok  ok
  ActionPerformed  Configured          ok                           ok  ok
  Configure        Configured          ok                           ok  ok
  Fulfill          AwaitingActivation  activation-follows-fulfill   ok  activation-follows-fulfill
  AwaitActivation  AwaitingActivation  ok                           ok  ok
  DidActivate      Active              io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  -

3.7 interruption under the call system System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  InterruptionBegan Interrupted        ok                           ok  ok
  Stop             Interrupted         ok                           ok  ok
  InterruptionEnded Interrupted        ok                           ok  ok
  DidActivate      Active              interruption-begin-means-inactive  ok  interruption-begin-means-inactive
  Start            Running             ok                           ok  -

3.7 interruption by an alarm, the app owns the session App
  Configure        Configured
  Activate         Active
  Start            Running
  InterruptionBegan Interrupted        ok                           ok  ok
  Stop             Interrupted         ok                           ok  ok
  InterruptionEnded Interrupted        ok                           ok  ok
  Activate         Active              interruption-begin-means-inactive  ok  ok
  Reconfigure      Active              ok                           ok  ok
  OverrideOutput   Active              ok                           ok  ok
  Start            Running             ok                           ok  -

3.8 media services lost and reset under the call system System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  MediaServicesLost MediaLost          ok                           ok  ok
  Stop             MediaLost           ok                           ok  ok
  MediaServicesReset Fresh             media-services-lost-stop     ok  media-services-lost-stop
  Configure        Configured          category-before-activation   ok  category-before-activation
  Resume           Resuming            activation-follows-fulfill   ok  activation-follows-fulfill
  AwaitActivation  Resuming            ok                           ok  ok
  DidActivate      Active              ok                           ok  ok
  Start            Running             ok                           ok  -

3.8 media services lost and reset, the app owns the session App
  Configure        Configured
  Activate         Active
  Start            Running
  MediaServicesLost MediaLost          ok                           ok  media-services-lost-stop
  MediaServicesReset Fresh             media-services-lost-stop     ok  media-services-lost-stop
  Configure        Configured          category-before-activation   ok  category-before-activation
  Activate         Active              io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  -

3.9 remote end before the answer System
  Configure        Configured
  ActionPerformed  Configured
  !Start           io-start-after-did-activate

3.10 answer timeout System
  ActionPerformed  Fresh
  Configure        Configured
  !AwaitActivation activation-follows-fulfill
  !Start           io-start-after-did-activate
  !Activate        no-app-activation-under-callkit

3.11 provider reset System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  ProviderReset    Configured
  Stop             Configured
  !Start           io-start-after-did-activate

3.12 no call system App
  Configure        Configured          category-before-activation   ok  category-before-activation
  Activate         Active              io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  stop-io-when-ending
  Stop             Active              stop-io-when-ending          ok  stop-io-when-ending
  Deactivate       Configured          ok                           ok  -

3.13 LiveCommunicationKit, activated by the system System
  ActionPerformed  Fresh               ok                           ok  ok
  Configure        Configured          category-before-activation   ok  category-before-activation
  Fulfill          AwaitingActivation  ok                           ok  ok
  DidActivate      Active              io-start-after-did-activate  ok  io-start-after-did-activate
  Start            Running             ok                           ok  stop-io-when-ending
  Stop             Active              stop-io-when-ending          ok  stop-io-when-ending
  EndCall          Configured          ok                           ok  ok
  DidDeactivate    Configured          ok                           ok  -

3.14 withdrawn: the live call finishes under the owner it began with System
  Configure        Configured
  Fulfill          AwaitingActivation
  DidActivate      Active
  Start            Running
  !Deactivate      no-foreign-deactivation
  Stop             Active              stop-io-when-ending          ok  stop-io-when-ending
  EndCall          Configured          ok                           ok  ok
  DidDeactivate    Configured          ok                           ok  -
";

/// A step of the app or an event of the system, by its name.
#[derive(Clone, Copy, Debug)]
enum Word {
    App(Step),
    System(SystemEvent),
}

impl Word {
    fn parse(name: &str) -> Self {
        let step = Step::ALL.iter().find(|step| step.name() == name).map(|&step| Self::App(step));
        let event = SystemEvent::ALL
            .iter()
            .find(|event| event.name() == name)
            .map(|&event| Self::System(event));
        step.or(event).unwrap_or_else(|| panic!("neither a step nor an event: {name}"))
    }

    fn play(self, machine: &mut Machine) -> Result<(), Violation> {
        match self {
            Self::App(step) => machine.attempt(step).map(|_| ()),
            Self::System(event) => {
                machine.on_event(event);
                Ok(())
            }
        }
    }
}

struct Timeline<'a> {
    title: &'a str,
    owner: Owner,
    lines: Vec<Vec<&'a str>>,
}

fn timelines() -> Vec<Timeline<'static>> {
    TIMELINES
        .trim()
        .split("\n\n")
        .map(|block| {
            let (title, lines) = block.split_once('\n').unwrap();
            let owner = match title.rsplit(' ').next() {
                Some("System") => Owner::System,
                Some("App") => Owner::App,
                other => panic!("{title}: no owner: {other:?}"),
            };
            Timeline {
                title,
                owner,
                lines: lines.lines().map(|line| line.split_whitespace().collect()).collect(),
            }
        })
        .collect()
}

/// The rule that the words break first, or `ok`.
fn verdict(owner: Owner, words: &[Word]) -> &'static str {
    let mut machine = Machine::new(owner);
    words
        .iter()
        .find_map(|word| word.play(&mut machine).err())
        .map_or("ok", |violation| violation.rule.id())
}

#[test]
fn every_timeline_passes_as_it_stands() {
    for Timeline { title, owner, lines } in timelines() {
        let mut machine = Machine::new(owner);
        for line in &lines {
            let before = machine.state();
            if let Some(step) = line[0].strip_prefix('!') {
                let violation = Word::parse(step).play(&mut machine).expect_err(title);
                assert_eq!(violation.rule.id(), line[1], "{title}: {step}");
                assert_eq!(
                    machine.state(),
                    before,
                    "{title}: {step}: a refused step moves nothing"
                );
            } else {
                Word::parse(line[0])
                    .play(&mut machine)
                    .unwrap_or_else(|violation| panic!("{title}: {violation}"));
                assert_eq!(machine.state().name(), line[1], "{title}: {}", line[0]);
            }
        }
    }
}

#[test]
fn every_deviation_is_judged_as_written_by_hand() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for Timeline { title, owner, lines } in timelines() {
        let lines: Vec<_> = lines.into_iter().filter(|line| !line[0].starts_with('!')).collect();
        let words: Vec<_> = lines.iter().map(|line| Word::parse(line[0])).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.len() == 5) {
            let mut dropped = words.clone();
            dropped.remove(at);
            let mut doubled = words.clone();
            doubled.insert(at, words[at]);
            let mut swapped = words.clone();
            if at + 1 < words.len() {
                swapped.swap(at, at + 1);
            } else {
                assert_eq!(line[4], "-", "{title}: nothing comes after the last line");
            }
            for (deviation, words, expected) in [
                ("dropped", dropped, line[2]),
                ("doubled", doubled, line[3]),
                ("swapped", swapped, line[4]),
            ] {
                let found = verdict(owner, &words);
                judged += 1;
                if found != expected && expected != "-" {
                    wrong.push(format!(
                        "{title}: {} {deviation}: {found}, by hand {expected}",
                        line[0]
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
}
