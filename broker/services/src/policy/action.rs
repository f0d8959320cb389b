//! The actions a policy grants (`broker.md` 9.2).

use core::fmt;

use super::arn::ResourceKind;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident => $text:literal on $kind:ident,)+) => {
        /// An action that a policy can allow or deny.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            /// Every action, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As a policy document spells it.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Which kind of resource it is checked against.
            #[must_use]
            pub const fn resource_kind(self) -> ResourceKind {
                match self {
                    $(Self::$name => ResourceKind::$kind,)+
                }
            }
        }
    };
}

actions! {
    /// Checked at each CONNECT.
    Connect => "iot:Connect" on Client,
    /// Checked at each PUBLISH, and at CONNECT for the topic of the will.
    Publish => "iot:Publish" on Topic,
    /// Checked at a PUBLISH with RETAIN, beside `iot:Publish`.
    RetainPublish => "iot:RetainPublish" on Topic,
    /// Checked for each filter of a SUBSCRIBE.
    Subscribe => "iot:Subscribe" on TopicFilter,
    /// Checked at each delivery.
    Receive => "iot:Receive" on Topic,
    /// HTTPS.
    GetRetainedMessage => "iot:GetRetainedMessage" on Topic,
    /// HTTPS; has no resource of its own.
    ListRetainedMessages => "iot:ListRetainedMessages" on Everything,
    /// HTTPS; over MQTT the topic actions apply.
    GetThingShadow => "iot:GetThingShadow" on Thing,
    /// HTTPS; over MQTT the topic actions apply.
    UpdateThingShadow => "iot:UpdateThingShadow" on Thing,
    /// HTTPS; over MQTT the topic actions apply.
    DeleteThingShadow => "iot:DeleteThingShadow" on Thing,
    /// HTTPS; has no resource of its own.
    ListNamedShadowsForThing => "iot:ListNamedShadowsForThing" on Everything,
    /// The HTTPS jobs endpoint.
    DescribeJobExecution => "iot:DescribeJobExecution" on Thing,
    /// The HTTPS jobs endpoint.
    GetPendingJobExecutions => "iot:GetPendingJobExecutions" on Thing,
    /// The HTTPS jobs endpoint.
    StartNextPendingJobExecution => "iot:StartNextPendingJobExecution" on Thing,
    /// The HTTPS jobs endpoint.
    UpdateJobExecution => "iot:UpdateJobExecution" on Thing,
    /// The credential provider.
    AssumeRoleWithCertificate => "iot:AssumeRoleWithCertificate" on RoleAlias,
    /// HTTPS, about the client that is named.
    DeleteConnection => "iot:DeleteConnection" on Client,
    /// HTTPS, about the client that is named.
    GetConnection => "iot:GetConnection" on Client,
    /// HTTPS, about the client that is named.
    ListSubscriptions => "iot:ListSubscriptions" on Client,
    /// HTTPS, about the client that is named.
    SendDirectMessage => "iot:SendDirectMessage" on Client,
}

impl Action {
    /// The action that a document spells so; case counts.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.text() == text)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ActionSet(u32);

impl ActionSet {
    pub(super) const ALL: Self = Self((1 << Action::ALL.len()) - 1);

    pub(super) fn insert(&mut self, action: Action) {
        self.0 |= 1 << action as u32;
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) const fn contains(self, action: Action) -> bool {
        self.0 & (1 << action as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_text_and_is_in_the_whole_set() {
        for &action in Action::ALL {
            assert_eq!(Action::from_text(action.text()), Some(action));
            assert!(ActionSet::ALL.contains(action));
            let mut one = ActionSet::default();
            one.insert(action);
            let others = Action::ALL.iter().filter(|other| one.contains(**other)).count();
            assert_eq!(others, 1, "{action}");
        }
        assert_eq!(Action::from_text("iot:connect"), None);
    }
}
