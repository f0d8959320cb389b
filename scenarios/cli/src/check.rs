//! `squall check`: read and resolve, run nothing.

use clap::Args;

use crate::exit::Exit;
use crate::plan::{self, PlanArguments};

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
        println!("{file}: ok, {} ({runs})", plan.name);
    }
    Ok(Exit::Held)
}
