//! How a trace of the tests is judged: the default policy with what its header says, and what counts as a fault.

use oncue_session::{Level, Os, Owner, Policy, Rule, Version};
use oncue_trace::{Checked, Header, Place, check};

/// The default policy with what the header says. If a rule is given, it says something in any case.
pub(crate) fn policy(rule: Option<Rule>) -> impl Fn(&Header) -> Policy {
    move |header| {
        let mut policy = Policy::apple();
        policy.owner = header.owner.unwrap_or(Owner::System);
        let (os, version) = match (&header.ios, &header.android) {
            (_, Some(level)) => (Os::Android, Version::parse(level)),
            (ios, None) => (Os::Ios, ios.as_deref().and_then(Version::parse)),
        };
        (policy.os, policy.version) = (os, version);
        for &strict in &header.strict {
            policy.set_strict(strict, true);
        }
        if let Some(rule) = rule.filter(|&rule| policy.level(rule) == Level::Allow) {
            policy.set_level(rule, Level::Warn);
        }
        policy
    }
}

/// Everything that is found in a trace but refusals, which are no faults by themselves.
pub(crate) fn faults<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    policy: impl FnOnce(&Header) -> Policy,
) -> Vec<Place> {
    let found = check(lines, policy);
    found.into_iter().filter(|place| !matches!(place.found, Checked::Refused(..))).collect()
}

/// What is wrong with a trace that is to have no fault, be it told as a whole or from any of its lines on.
pub(crate) fn faults_from_any_line(trace: &str, policy: impl Fn(&Header) -> Policy) -> Vec<String> {
    let lines: Vec<_> = trace.lines().collect();
    let suffix = |from: usize| lines.iter().take(1).chain(lines.iter().skip(from)).copied();
    (1..lines.len())
        .map(|from| (from, faults(suffix(from), &policy)))
        .filter(|(_, found)| !found.is_empty())
        .map(|(from, found)| format!("from line {}: {:#?}", from + 1, says(&found)))
        .collect()
}

/// What is wrong with a trace that is to have `rule` as the one root cause of all that is found.
pub(crate) fn is_not_the_one_root(
    trace: &str,
    rule: Rule,
    policy: impl FnOnce(&Header) -> Policy,
) -> Option<String> {
    let found = faults(trace.lines(), policy);
    let roots: Vec<_> = found
        .iter()
        .filter_map(|place| match &place.found {
            Checked::Broken(finding) => finding.because_of.is_none().then_some(finding.rule),
            _ => None,
        })
        .collect();
    let readable = found.iter().all(|place| matches!(place.found, Checked::Broken(_)));
    (roots != [rule] || !readable).then(|| format!("{:#?}", says(&found)))
}

fn says(found: &[Place]) -> Vec<String> {
    found
        .iter()
        .map(|place| match &place.found {
            Checked::Broken(finding) => format!(
                "line {}: {} because of {:?} (state {:?})",
                place.line, finding.rule, finding.because_of, finding.state
            ),
            other => format!("line {}: {other:?}", place.line),
        })
        .collect()
}
