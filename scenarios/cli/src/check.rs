//! `squall check`: read and resolve, run nothing.

use clap::Args;

use crate::exit::Exit;
use crate::plan::{self, PlanArguments};
use crate::stdout::print_line;

/// Arguments of `squall check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    plan: PlanArguments,
}

pub(crate) fn check(arguments: &CheckArguments) -> anyhow::Result<Exit> {
    let Some(plans) = plan::load(&arguments.plan) else { return Ok(Exit::Usage) };
    for (file, plan) in arguments.plan.files.iter().zip(&plans) {
        let runs = match plan.cells.len() {
            1 => "1 run".to_owned(),
            cells => format!("{cells} runs"),
        };
        print_line(format_args!("{file}: ok, {} ({runs})", plan.name))?;
    }
    Ok(Exit::Held)
}
