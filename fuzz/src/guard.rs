//! The guard with every rule on, told random events.

use arbitrary::{Result, Unstructured};
use oncue_session::{Argument, Entry, Event, EventKind, Finding, Guard, Level, Owner, Policy};
use oncue_trace::{is_optional, values};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Reads a policy and a stream of entries from `data` and plays them.
pub fn guard(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(policy) = policy(&mut u) else { return };
    let mut entries = Vec::new();
    let mut now = Duration::ZERO;
    while !u.is_empty() {
        let Ok(entry) = entry(&mut u, &mut now) else { break };
        entries.push(entry);
    }
    play(&policy, &entries);
}

fn policy(u: &mut Unstructured<'_>) -> Result<Policy> {
    let policies = [Policy::apple, Policy::qq, Policy::permissive, Policy::strict];
    let mut policy = u.choose(&policies)?();
    policy.owner = *u.choose(Owner::ALL)?;
    Ok(policy)
}

fn entry(u: &mut Unstructured<'_>, now: &mut Duration) -> Result<Entry> {
    let kind = *u.choose(EventKind::ALL)?;
    let mut fields = Map::from_iter([("what".to_owned(), json!(kind.name()))]);
    for argument in kind.arguments() {
        if is_optional(argument) && u.ratio(1, 2)? {
            continue;
        }
        fields.insert(argument.name.into(), value(u, argument)?);
    }
    // Mostly quick, sometimes long enough for every deadline.
    *now += Duration::from_millis(match u.int_in_range(0..=15)? {
        0 => 600_000,
        1 => 4000,
        ms => ms * 10,
    });
    let event =
        Event::deserialize(Value::Object(fields)).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    Ok(Entry::new(*now, event).by(*u.choose(kind.parties())?))
}

fn value(u: &mut Unstructured<'_>, argument: &Argument) -> Result<Value> {
    let values = values(argument);
    Ok(match argument.form.trim_start_matches("Option<").trim_end_matches('>') {
        "bool" => json!(u.ratio(1, 2)?),
        // Few names, so that events meet.
        "Id" => json!(u.choose(&["A", "B", "C", "D"])?),
        "Options" => {
            let chosen = values.iter().filter(|_| u.ratio(1, 4).unwrap_or(false));
            json!(chosen.collect::<Vec<_>>())
        }
        "u8" | "u16" | "u32" | "u64" | "i32" => json!(u.int_in_range(0..=9)?),
        _ => json!(u.choose(&values)?),
    })
}

/// Plays `entries` on guards.
///
/// # Panics
/// If a guard says something of a rule that the policy allows or that is not checked, lets a deadline pass unsaid, or
/// takes an entry that it denied.
pub fn play(policy: &Policy, entries: &[Entry]) {
    let mut whole = Guard::new(policy.clone());
    let mut middle = Guard::from_the_middle(policy.clone());
    let mut obedient = Guard::new(policy.clone());
    for entry in entries {
        for guard in [&mut whole, &mut middle] {
            let found = guard.observe(entry).to_vec();
            judge(policy, guard, &found, entry.at);
        }
        // Deadlines that are over are found whether or not the entry is denied.
        let _ = obedient.on_timeout(entry.at);
        let before = (obedient.state(), obedient.poll_timeout(), obedient.root_causes().to_vec());
        if let Err(denied) = obedient.attempt(entry) {
            assert!(denied.iter().any(|finding| finding.level == Level::Deny));
            let after =
                (obedient.state(), obedient.poll_timeout(), obedient.root_causes().to_vec());
            assert_eq!(before, after, "{entry:?} was denied and taken");
        }
    }
}

fn judge(policy: &Policy, guard: &Guard, found: &[Finding], now: Duration) {
    for finding in found {
        assert!(finding.rule.is_checked() && finding.at <= now, "{finding:?}");
        assert!(
            finding.level != Level::Allow && finding.level == policy.level(finding.rule),
            "{finding:?}"
        );
    }
    assert!(guard.root_causes().len() <= 16);
    assert!(
        guard.poll_timeout().is_none_or(|wake| wake.at >= now),
        "a deadline is over and was not found"
    );
}
