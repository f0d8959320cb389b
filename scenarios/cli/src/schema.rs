//! `squall schema`: JSON Schemas, for editors and for readers of results.

use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::stdout::print_line;

/// Arguments of `squall schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Which schema
    #[arg(value_enum, default_value_t = Which::Scenario)]
    which: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// Scenario files
    Scenario,
    /// results.json
    Results,
}

pub(crate) fn schema(arguments: &SchemaArguments) -> anyhow::Result<Exit> {
    let schema = match arguments.which {
        Which::Scenario => squall_scenario::json_schema(),
        Which::Results => squall_results::json_schema(),
    };
    print_line(serde_json::to_string_pretty(&schema)?)?;
    Ok(Exit::Held)
}
