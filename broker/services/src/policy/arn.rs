//! Resource ARNs: `arn:PARTITION:iot:REGION:ACCOUNT:KIND/NAME` (`broker.md` 9.2).

use core::fmt;

/// What kind of resource an action is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A client id.
    Client,
    /// A topic name.
    Topic,
    /// A topic filter, as text.
    TopicFilter,
    /// A thing.
    Thing,
    /// A role alias of the credential provider.
    RoleAlias,
    /// No resource of its own: only `*` covers it.
    Everything,
}

impl ResourceKind {
    /// Every kind that an ARN names.
    pub const NAMED: &[Self] = &[Self::Client, Self::Topic, Self::TopicFilter, Self::Thing, Self::RoleAlias];

    /// As the ARN spells it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Topic => "topic",
            Self::TopicFilter => "topicfilter",
            Self::Thing => "thing",
            Self::RoleAlias => "rolealias",
            Self::Everything => "*",
        }
    }
}

impl ResourceKind {
    /// The names of all kinds, for a message.
    pub(super) fn names() -> String {
        let names: Vec<&str> = Self::NAMED.iter().map(|kind| kind.text()).collect();
        names.join(", ")
    }
}

/// The account whose resources are meant. Holds the heads of its ARNs ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    heads: [Box<str>; ResourceKind::NAMED.len()],
}

impl Account {
    /// The id of the default account.
    pub const DEFAULT_ID: &str = "123456789012";

    /// The account `id` in a region of a partition (`aws`, `aws-cn`, `aws-us-gov`).
    #[must_use]
    pub fn new(partition: &str, region: &str, id: &str) -> Self {
        let head = |kind: ResourceKind| format!("arn:{partition}:iot:{region}:{id}:{}/", kind.text()).into();
        Self { heads: core::array::from_fn(|index| head(ResourceKind::NAMED[index])) }
    }

    /// What stands in an ARN before the resource's name; empty for a kind without name.
    #[must_use]
    pub fn head(&self, kind: ResourceKind) -> &str {
        // Everything comes behind the named kinds and has no head.
        self.heads.get(kind as usize).map_or("", |head| head)
    }
}

impl Default for Account {
    /// The account of the AWS documents' examples, in us-east-1.
    fn default() -> Self {
        Self::new("aws", "us-east-1", Self::DEFAULT_ID)
    }
}

/// What an action would be done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name: a client id, a topic, a filter as text.
    pub name: &'a str,
}

impl<'a> Resource<'a> {
    /// The resource of a kind and name.
    #[must_use]
    pub fn new(kind: ResourceKind, name: &'a str) -> Self {
        Self { kind, name }
    }

    /// The resource that a whole ARN names, or `*`; `None` for another account or an unknown kind.
    #[must_use]
    pub fn from_arn(account: &Account, arn: &'a str) -> Option<Self> {
        if arn == "*" {
            return Some(Self::new(ResourceKind::Everything, arn));
        }
        ResourceKind::NAMED
            .iter()
            .find_map(|&kind| arn.strip_prefix(account.head(kind)).map(|name| Self::new(kind, name)))
    }

    /// The text that patterns are matched against, in two pieces.
    pub(super) fn text(self, account: &'a Account) -> [&'a str; 2] {
        [account.head(self.kind), self.name]
    }

    /// The whole ARN, to read.
    pub fn arn(self, account: &'a Account) -> impl fmt::Display {
        let [head, name] = self.text(account);
        fmt::from_fn(move |f| write!(f, "{head}{name}"))
    }
}

/// How many parts an ARN has.
pub(super) const ARN_PARTS: usize = 6;

/// Splits at the first five colons outside of `${...}`.
pub(super) fn split_arn(text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(ARN_PARTS);
    let (mut start, mut in_variable) = (0, false);
    for (at, character) in text.char_indices() {
        match character {
            '$' if text[at..].starts_with("${") => in_variable = true,
            '}' => in_variable = false,
            ':' if !in_variable && parts.len() < ARN_PARTS - 1 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_read_back_as_it_is_written() {
        let account = Account::default();
        for &kind in ResourceKind::NAMED {
            let resource = Resource::new(kind, "a/b:c");
            let arn = resource.arn(&account).to_string();
            assert_eq!(Resource::from_arn(&account, &arn), Some(resource));
        }
        assert_eq!(Resource::from_arn(&account, "arn:aws:iot:eu-west-1:123456789012:topic/x"), None);
        assert_eq!(Resource::from_arn(&account, "topic/x"), None);
    }

    #[test]
    fn an_arn_is_split_at_its_own_colons_only() {
        assert_eq!(
            split_arn("arn:aws:iot:*:${iot:ClientId}:topic/a:b"),
            ["arn", "aws", "iot", "*", "${iot:ClientId}", "topic/a:b"]
        );
        assert_eq!(split_arn("arn:aws").len(), 2);
    }
}
