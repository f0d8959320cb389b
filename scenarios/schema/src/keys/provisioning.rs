//! Keys of certificate authorities, provisioning templates, and the Lambdas and rules that go with them.

use super::access::{FUNCTION_STATION, NameRule};
use super::{Default, Key, Kind, Optional, Required, Results, Table};
use crate::resolved::{AuthorityStatus, CertificateMode, TemplateKind};
use crate::value::Words;

/// Names of provisioning templates.
pub(crate) const TEMPLATE_NAME: NameRule =
    NameRule { what: "provisioning template", punctuation: "_-", max: 36 };
/// Names of Lambdas.
const LAMBDA_NAME: NameRule = NameRule { what: "Lambda", punctuation: "_-", max: 64 };
/// Names of topic rules.
const RULE_NAME: NameRule = NameRule { what: "rule", punctuation: "_", max: 128 };
/// Names of a template's parameters. No source bounds them; these fit into every template.
pub(crate) const PARAMETER_NAME: NameRule = NameRule { what: "parameter", punctuation: "_.:-", max: 128 };

table!(CERTIFICATE_AUTHORITY, "certificate_authority.NAME", "A certificate authority that the account has registered when the run begins. Devices with `identity = \"jitp\"` or `\"jitr\"` have certificates of it.", {
    "name": Kind::Identifier, Required, "Its name in this file; no two authorities share one.";
    "status": Kind::Choice(AuthorityStatus::CHOICES), Default("\"active\""), "Its status when the run begins.";
    "auto_registration": Kind::Flag, Default("true"), "Whether the first connection of an unknown certificate registers it.";
    "mode": Kind::Choice(CertificateMode::CHOICES), Default("\"default\""), "How it was registered.";
    "template": Kind::Name(TEMPLATE_NAME), Optional("none: just-in-time registration"), "The provisioning template, of `type = \"jitp\"`, that its devices are provisioned with.";
});

table!(PROVISIONING_TEMPLATE, "provisioning_template.NAME", "A provisioning template that the account has when the run begins. What is wrong in its body shows in the run, as it does with the service; here it must be a JSON object.", {
    "name": Kind::Name(TEMPLATE_NAME), Required, "Its name; no two templates share one.";
    "type": Kind::Choice(TemplateKind::CHOICES), Default("\"fleet\""), "What it is for.";
    "file": Kind::File, Optional("needs `body`"), "The file that holds its body, relative to the scenario file.";
    "body": Kind::Text, Optional("needs `file`"), "The body itself, between `'''`, in place of `file`.";
    "source": Kind::Text, Results, "The file that the body was read from.";
    "enabled": Kind::Flag, Default("true"), "Whether it may be used.";
    "hook": Kind::Name(LAMBDA_NAME), Optional("none"), "The name of the `[[lambda]]` that is asked before a thing is registered. Only with `type = \"fleet\"`.";
});

table!(LAMBDA, "lambda.NAME", "A Lambda that rules and provisioning templates call: `fn handler(event) { ... }` in Rhai. What one answers to a rule are calls of the control plane, which are then made in their order: an array of `#{ operation: \"AttachPolicy\", parameters: #{ policyName: ..., target: ... } }`.", {
    "name": Kind::Name(LAMBDA_NAME), Required, "Its name; no two Lambdas share one.";
    "file": Kind::File, Optional("needs `script`"), "The file that holds its script, relative to the scenario file.";
    "script": Kind::Text, Optional("needs `file`"), "The script itself, between `'''`, in place of `file`.";
    "source": Kind::Text, Results, "The file that the script was read from.";
    "station": Kind::Table(&FUNCTION_STATION), Optional("all defaults"), "Where it runs, with the keys of an authorizer's `station`.";
});

table!(RULE, "rule.NAME", "A topic rule: `SELECT * FROM 'FILTER'` with a Lambda for its action.", {
    "name": Kind::Name(RULE_NAME), Required, "Its name; no two rules share one.";
    "filter": Kind::TopicFilter, Required, "The topic filter. Messages of the service itself, such as `$aws/events/certificates/registered/+`, are matched as well.";
    "lambda": Kind::Name(LAMBDA_NAME), Required, "The name of the `[[lambda]]` that each message which matches is handed to.";
});
