//! From the words of the command line to plans.

use std::path::Path;

use clap::Args;
use squall_scenario::{Files, LoadOptions, Plan, ScenarioErrors};
use squall_types::Seed;

use crate::library::{self, LIBRARY_FILES};

/// What to read, and what to change in it.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// Scenario files, or names from the library such as storm/reconnect
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,

    /// Seed in place of the file's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<Seed>,

    /// Set a key of the scenario, such as fleet.sensors.devices=1000 (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
}

/// Reads every file; prints what is wrong with them, if anything is.
pub(crate) fn load(arguments: &PlanArguments) -> Option<Vec<Plan>> {
    read(arguments)
        .inspect_err(|errors| {
            for errors in errors {
                eprintln!("{errors}");
            }
        })
        .ok()
}

fn read(arguments: &PlanArguments) -> Result<Vec<Plan>, Vec<ScenarioErrors>> {
    let books: Vec<&str> = squall_billing::book_names().collect();
    let options = LoadOptions {
        sets: &arguments.sets,
        seed: arguments.seed,
        price_books: &books,
        ..LoadOptions::default()
    };
    let mut plans = Vec::new();
    let mut errors = Vec::new();
    for file in &arguments.files {
        let plan = match library::find(file) {
            Some(scenario) if !Path::new(file).exists() => {
                let files = Files::Given(LIBRARY_FILES);
                squall_scenario::parse(scenario.name, scenario.text, LoadOptions { files, ..options })
            }
            _ => squall_scenario::load(Path::new(file), options),
        };
        match plan {
            Ok(plan) => plans.push(plan),
            Err(found) => errors.push(found),
        }
    }
    if errors.is_empty() { Ok(plans) } else { Err(errors) }
}
