//! `squall policy`: who may do what, and why not.

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use squall_profile::Profile;
use squall_services::policy::{
    Account, Action, FACTS_HELP, OwnedFacts, Policy, Request, Resource, Semantics, explain,
};

use crate::exit::Exit;
use crate::stdout::print;

/// Arguments of `squall policy`.
#[derive(Debug, Args)]
pub(crate) struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Say whether policies allow an action, by which statement, and what the others lack
    #[command(after_help = EXPLAIN_HELP.as_str())]
    Explain(ExplainArguments),
}

static EXPLAIN_HELP: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let facts: String = FACTS_HELP.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "Facts:\n{facts}\nExit codes:\n  0  allowed\n  1  denied\n  2  the command line or a file was wrong"
    )
});

#[derive(Debug, Args)]
struct ExplainArguments {
    /// A policy document; several are evaluated together
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    policy: Vec<String>,
    /// What is known of whoever asks, such as "client-id=pump-7 thing=pump-7"
    #[arg(long = "as", value_name = "FACTS", default_value = "")]
    facts: String,
    /// The action, such as iot:Publish
    #[arg(long)]
    action: String,
    /// The resource: a whole ARN, or the name of the kind that the action is checked against
    #[arg(long)]
    resource: String,
    /// The profile that settles disputed behaviours
    #[arg(long, default_value = "aws-current")]
    profile: String,
    /// The account whose ARNs are meant
    #[arg(long, value_name = "ID", default_value = "123456789012")]
    account: String,
    /// Its region
    #[arg(long, default_value = "us-east-1")]
    region: String,
}

pub(crate) fn policy(arguments: &PolicyArguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        PolicyCommand::Explain(arguments) => explain_request(arguments),
    }
}

fn explain_request(arguments: &ExplainArguments) -> anyhow::Result<Exit> {
    let account = Account::new("aws", &arguments.region, &arguments.account);
    let profile = Profile::named(&arguments.profile).context("--profile")?;
    let mut policies = Vec::new();
    for file in &arguments.policy {
        let text = std::fs::read_to_string(file).with_context(|| format!("--policy {file}"))?;
        policies.push((file.as_str(), Policy::parse(&text, &account).with_context(|| file.clone())?));
    }
    let policies: Vec<(&str, &Policy)> = policies.iter().map(|(file, policy)| (*file, policy)).collect();
    let action = Action::from_text(&arguments.action).ok_or_else(|| {
        let known: Vec<&str> = Action::ALL.iter().map(|action| action.text()).collect();
        anyhow!("--action: unknown action {:?}; known are {}", arguments.action, known.join(", "))
    })?;
    let facts = OwnedFacts::parse(&arguments.facts).map_err(|message| anyhow!("--as: {message}"))?;
    let request = request(action, &arguments.resource, &account)?;
    let explanation = explain(&policies, request, &facts.facts(&account), Semantics::from(&profile.switches));
    print(&explanation)?;
    Ok(if explanation.verdict.is_allowed() { Exit::Held } else { Exit::Failed })
}

fn request<'a>(action: Action, resource: &'a str, account: &Account) -> anyhow::Result<Request<'a>> {
    if !resource.starts_with("arn:") {
        return Ok(Request::new(action, resource));
    }
    let Some(resource) = Resource::from_arn(account, resource) else {
        bail!(
            "--resource: {resource} is no client, topic, topicfilter, thing or rolealias of the account; see --account and --region"
        );
    };
    Ok(Request { action, resource })
}
