//! The view on a terminal. It takes the terminal over, and gives it back whatever happens.

use super::reading::{Reading, Side, level};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph};
use ratatui::{DefaultTerminal, Frame};
use std::io;
use std::time::Duration;

/// The level at which a meter begins.
const FLOOR_DBFS: f64 = -60.0;
pub(super) struct Screen {
    terminal: DefaultTerminal,
    host: String,
}

impl Screen {
    pub(super) fn open(host: &str) -> io::Result<Self> {
        let terminal = ratatui::try_init()?;
        Ok(Self { terminal, host: host.to_owned() })
    }

    /// Whether somebody wants to leave.
    pub(super) fn is_over(&self) -> io::Result<bool> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
                && (matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)
                    || (key.code == KeyCode::Char('c')
                        && key.modifiers.contains(KeyModifiers::CONTROL)))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn draw(&mut self, reading: &Reading) -> io::Result<()> {
        let host = &self.host;
        self.terminal.draw(|frame| view(frame, host, reading))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn view(frame: &mut Frame<'_>, host: &str, reading: &Reading) {
    let [head, capture, playback, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Min(1),
    ])
    .areas(frame.area());
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let drift = reading.drift_ppm.map_or("not known yet".into(), |ppm| format!("{ppm:+.1} ppm"));
    let head_line = Line::from(vec![
        Span::styled("oncue monitor", bold),
        Span::raw(format!("  host {host}  {:.1} s  drift {drift}", reading.at_s)),
    ]);
    frame.render_widget(head_line, head);
    side(frame, capture, "capture", &reading.capture);
    side(frame, playback, "playback", &reading.playback);
    frame.render_widget(Line::raw("q leaves"), foot);
}

fn side(frame: &mut Frame<'_>, area: Rect, name: &str, side: &Side) {
    let block = Block::bordered().title(format!(" {name}: {} ", side.device));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [meter, text] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(inner);

    let peak = side.peak_dbfs.unwrap_or(FLOOR_DBFS);
    let colour = match peak {
        peak if peak > -1.0 => Color::Red,
        peak if peak > -9.0 => Color::Yellow,
        _ => Color::Green,
    };
    let gauge = Gauge::default()
        .ratio(((peak - FLOOR_DBFS) / -FLOOR_DBFS).clamp(0.0, 1.0))
        .gauge_style(Style::new().fg(colour))
        .label(format!("peak {}, rms {}", level(side.peak_dbfs), level(side.rms_dbfs)));
    frame.render_widget(gauge, meter);

    let trouble = |bad: bool| if bad { Style::new().fg(Color::Red) } else { Style::new() };
    let late = side.callback_max_us > side.period_us;
    let lines = vec![
        Line::raw(format!(
            "fill      {} frames, {} to {}, mean {:.0}, target {}",
            side.waiting_frames,
            side.fill_min_frames,
            side.fill_max_frames,
            side.fill_mean_frames,
            side.target_frames
        )),
        Line::raw(format!("latency   {:.1} ms", side.latency_ms)),
        Line::styled(
            format!("lost      {} frames, {} xruns", side.lost_frames, side.xruns),
            trouble(side.lost_frames + side.xruns > 0),
        ),
        Line::styled(
            format!(
                "callback  {:.1} us, p99 {:.1}, longest {:.1}, of {:.0}",
                side.callback_p50_us, side.callback_p99_us, side.callback_max_us, side.period_us
            ),
            trouble(late),
        ),
        Line::raw(format!("rights    {}", side.rights)),
        Line::styled(
            format!("silence   {}", side.silence.as_deref().unwrap_or("none")),
            trouble(side.silence.is_some()),
        ),
    ];
    frame.render_widget(Paragraph::new(lines), text);
}
