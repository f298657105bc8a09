//! Draws what was said in a flow: in the terminal, and as SVG. It knows arrows only.

use super::arrows::{Actor, Arrow};
use super::flows::Flow;
use super::phone::Played;
use oncue_call::Order;
use std::fmt::Write as _;

/// The columns between two actors, in the terminal.
const APART: usize = 12;

fn title(flow: &Flow, played: &Played) -> String {
    let order = if played.order == Order::Qq { "QQ" } else { "Apple" };
    format!("{}: {} ({order}'s order)", flow.name, flow.about)
}

/// The guard's verdict, a line for each thing that it found.
fn verdict(played: &Played) -> Vec<String> {
    let seen = played.trace.len();
    if played.found.is_empty() {
        return vec![format!("guard: nothing found in {seen} events")];
    }
    let lines =
        played.found.iter().map(|found| format!("guard: at {} ms: {found}", found.at.as_millis()));
    lines.collect()
}

fn place(actor: Actor) -> usize {
    Actor::ALL.iter().position(|&other| other == actor).unwrap_or(0)
}

/// As text: a column for each actor, an arrow for each message, its words at the right.
pub(super) fn text(flow: &Flow, played: &Played) -> String {
    let mut text = format!("{}\n\n{:>7}  ", title(flow, played), "ms");
    for actor in Actor::ALL {
        // Each name stands over its line.
        let _ = write!(text, "{:<APART$}", actor.name());
    }
    let text = text.trim_end().to_owned();
    let mut text = format!("{text}\n");
    let mut before = None;
    for arrow in &played.arrows {
        let ms = arrow.at.as_millis();
        let time = if before == Some(ms) { String::new() } else { ms.to_string() };
        before = Some(ms);
        let _ = writeln!(text, "{time:>7}  {}  {}", line(arrow), arrow.text);
    }
    text.push('\n');
    for line in verdict(played) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The lines of life with one arrow across them.
fn line(arrow: &Arrow) -> String {
    let (from, to) = (place(arrow.from) * APART, place(arrow.to) * APART);
    let (left, right) = (from.min(to), from.max(to));
    let width = (Actor::ALL.len() - 1) * APART + 1;
    let cell = |at: usize| match at {
        _ if at == left && to < from => '◀',
        _ if at == right && to > from => '▶',
        _ if at.is_multiple_of(APART) && at == from => '├',
        _ if (left..=right).contains(&at) => '─',
        _ if at.is_multiple_of(APART) => '│',
        _ => ' ',
    };
    let line: String = (0..width).map(cell).collect();
    if to < from { line.replace('├', "┤") } else { line }
}

/// The least distance between two lines of life, the first one's place, the height of a message, in px.
const LEAST_STEP: usize = 140;
const FIRST: usize = 140;
const ROW: usize = 26;
const TOP: usize = 96;
/// The width of a letter of a message at most, on an average over its words; what stands free at both its ends, in px.
const LETTER: usize = 7;
const FREE: usize = 26;
/// Where title and verdict begin, and the width of a letter of the title at most, in px.
const LEFT: usize = 20;
const TITLE_LETTER: usize = 10;

/// The distance between two lines of life at which every message fits between those that it goes from and to.
fn step(arrows: &[Arrow]) -> usize {
    let needed = arrows.iter().map(|arrow| {
        let spans = place(arrow.from).abs_diff(place(arrow.to)).max(1);
        (arrow.text.chars().count() * LETTER + FREE).div_ceil(spans)
    });
    needed.max().unwrap_or(0).max(LEAST_STEP)
}

/// As SVG.
pub(super) fn svg(flow: &Flow, played: &Played) -> String {
    let (verdict, step) = (verdict(played), step(&played.arrows));
    let title = title(flow, played);
    let across = FIRST + (Actor::ALL.len() - 1) * step + 90;
    let wide = |text: &str, letter: usize| 2 * LEFT + text.chars().count() * letter;
    let width = verdict.iter().map(|line| wide(line, LETTER)).max().unwrap_or(0);
    let width = width.max(wide(&title, TITLE_LETTER)).max(across);
    let bottom = TOP + played.arrows.len() * ROW;
    let height = bottom + 34 + verdict.len() * 20;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif" font-size="13">
<style>
.life {{ stroke: #b8bec6; stroke-dasharray: 3 4; }}
.told {{ stroke: #3a4754; stroke-width: 1.2; }}
.asked {{ stroke: #0b6bcb; stroke-width: 1.2; }}
.time {{ fill: #7a828b; font-size: 11px; }}
.told-text {{ fill: #3a4754; }}
.asked-text {{ fill: #0b6bcb; }}
</style>
<defs>
<marker id="told" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#3a4754"/></marker>
<marker id="asked" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#0b6bcb"/></marker>
</defs>
<rect width="{width}" height="{height}" fill="#ffffff"/>
<text x="{LEFT}" y="28" font-size="16" font-weight="bold">{}</text>
"##,
        escaped(&title)
    );
    for actor in Actor::ALL {
        let x = FIRST + place(actor) * step;
        let _ = writeln!(
            svg,
            r##"<rect x="{}" y="46" width="116" height="26" rx="5" fill="#eef2f6" stroke="#b8bec6"/><text x="{x}" y="64" text-anchor="middle">{}</text><line class="life" x1="{x}" y1="72" x2="{x}" y2="{bottom}"/>"##,
            x - 58,
            actor.name()
        );
    }
    let mut before = None;
    for (row, arrow) in played.arrows.iter().enumerate() {
        let y = TOP + row * ROW;
        let (from, to) = (FIRST + place(arrow.from) * step, FIRST + place(arrow.to) * step);
        let class = if arrow.from == Actor::App { "asked" } else { "told" };
        let ms = arrow.at.as_millis();
        if before != Some(ms) {
            let _ = writeln!(
                svg,
                r#"<text class="time" x="72" y="{}" text-anchor="end">{ms} ms</text>"#,
                y + 4
            );
            before = Some(ms);
        }
        // The words stand at the end that points away from the app, so that they do not cover its line.
        let (x, anchor) = if from < to { (from + 8, "start") } else { (from - 8, "end") };
        let _ = writeln!(
            svg,
            r#"<line class="{class}" x1="{from}" y1="{y}" x2="{to}" y2="{y}" marker-end="url(#{class})"/><text class="{class}-text" x="{x}" y="{}" text-anchor="{anchor}">{}</text>"#,
            y - 4,
            escaped(&arrow.text)
        );
    }
    for (row, line) in verdict.iter().enumerate() {
        let fill = if played.found.is_empty() { "#1b7f3b" } else { "#b3261e" };
        let _ = writeln!(
            svg,
            r#"<text x="{LEFT}" y="{}" fill="{fill}">{}</text>"#,
            bottom + 30 + row * 20,
            escaped(line)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
