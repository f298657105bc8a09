//! The pages of the order in `docs/src/order` are what the table says: the matrix of owners, states and steps, and
//! the state diagrams. `scripts/docs` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::{Owner, Rule, State, Step, SystemEvent, after_event, after_step, broken};
use std::{collections::BTreeMap, collections::BTreeSet, env, fmt::Write, fs, path::PathBuf};

/// The events that `owner`'s sessions see: only a call system activates, deactivates and resets.
fn seen_by(owner: Owner) -> impl Iterator<Item = SystemEvent> {
    let of_call_system =
        [SystemEvent::DidActivate, SystemEvent::DidDeactivate, SystemEvent::ProviderReset];
    SystemEvent::ALL
        .iter()
        .copied()
        .filter(move |event| owner == Owner::System || !of_call_system.contains(event))
}

/// The changes of state that `owner` can come to from a fresh session, with what makes them.
fn edges(owner: Owner) -> BTreeMap<(State, State), Vec<&'static str>> {
    let mut edges: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let (mut open, mut known) = (vec![State::Fresh], BTreeSet::from([State::Fresh]));
    while let Some(from) = open.pop() {
        let steps = Step::ALL.iter().filter(|&&step| broken(owner, from, step).next().is_none());
        let steps = steps.map(|&step| (after_step(step, from), step.name()));
        let events = seen_by(owner).map(|event| (after_event(event, from), event.name()));
        for (to, name) in steps.chain(events).filter(|&(to, _)| to != from) {
            edges.entry((from, to)).or_default().push(name);
            if known.insert(to) {
                open.push(to);
            }
        }
    }
    edges
}

fn diagram(owner: Owner) -> String {
    let mut dot =
        format!("// Generated from the table of the order by scripts/docs.\ndigraph {owner} {{\n");
    dot.push_str("    rankdir=LR; bgcolor=white; node [shape=box style=rounded fontname=sans]; edge [fontname=sans fontsize=10];\n");
    for ((from, to), names) in edges(owner) {
        // What ends everything, from anywhere, would hide the rest.
        let names: Vec<_> =
            names.into_iter().filter(|name| !name.starts_with("MediaServices")).collect();
        if !names.is_empty() {
            writeln!(dot, "    {from:?} -> {to:?} [label=\"{}\"];", names.join("\\n")).unwrap();
        }
    }
    dot.push_str("    Any [label=\"any state\" style=\"rounded,dashed\"];\n");
    dot.push_str("    Any -> MediaLost [label=\"MediaServicesLost\"];\n    Any -> Fresh [label=\"MediaServicesReset\"];\n}\n");
    dot
}

fn matrix() -> String {
    let mut page = String::from(
        "<!-- Generated from the table of the order by scripts/docs. -->\n# The order as a matrix\n\n\
         A cell is the state that the step leads to, `=` where it changes nothing, or `✗` with the numbers of the rules\n\
         that it breaks, the root cause first.\n",
    );
    let rules: Vec<_> = Rule::all().filter(|rule| rule.is_of_the_table()).collect();
    let number = |rule| rules.iter().position(|&other| other == rule).unwrap() + 1;
    for &owner in Owner::ALL {
        write!(page, "\n## Owner: {owner}\n\n| |").unwrap();
        State::ALL.iter().for_each(|state| write!(page, " {state:?} |").unwrap());
        page.push_str("\n|---|");
        page.push_str(&"---|".repeat(State::ALL.len()));
        for &step in Step::ALL {
            write!(page, "\n| **{step}** |").unwrap();
            for &state in State::ALL {
                let rules: Vec<_> =
                    broken(owner, state, step).map(|rule| number(rule).to_string()).collect();
                match (rules.is_empty(), after_step(step, state)) {
                    (false, _) => write!(page, " ✗ {} |", rules.join(", ")).unwrap(),
                    (true, to) if to == state => page.push_str(" = |"),
                    (true, to) => write!(page, " {to:?} |").unwrap(),
                }
            }
        }
        page.push('\n');
    }
    page.push_str("\n## Events of the system\n\n| |");
    State::ALL.iter().for_each(|state| write!(page, " {state:?} |").unwrap());
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(State::ALL.len()));
    for &event in SystemEvent::ALL {
        write!(page, "\n| **{event}** |").unwrap();
        for &state in State::ALL {
            match after_event(event, state) {
                to if to == state => page.push_str(" = |"),
                to => write!(page, " {to:?} |").unwrap(),
            }
        }
    }
    page.push_str("\n\n## Rules\n\n| | rule | what is wrong | | |\n|---|---|---|---|---|\n");
    for rule in rules.iter().copied() {
        let wrong = rule.wrong().split_once(": ").unwrap().1;
        writeln!(
            page,
            "| {} | `{}` | {wrong} | {} | {} |",
            number(rule),
            rule.id(),
            rule.first(),
            rule.otherwise()
        )
        .unwrap();
    }
    page
}

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/order").join(name)
}

#[test]
fn the_pages_are_what_the_table_says() {
    let pages = [
        ("matrix.md", matrix()),
        ("system.dot", diagram(Owner::System)),
        ("app.dot", diagram(Owner::App)),
    ];
    for (name, text) in pages {
        if env::var_os("ONCUE_WRITE_PAGES").is_some() {
            fs::write(page(name), &text).unwrap();
        }
        let kept = fs::read_to_string(page(name)).unwrap_or_default();
        assert!(kept == text, "docs/src/order/{name} is stale; run scripts/docs");
    }
}

#[test]
fn the_drawn_diagrams_have_the_edges_of_the_table() {
    for (name, owner) in [("system.svg", Owner::System), ("app.svg", Owner::App)] {
        let svg = fs::read_to_string(page(name)).unwrap_or_default();
        let drawn: BTreeSet<_> = svg
            .split("<title>")
            .filter_map(|part| {
                part.split_once("</title>").map(|(title, _)| title.replace("&#45;&gt;", " -> "))
            })
            .filter(|title| title.contains(" -> "))
            .collect();
        let dot = diagram(owner);
        let expected: BTreeSet<_> = dot
            .lines()
            .filter_map(|line| line.split_once(" [label"))
            .map(|(edge, _)| edge.trim().to_owned())
            .filter(|edge| edge.contains(" -> "))
            .collect();
        assert_eq!(drawn, expected, "docs/src/order/{name} is stale; run scripts/docs");
    }
}

#[test]
fn the_readme_counts_the_refused_calls_as_the_table_does() {
    let calls =
        Owner::ALL.iter().flat_map(|&owner| State::ALL.iter().map(move |&state| (owner, state)));
    let calls: Vec<_> = calls
        .flat_map(|(owner, state)| Step::ALL.iter().map(move |&step| (owner, state, step)))
        .collect();
    let refused = calls
        .iter()
        .filter(|&&(owner, state, step)| broken(owner, state, step).next().is_some())
        .count();
    let readme =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    assert!(
        readme.contains(&format!("{refused} of {} calls", calls.len())),
        "{refused} of {}",
        calls.len()
    );
}
