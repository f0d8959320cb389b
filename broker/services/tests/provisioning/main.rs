//! Provisioning: templates, what they make, just in time and over MQTT (`state.md` 3, checks 76-93).

mod claim;
mod expansion;
mod fleet;
mod flows;
mod just_in_time;
mod store;
mod support;
mod template_calls;
mod template_failures;
mod templates;
