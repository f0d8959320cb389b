//! Topics of shadows: `$aws/things/THING/shadow[/name/SHADOW]/OPERATION[/ANSWER]` (`state.md` 1.1).

use core::fmt;

/// Which shadow of which thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShadowId<'a> {
    /// The thing; it need not be registered.
    pub thing: &'a str,
    /// The name of a named shadow; the classic shadow has none.
    pub name: Option<&'a str>,
}

impl<'a> ShadowId<'a> {
    /// The classic shadow of a thing.
    #[must_use]
    pub const fn classic(thing: &'a str) -> Self {
        Self { thing, name: None }
    }

    /// A named shadow of a thing.
    #[must_use]
    pub const fn named(thing: &'a str, name: &'a str) -> Self {
        Self { thing, name: Some(name) }
    }

    /// What errors and logs call it: a classic shadow by its thing's name.
    #[must_use]
    pub const fn shown_name(self) -> &'a str {
        match self.name {
            Some(name) => name,
            None => self.thing,
        }
    }
}

/// What is asked of a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The whole document.
    Get,
    /// A change of state.
    Update,
    /// The shadow's end.
    Delete,
}

impl Operation {
    const ALL: [Self; 3] = [Self::Get, Self::Update, Self::Delete];

    /// Its level in a topic.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The operation's name in the API, in logs and in metrics.
    #[must_use]
    pub const fn api_name(self) -> &'static str {
        match self {
            Self::Get => "GetThingShadow",
            Self::Update => "UpdateThingShadow",
            Self::Delete => "DeleteThingShadow",
        }
    }
}

/// What the service publishes after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request was accepted.
    Accepted,
    /// It was not.
    Rejected,
    /// Where desired still differs from reported after an update.
    Delta,
    /// The whole documents before and after an update.
    Documents,
}

impl Answer {
    const ALL: [Self; 4] = [Self::Accepted, Self::Rejected, Self::Delta, Self::Documents];

    /// Its level in a topic.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Delta => "delta",
            Self::Documents => "documents",
        }
    }
}

/// A topic of a shadow; prints as the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadowTopic<'a> {
    /// Of which shadow. Names from a topic may break the service's rules for names; the service says so then.
    pub shadow: ShadowId<'a>,
    /// Of which operation.
    pub operation: Operation,
    /// Of which answer; requests have none.
    pub answer: Option<Answer>,
}

impl<'a> ShadowTopic<'a> {
    /// The topic of a request.
    #[must_use]
    pub const fn request(shadow: ShadowId<'a>, operation: Operation) -> Self {
        Self { shadow, operation, answer: None }
    }

    /// The same operation's topic for an answer.
    #[must_use]
    pub const fn answered(self, answer: Answer) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// Reads a topic name; `None` if it is no shadow's.
    #[must_use]
    pub fn parse(topic: &'a str) -> Option<Self> {
        let mut levels = topic.strip_prefix("$aws/things/")?.split('/');
        let thing = levels.next()?;
        if levels.next()? != "shadow" {
            return None;
        }
        let mut level = levels.next()?;
        let mut name = None;
        if level == "name" {
            name = Some(levels.next()?);
            level = levels.next()?;
        }
        let operation = Operation::ALL.into_iter().find(|operation| operation.as_str() == level)?;
        let answer = match levels.next() {
            None => None,
            Some(level) => Some(Answer::ALL.into_iter().find(|answer| answer.as_str() == level)?),
        };
        let of_update = matches!(answer, Some(Answer::Delta | Answer::Documents));
        if levels.next().is_some() || of_update && operation != Operation::Update {
            return None;
        }
        Some(Self { shadow: ShadowId { thing, name }, operation, answer })
    }

    /// Appends the topic to `out`.
    pub fn write(self, out: &mut String) {
        let name = self.shadow.name.map_or(["", ""], |name| ["/name/", name]);
        let answer = self.answer.map_or(["", ""], |answer| ["/", answer.as_str()]);
        for part in
            ["$aws/things/", self.shadow.thing, "/shadow", name[0], name[1], "/", self.operation.as_str()]
        {
            out.push_str(part);
        }
        out.push_str(answer[0]);
        out.push_str(answer[1]);
    }
}

impl fmt::Display for ShadowTopic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_of_a_shadow_reads_as_it_prints() {
        for shadow in [ShadowId::classic("t"), ShadowId::named("t", "n"), ShadowId::named("t", "name")] {
            for operation in Operation::ALL {
                for answer in [None].into_iter().chain(Answer::ALL.map(Some)) {
                    let topic = ShadowTopic { shadow, operation, answer };
                    let of_update = matches!(answer, Some(Answer::Delta | Answer::Documents));
                    let known = operation == Operation::Update || !of_update;
                    assert_eq!(ShadowTopic::parse(&topic.to_string()), known.then_some(topic), "{topic}");
                }
            }
        }
        let topic =
            ShadowTopic::request(ShadowId::named("t", "n"), Operation::Update).answered(Answer::Delta);
        assert_eq!(topic.to_string(), "$aws/things/t/shadow/name/n/update/delta");
    }

    #[test]
    fn other_topics_are_no_shadows() {
        for topic in [
            "",
            "$aws/things/t/shadow",
            "$aws/things/t/shadow/",
            "$aws/things/t/shadow/name/n",
            "$aws/things/t/shadow/name/get",
            "$aws/things/t/shadow/name/a/b/get",
            "$aws/things/t/shadow/get/accepted/x",
            "$aws/things/t/shadow/update/",
            "$aws/things/t/shadow/list",
            "$aws/things/t/jobs/get",
            "aws/things/t/shadow/get",
        ] {
            assert_eq!(ShadowTopic::parse(topic), None, "{topic}");
        }
    }
}
