//! What a case changes about the service.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a case changes about the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The profile by name.
    pub profile: Option<String>,
    /// Limits by name.
    pub limits: BTreeMap<String, u32>,
    /// Switches by name.
    pub switches: BTreeMap<String, String>,
}

impl Service {
    /// Whether any service will do.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A value below `service`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Setting {
    Text(String),
    Number(u32),
    Table(BTreeMap<String, Setting>),
}

/// Reads one key of `service`: `profile`, `limits.NAME`, `switches.NAME`, or a table of the latter two.
pub(super) fn read_service(service: &mut Service, key: &str, setting: &Setting) -> Result<(), String> {
    match (key.split_once('.'), setting) {
        (None, Setting::Text(profile)) if key == "profile" => service.profile = Some(profile.clone()),
        (None, Setting::Table(table)) if key == "limits" || key == "switches" => {
            for (name, setting) in table {
                read_service(service, &format!("{key}.{name}"), setting)?;
            }
        }
        (Some(("limits", name)), setting) => {
            let Setting::Number(value) = setting else { return Err(format!("'{key}' is a whole number")) };
            service.limits.insert(name.to_owned(), *value);
        }
        (Some(("switches", name)), setting) => {
            let Setting::Text(value) = setting else { return Err(format!("'{key}' is a text")) };
            service.switches.insert(name.to_owned(), value.clone());
        }
        _ => return Err(format!("'{key}' is not known; there is profile, limits.NAME and switches.NAME")),
    }
    Ok(())
}
