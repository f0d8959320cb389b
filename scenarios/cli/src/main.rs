//! The `squall` command.
//!
//! The composition root: the only crate that knows all others. One file a subcommand; what a run writes is decided in
//! `output.rs`, what it shows meanwhile in `progress.rs`, how it ends in `exit.rs`.

mod check;
mod conform;
mod exit;
mod host;
mod interrupt;
mod library;
mod list;
mod log;
mod output;
mod plan;
mod policy;
mod progress;
mod run;
mod schema;
mod serve;
mod stdout;

use clap::{Parser, Subcommand};

use crate::exit::Exit;

/// A deterministic simulation and conformance test bench for device fleets on an AWS-IoT-Core-like service.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    everything held
  1    an expectation or a conformance case failed
  2    the command line or a file was wrong
  3    an oracle or an invariant was violated
  130  interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios; several files or a matrix give a table
    Run(run::RunArguments),
    /// List the library of scenarios
    List(list::ListArguments),
    /// Read and resolve scenarios without running them
    Check(check::CheckArguments),
    /// Run conformance cases against the simulated service or any broker
    Conform(conform::ConformArguments),
    /// Ask IoT policies who may do what, and why not
    Policy(policy::PolicyArguments),
    /// Print the JSON Schema of scenario files or of results.json
    Schema(schema::SchemaArguments),
    /// Serve the broker on a real socket, for real clients
    Serve(serve::ServeArguments),
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::List(arguments) => list::list(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Conform(arguments) => conform::conform(&arguments),
        Command::Policy(arguments) => policy::policy(&arguments),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
    };
    outcome
        .unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Exit::Usage
        })
        .into()
}
