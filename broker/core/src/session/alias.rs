//! Topic aliases of one connection, both ways (MQTT 5 3.3.2.3.4); they end with it (MQTT5-3.3.2-7).

use core::num::NonZeroU16;

/// The aliases of a connection. A handful, so a search from the front is the fastest.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    /// What the client's aliases stand for, from alias 1 on; empty where not set.
    inbound: Vec<Box<str>>,
    /// The topics that have an alias towards the client, from alias 1 on.
    outbound: Vec<Box<str>>,
    /// How many aliases the client takes, at most as many as the service uses.
    outbound_max: u16,
}

impl Aliases {
    /// No alias yet; `outbound_max` towards the client.
    pub(crate) fn new(outbound_max: u16) -> Self {
        Self { outbound_max, ..Self::default() }
    }

    /// The client's `alias` stands for `topic` from now on.
    pub(crate) fn set_inbound(&mut self, alias: NonZeroU16, topic: &str) {
        let at = usize::from(alias.get()) - 1;
        if self.inbound.len() <= at {
            self.inbound.resize_with(at + 1, Box::default);
        }
        if &*self.inbound[at] != topic {
            self.inbound[at] = topic.into();
        }
    }

    /// What the client's `alias` stands for.
    pub(crate) fn inbound(&self, alias: NonZeroU16) -> Option<&str> {
        self.inbound.get(usize::from(alias.get()) - 1).map(|topic| &**topic).filter(|topic| !topic.is_empty())
    }

    /// The alias to send `topic` with, and whether the client knows it already. `None` once all are given away.
    pub(crate) fn outbound(&self, topic: &str) -> Option<(NonZeroU16, bool)> {
        let known = self.outbound.iter().position(|held| &**held == topic);
        let free = (self.outbound.len() < usize::from(self.outbound_max)).then_some(self.outbound.len());
        let alias = NonZeroU16::new(u16::try_from(known.or(free)? + 1).ok()?)?;
        Some((alias, known.is_some()))
    }

    /// The client was sent `topic` with the next free alias.
    pub(crate) fn add_outbound(&mut self, topic: &str) {
        debug_assert!(self.outbound.len() < usize::from(self.outbound_max));
        self.outbound.push(topic.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_stand_for_topics() {
        let alias = |n| NonZeroU16::new(n).unwrap();
        let mut aliases = Aliases::new(2);
        assert_eq!(aliases.inbound(alias(3)), None);
        aliases.set_inbound(alias(3), "a");
        assert_eq!((aliases.inbound(alias(1)), aliases.inbound(alias(3))), (None, Some("a")));
        aliases.set_inbound(alias(3), "b");
        assert_eq!(aliases.inbound(alias(3)), Some("b"));
        for (topic, n) in [("x", 1), ("y", 2)] {
            assert_eq!(aliases.outbound(topic), Some((alias(n), false)));
            aliases.add_outbound(topic);
            assert_eq!(aliases.outbound(topic), Some((alias(n), true)));
        }
        assert_eq!(aliases.outbound("z"), None);
        assert_eq!(Aliases::default().outbound("x"), None);
    }
}
