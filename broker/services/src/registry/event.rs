//! Registry events: what the service publishes about a successful call (`state.md` 2.11).

use serde_json::Value;

use super::Registry;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What events can be about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EventKind {
            $($(#[$doc])* $name,)+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As the API spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

kinds! {
    /// Things made, changed and deleted.
    Thing = "THING",
    /// Groups made, changed and deleted.
    ThingGroup = "THING_GROUP",
    /// Types made, changed and deleted.
    ThingType = "THING_TYPE",
    /// Things that join and leave groups.
    ThingGroupMembership = "THING_GROUP_MEMBERSHIP",
    /// Groups put below others, or no longer.
    ThingGroupHierarchy = "THING_GROUP_HIERARCHY",
    /// Things that get or lose a type.
    ThingTypeAssociation = "THING_TYPE_ASSOCIATION",
    /// Jobs. Of the registry's business only the setting.
    Job = "JOB",
    /// Job executions. Of the registry's business only the setting.
    JobExecution = "JOB_EXECUTION",
    /// Policies. What such an event looks like is not documented: there is none.
    Policy = "POLICY",
    /// Certificates. What such an event looks like is not documented: there is none.
    Certificate = "CERTIFICATE",
    /// CA certificates. What such an event looks like is not documented: there is none.
    CaCertificate = "CA_CERTIFICATE",
}

/// A message that the service publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryEvent {
    /// Its topic.
    pub topic: Box<str>,
    /// Its JSON text.
    pub payload: Box<str>,
}

/// Which events are on, and those that nobody has taken yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    /// A bit for each kind.
    enabled: u16,
    made: u64,
    waiting: Vec<RegistryEvent>,
}

impl Events {
    pub(super) const fn is_enabled(&self, kind: EventKind) -> bool {
        self.enabled & 1 << kind as u16 != 0
    }
}

impl Registry {
    /// `UpdateEventConfigurations`. Kinds that are not named stay as they are (unverified).
    pub fn update_event_configurations(&mut self, configurations: &[(EventKind, bool)]) {
        for &(kind, enabled) in configurations {
            let bit = 1 << kind as u16;
            self.events.enabled =
                if enabled { self.events.enabled | bit } else { self.events.enabled & !bit };
        }
    }

    /// `DescribeEventConfigurations`: whether events of a kind are published.
    #[must_use]
    pub const fn is_event_enabled(&self, kind: EventKind) -> bool {
        self.events.is_enabled(kind)
    }

    /// The events that calls have left since they were last taken, in their order.
    pub fn take_events(&mut self) -> Vec<RegistryEvent> {
        core::mem::take(&mut self.events.waiting)
    }

    /// Leaves an event, of a kind that the caller knows to be on. `what` is the end of its topic.
    pub(super) fn note(&mut self, kind: EventKind, topic: &str, what: &'static str, mut payload: Value) {
        self.events.made += 1;
        let id = self.id("event", self.events.made).to_string();
        payload["eventType"] = format!("{}_EVENT", kind.as_str()).into();
        payload["eventId"] = id.into();
        payload["timestamp"] = self.rates.now.wall.as_unix_millis().into();
        payload["operation"] = what.to_ascii_uppercase().into();
        let topic = format!("$aws/events/{topic}/{what}").into();
        self.events.waiting.push(RegistryEvent { topic, payload: payload.to_string().into() });
    }
}
