//! What long work shows: a bar for each run on a terminal, plain lines elsewhere, nothing when asked for quiet.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use squall_engine::World;
use squall_results::text;
use squall_types::Timestamp;

/// Where progress goes: standard error, so that standard output stays clean.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    Bars(MultiProgress),
    Lines,
    Quiet,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if std::io::stderr().is_terminal() {
            Self::Bars(MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
        } else {
            Self::Lines
        }
    }

    /// Begins to show one run.
    pub(crate) fn begin(&self, name: &str, end: Timestamp) -> RunProgress {
        let view = match self {
            Self::Quiet => View::Quiet,
            Self::Lines => {
                eprintln!("{name}: began");
                View::Lines { next_percent: STEP_PERCENT }
            }
            Self::Bars(bars) => {
                let bar = bars.add(ProgressBar::new(end.as_millis()));
                let style = "{prefix:.bold} {bar:24} {percent:>3} %  {msg}  {elapsed} gone, {eta} left";
                if let Ok(style) = ProgressStyle::with_template(style) {
                    bar.set_style(style.progress_chars("━╸─"));
                }
                bar.set_prefix(name.to_owned());
                View::Bar(bar)
            }
        };
        RunProgress { name: name.to_owned(), end, view }
    }
}

/// A line for each tenth of the virtual time.
const STEP_PERCENT: u64 = 10;

/// The progress of one run.
#[derive(Debug)]
pub(crate) struct RunProgress {
    name: String,
    end: Timestamp,
    view: View,
}

#[derive(Debug)]
enum View {
    Bar(ProgressBar),
    Lines { next_percent: u64 },
    Quiet,
}

impl RunProgress {
    /// Shows how far the world is.
    pub(crate) fn update(&mut self, world: &World) {
        match &mut self.view {
            View::Quiet => {}
            View::Bar(bar) => {
                bar.set_position(world.now().as_millis());
                bar.set_message(state(world));
            }
            View::Lines { next_percent } => {
                let percent = (world.now().as_nanos() / (self.end.as_nanos() / 100).max(1)).min(100);
                if percent >= *next_percent {
                    *next_percent = percent / STEP_PERCENT * STEP_PERCENT + STEP_PERCENT;
                    eprintln!("{}: {percent:>3} %  {}", self.name, state(world));
                }
            }
        }
    }

    /// The run is over.
    pub(crate) fn end(&self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

fn state(world: &World) -> String {
    format!(
        "{} virtual, {} of {} connected, {} packets",
        text::duration(world.now().as_micros()),
        text::count(world.connected()),
        text::count(world.devices() as u64),
        text::count(world.packets()),
    )
}
