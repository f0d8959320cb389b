//! `squall list`: the library with each `about` and what a run of it takes.

use anyhow::Context;
use clap::Args;
use squall_scenario::{Files, LoadOptions, Plan};

use crate::exit::Exit;
use crate::library::{LIBRARY, LIBRARY_FILES};
use crate::stdout::print_line;

/// Arguments of `squall list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only names that contain this
    #[arg(value_name = "PART", default_value = "")]
    part: String,
}

pub(crate) fn list(arguments: &ListArguments) -> anyhow::Result<Exit> {
    for scenario in LIBRARY.iter().filter(|scenario| scenario.name.contains(&arguments.part)) {
        let options = LoadOptions { files: Files::Given(LIBRARY_FILES), ..LoadOptions::default() };
        let plan = squall_scenario::parse(scenario.name, scenario.text, options)
            .with_context(|| format!("library scenario {}", scenario.name))?;
        print_line(format_args!("{}  ({})\n    {}", scenario.name, cost(&plan), plan.about))?;
    }
    Ok(Exit::Held)
}

/// What decides how long a run takes: devices, virtual time, and how many runs there are.
fn cost(plan: &Plan) -> String {
    let Some(cell) = plan.cells.first() else { return String::new() };
    let devices: u64 = cell.scenario.fleets.iter().map(|fleet| u64::from(fleet.devices)).sum();
    let devices = squall_results::text::count(devices);
    let minutes = squall_results::text::duration(cell.scenario.duration.as_micros() as u64);
    match plan.cells.len() {
        1 => format!("{devices} devices, {minutes}"),
        cells => format!("{cells} runs of {devices} devices, {minutes} each"),
    }
}
