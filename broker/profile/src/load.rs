//! Reading profile files.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::limits::{LIMITS, Limits};
use crate::switch::{SWITCHES, Switches};

/// A value of a profile file with the place that it was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Section, row or decision of the reference, and the page behind it.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    name: String,
    about: String,
    /// The profile that this one changes; without it the file sets everything.
    base: Option<String>,
    #[serde(default)]
    limits: BTreeMap<String, Sourced<u32>>,
    #[serde(default)]
    switches: BTreeMap<String, Sourced<String>>,
}

/// One resolved profile: plain values, no names left to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name, as scenarios write it.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// Quotas and sizes.
    pub limits: Limits,
    /// Disputed behaviours.
    pub switches: Switches,
}

/// Why a profile could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// No embedded profile has that name.
    #[error("no profile is called '{name}'; there is {}", profile_names().collect::<Vec<_>>().join(", "))]
    UnknownName {
        /// What was asked for.
        name: String,
    },
    /// The text is not a profile file.
    #[error("not a profile file: {0}")]
    Syntax(String),
    /// A key that no limit or switch has.
    #[error("'{0}' is no limit or switch of a profile")]
    UnknownKey(String),
    /// A limit or switch that the file leaves out.
    #[error("the profile leaves out '{0}'")]
    Missing(&'static str),
    /// A switch set to something that it does not allow.
    #[error("switch '{name}' is '{found}'; allowed are {}", allowed.join(", "))]
    Switch {
        /// The switch.
        name: String,
        /// What the file says.
        found: String,
        /// Its spellings.
        allowed: &'static [&'static str],
    },
}

macro_rules! embedded {
    ($($name:literal,)+) => {
        &[$(($name, include_str!(concat!("../profiles/", $name, ".toml"))),)+]
    };
}

const EMBEDDED: &[(&str, &str)] = embedded![
    "aws-current",
    "aws-2021",
    "aws-2019",
    "aws-select-region",
    "mqtt5-128k",
    "seed-handbook",
    "seed-blog",
    "seed-exam",
    "spec-oasis",
    "greengrass-sm",
];

/// The names of the embedded profiles; the first is the default.
pub fn profile_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

impl Profile {
    /// The embedded profile called `name`.
    ///
    /// # Errors
    /// [`ProfileError::UnknownName`] if there is none.
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        let (_, text) = EMBEDDED
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| ProfileError::UnknownName { name: name.to_owned() })?;
        Self::parse(text)
    }

    /// The profile of a file's text.
    ///
    /// # Errors
    /// If it is no TOML, names an unknown key or base, sets a switch to what it does not allow, or leaves a key out
    /// without having a base.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let file: ProfileFile =
            toml_edit::de::from_str(text).map_err(|error| ProfileError::Syntax(error.to_string()))?;
        let (mut limits, mut switches) = match &file.base {
            Some(base) => {
                let base = Self::named(base)?;
                (base.limits, base.switches)
            }
            None => {
                file.check_whole()?;
                (Limits::zero(), Switches::first())
            }
        };
        for (name, limit) in file.limits {
            if !limits.set(&name, limit.value) {
                return Err(ProfileError::UnknownKey(name));
            }
        }
        for (name, switch) in file.switches {
            switches.set(&name, &switch.value).map_err(|allowed| match allowed {
                None => ProfileError::UnknownKey(name.clone()),
                Some(allowed) => ProfileError::Switch { name, found: switch.value, allowed },
            })?;
        }
        Ok(Self { name: file.name, about: file.about, limits, switches })
    }
}

impl ProfileFile {
    /// Without a base, a file sets every limit and every switch.
    fn check_whole(&self) -> Result<(), ProfileError> {
        for limit in LIMITS {
            if !self.limits.contains_key(limit.name) {
                return Err(ProfileError::Missing(limit.name));
            }
        }
        for switch in SWITCHES {
            if !self.switches.contains_key(*switch) {
                return Err(ProfileError::Missing(switch));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_profile_reads_and_bears_its_name() {
        for name in profile_names() {
            assert_eq!(Profile::named(name).unwrap().name, name);
        }
    }

    #[test]
    fn the_default_holds_the_quotas_of_the_reference() {
        let limits = Profile::named("aws-current").unwrap().limits;
        for (name, value) in [
            ("client_id_bytes", 128),
            ("connect_requests_per_second", 3_000),
            ("keep_alive_min_seconds", 30),
            ("keep_alive_max_seconds", 1_200),
            ("publishes_per_second_per_connection", 100),
            ("payload_bytes", 131_072),
            ("packet_bytes", 149_504),
            ("retry_window_v311_seconds", 3_600),
            ("retry_window_v5_seconds", 960),
            ("session_expiry_seconds", 3_600),
            ("shadow_state_bytes", 8_192),
            ("shadow_requests_per_second", 20),
        ] {
            assert_eq!(limits.value(name), Some(value), "{name}");
        }
    }

    #[test]
    fn the_other_profiles_differ_as_the_reference_says() {
        // broker.md section 0 and the column of select regions in 7.1.
        for (profile, limits, switches) in [
            (
                "aws-2021",
                &[("connect_requests_per_second", 500), ("retry_window_v5_seconds", 3_600)][..],
                &[("subscriptions_excess", "close")][..],
            ),
            (
                "aws-select-region",
                &[("connect_requests_per_second", 100), ("retained_messages", 100_000)],
                &[],
            ),
            (
                "aws-2019",
                &[("shadow_levels", 5)],
                &[
                    ("registry_rates", "2019"),
                    ("thing_type_updates", "absent"),
                    ("shadow_rate_bucket", "thing"),
                ],
            ),
            ("mqtt5-128k", &[("packet_bytes", 131_072)], &[]),
            (
                "seed-handbook",
                &[("session_expiry_cap_seconds", 86_400), ("named_shadows_per_thing", 10)],
                &[("shadow_delta_metadata", "absent")],
            ),
            (
                "greengrass-sm",
                &[("shadow_levels", 6)],
                &[("shadow_publish_order", "delta-documents-accepted")],
            ),
            ("seed-blog", &[("connect_requests_per_second", 3_000)], &[]),
            ("seed-exam", &[], &[("retained_on_subscribe", "oasis")]),
            ("spec-oasis", &[("keep_alive_max_seconds", 0)], &[("hash_matches_parent", "yes")]),
        ] {
            let found = Profile::named(profile).unwrap();
            for (name, value) in limits {
                assert_eq!(found.limits.value(name), Some(*value), "{profile}: {name}");
            }
            for (name, value) in switches {
                assert_eq!(found.switches.value(name), Some(*value), "{profile}: {name}");
            }
            // What it does not name is the base's.
            assert_eq!(found.limits.value("connect_packet_seconds"), Some(60), "{profile}");
        }
        let unknown = "name = \"n\"\nabout = \"a\"\nbase = \"aws\"";
        assert!(matches!(Profile::parse(unknown), Err(ProfileError::UnknownName { name }) if name == "aws"));
    }

    #[test]
    fn a_broken_profile_says_what_is_wrong() {
        let good = EMBEDDED[0].1;
        let without =
            good.lines().filter(|line| !line.starts_with("topic_bytes")).collect::<Vec<_>>().join("\n");
        assert_eq!(Profile::parse(&without), Err(ProfileError::Missing("topic_bytes")));
        assert_eq!(
            Profile::parse(&good.replace("topic_bytes", "topic_bits")),
            Err(ProfileError::Missing("topic_bytes"))
        );
        let extra = good.replace("[switches]", "nonsense = { value = 1, source = \"x\" }\n[switches]");
        assert_eq!(Profile::parse(&extra), Err(ProfileError::UnknownKey("nonsense".into())));
        let error = Profile::parse(&good.replace("\"one-copy\"", "\"two\"")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "switch 'overlapping_filters' is 'two'; allowed are one-copy, one-per-filter"
        );
        assert!(matches!(Profile::named("aws"), Err(ProfileError::UnknownName { .. })));
        // A value without a source is no profile.
        assert!(matches!(
            Profile::parse(&good.replace(", source = \"broker.md D-25 unverified\"", "")),
            Err(ProfileError::Syntax(_))
        ));
    }
}
