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
#![allow(unused_imports, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod player;
mod words;

pub(crate) use player::{Driven, Player, Watched, policy};

use oncue_call::{FulfilAt, Order, Settings, TranslationEngine};
use oncue_session::{Entry, Framework, Owner, Version};
use words::millis;

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

/// What a line tells the centre.
enum Tells<'a> {
    Before(&'a str),
    Now(&'a str),
}

fn tells(line: &str) -> Option<Tells<'_>> {
    if let Some(words) = line.strip_prefix("given ") {
        return Some(Tells::Before(words.trim()));
    }
    parts(line).filter(|&(_, mark, _)| mark == "<").map(|(.., words)| Tells::Now(words))
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
        self.played(file).map(|_| ())
    }

    /// All that happened and was done in it, for a guard.
    pub(crate) fn trace(&self, file: &str) -> Vec<Entry> {
        let player = self.played(file).unwrap();
        let watched = player.watched.lock().unwrap();
        watched.trace.clone()
    }

    /// How many things it tells.
    pub(crate) fn length(&self) -> usize {
        self.lines.iter().filter(|(_, line)| tells(line).is_some()).count()
    }

    /// The first things that it tells, and nothing looked at.
    pub(crate) fn told_until(&self, things: usize) -> Player {
        let (mut player, lines) = self.begun();
        for tells in lines.iter().filter_map(|(_, line)| tells(line)).take(things) {
            match tells {
                Tells::Before(words) => player.given(words),
                Tells::Now(words) => player.happens(words),
            }
        }
        player
    }

    /// With its options taken: the player, and the lines behind them.
    fn begun(&self) -> (Player, &[(usize, &str)]) {
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
                ["no-holding"] => settings.update.supports_holding = false,
                ["no-grouping"] => settings.update.supports_grouping = false,
                ["no-tones"] => settings.update.supports_dtmf = false,
                ["translated-by", engine] => {
                    settings.provider.supports_audio_translation = true;
                    if engine == "custom" {
                        settings.translation_engine = TranslationEngine::Custom;
                    }
                }
                ["configure-once"] => settings.configure_before_each_report = false,
                ["keep-provider"] => settings.new_provider_after_reset = false,
                ["cold"] => launched = false,
                ["in-app"] => call_system = false,
                ["live-communication-kit"] => {
                    settings.framework = Framework::LiveCommunicationKit;
                }
                ["app-activates"] => settings.lck_owner = Owner::App,
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
        (player, &self.lines[self.lines.len() - lines.len()..])
    }

    fn played(&self, file: &str) -> Result<Player, String> {
        let (mut player, lines) = self.begun();
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
        Ok(player)
    }
}
