//! Getters of texts with placeholders and of topics.

use squall_types::{
    Chance, Owner, Seed, Template, TemplateContext, TemplateError, validate_topic_filter, validate_topic_name,
};

use super::{Cursor, Found};
use crate::error::{ScenarioError, did_you_mean};
use crate::keys::{Kind, Renders, THING_NAME};
use crate::resolved::CALL_PLACEHOLDER;
use crate::tree::shorten;
use crate::wording::name_rule_text;

/// All placeholders, and what becomes of them; those that are the same for a device throughout a run come first.
pub(crate) static PLACEHOLDERS: [(&str, &str); 5] = [
    ("{{thing}}", "the thing name, `FLEET-INDEX`"),
    ("{{fleet}}", "the fleet's name"),
    ("{{index}}", "the device's index in its fleet, 0 for the first"),
    ("{{counter}}", "how many times this device rendered this payload before"),
    ("{{uniform:LOW..HIGH}}", "a number drawn anew each time, with the decimals that LOW and HIGH have"),
];

/// Placeholders that are the same for a device throughout a run.
pub(crate) fn device_placeholders() -> &'static [(&'static str, &'static str)] {
    &PLACEHOLDERS[..3]
}

impl Cursor<'_> {
    /// A text with placeholders; `fleet` stands in for the fleet's name where the result is checked.
    pub(crate) fn template(&self, name: &str, fleet: &str) -> Option<Template> {
        let (found, text) = self.find_text(name)?;
        let (parsed, renders) = match found.key.kind {
            Kind::DeviceTemplate(renders) => (Template::parse_per_device(&text), renders),
            _ => (Template::parse(&text), Renders::Anything),
        };
        let template = match parsed {
            Ok(template) => template,
            Err(error) => {
                self.report.push(self.template_error(&found, &error));
                return None;
            }
        };
        let sample = sample_of(&template, fleet);
        let problem = match renders {
            Renders::Anything => None,
            Renders::TopicName => validate_topic_name(&sample).err().map(|error| error.to_string()),
            Renders::ThingName => {
                let problem = || format!("not the name of a thing: {}", name_rule_text(THING_NAME));
                (!THING_NAME.fits(&sample)).then(problem)
            }
            Renders::TopicFilter => validate_topic_filter(&sample).err().map(|error| error.to_string()),
        };
        let Some(problem) = problem else { return Some(template) };
        let mut error = self.error(&found, problem);
        if sample != text {
            error = error.found(format!("{}, for one device \"{}\"", found.node.shown(), shorten(&sample)));
        }
        self.report.push(error);
        None
    }

    fn template_error(&self, found: &Found<'_>, error: &TemplateError) -> ScenarioError {
        explain(self.error(found, ""), &found.key.kind, error)
    }

    /// A topic name in which placeholders have no meaning.
    pub(crate) fn topic_name(&self, name: &str) -> Option<String> {
        let (found, text) = self.find_text(name)?;
        // As it is the first time: numbers of calls change nothing in its form.
        let sample = text.replace(CALL_PLACEHOLDER, "0");
        let error = if sample.contains("{{") {
            self.error(&found, "placeholders other than {{call}} are not filled in here")
                .hint("name one device, as in sensors-0")
        } else {
            match validate_topic_name(&sample) {
                Ok(()) => return Some(text),
                Err(error) => self.error(&found, error.to_string()),
            }
        };
        self.report.push(error);
        None
    }
}

/// Has `report` say why a text is no template.
pub(super) fn explain(report: ScenarioError, kind: &Kind, error: &TemplateError) -> ScenarioError {
    let per_device = matches!(kind, Kind::DeviceTemplate(_));
    let placeholders = if per_device { device_placeholders() } else { &PLACEHOLDERS[..] };
    let allowed = placeholders.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let report = |problem: String| ScenarioError { problem, ..report }.allowed(&allowed);
    match error {
        TemplateError::UnknownPlaceholder(name) => {
            let mut error = report(format!("'{{{{{name}}}}}' is no placeholder"));
            let names = placeholders.iter().map(|(name, _)| name.trim_matches(['{', '}']));
            error.hint = did_you_mean(name, names);
            error
        }
        TemplateError::NotPerDevice(_) => {
            report(error.to_string()).hint("what stands here is the same for a device throughout the run")
        }
        TemplateError::Unclosed | TemplateError::Range(_) => report(error.to_string()),
    }
}

/// What `template` renders to for the first device of `fleet`.
pub(crate) fn sample_of(template: &Template, fleet: &str) -> String {
    let owner = Owner::named(fleet).member(0);
    let chance = Chance::new(Seed(0));
    let mut sample = String::new();
    template.render(&TemplateContext { fleet, index: 0, counter: 0, chance, owner, pattern: 0 }, &mut sample);
    sample
}
