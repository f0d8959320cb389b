//! The HTTPS data API: typed requests of `GET /things/T/shadow?name=N` and its siblings (`state.md` 1.11).

use squall_types::Now;

use super::outcome::Via;
use super::write;
use super::{Operation, Outcome, Rejection, ShadowId, Shadows};

/// One call of the data API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShadowCall<'a> {
    /// `GetThingShadow`: `GET /things/T/shadow[?name=N]`.
    GetThingShadow {
        /// Which shadow.
        shadow: ShadowId<'a>,
    },
    /// `UpdateThingShadow`: `POST /things/T/shadow[?name=N]`.
    UpdateThingShadow {
        /// Which shadow.
        shadow: ShadowId<'a>,
        /// The request document.
        payload: &'a [u8],
    },
    /// `DeleteThingShadow`: `DELETE /things/T/shadow[?name=N]`.
    DeleteThingShadow {
        /// Which shadow.
        shadow: ShadowId<'a>,
    },
    /// `ListNamedShadowsForThing`: `GET /api/things/shadow/ListNamedShadowsForThing/T`.
    ListNamedShadowsForThing {
        /// Which thing.
        thing: &'a str,
        /// Entries of a page: 1 to 100, 25 if nothing is said.
        page_size: Option<u32>,
        /// What the page before this one ended with.
        next_token: Option<&'a str>,
    },
}

/// What a call was answered.
#[derive(Debug)]
pub enum CallOutcome<'a> {
    /// To a call on one shadow.
    Shadow(Outcome<'a>),
    /// To a call for a list.
    List(ListOutcome),
}

impl CallOutcome<'_> {
    /// Why the call failed, if it did: status and exception of the response.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Shadow(outcome) => outcome.version().err(),
            Self::List(list) => list.names.as_ref().err().copied(),
        }
    }

    /// Appends the response's body.
    pub fn write_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::Shadow(outcome) => outcome.write_body(out),
            Self::List(list) => list.write_body(out),
        }
    }
}

/// A page of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOutcome {
    /// The names of shadows, in their order.
    pub names: Result<Vec<Box<str>>, Rejection>,
    /// There are more.
    pub next_token: Option<Box<str>>,
    /// Wall time of the answer.
    pub seconds: u64,
}

impl ListOutcome {
    /// `state.md` 1.4.6.
    fn write_body(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        match &self.names {
            Ok(names) => {
                write::key("results", out);
                out.push(b'[');
                for (place, name) in names.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    super::json::write_escaped(name, out);
                }
                out.push(b']');
                if let Some(token) = &self.next_token {
                    write::key("nextToken", out);
                    super::json::write_escaped(token, out);
                }
            }
            Err(rejection) => {
                write::key("code", out);
                write::number(u64::from(rejection.code()), out);
                write::key("message", out);
                super::json::write_escaped(rejection.message(), out);
            }
        }
        write::key("timestamp", out);
        write::number(self.seconds, out);
        out.push(b'}');
    }
}

/// Names, and the token of the next page if there is one.
type Page = (Vec<Box<str>>, Option<Box<str>>);

impl Shadows {
    /// Answers a call of the HTTPS data API.
    pub fn call<'a>(&'a mut self, call: ShadowCall<'a>, now: Now) -> CallOutcome<'a> {
        let (shadow, operation, payload): (_, _, &[u8]) = match call {
            ShadowCall::GetThingShadow { shadow } => (shadow, Operation::Get, &[]),
            ShadowCall::UpdateThingShadow { shadow, payload } => (shadow, Operation::Update, payload),
            ShadowCall::DeleteThingShadow { shadow } => (shadow, Operation::Delete, &[]),
            ShadowCall::ListNamedShadowsForThing { thing, page_size, next_token } => {
                return CallOutcome::List(self.list(thing, page_size, next_token, now));
            }
        };
        CallOutcome::Shadow(self.request(shadow, operation, payload, Via::Https, now))
    }

    fn list(
        &mut self,
        thing: &str,
        page_size: Option<u32>,
        next_token: Option<&str>,
        now: Now,
    ) -> ListOutcome {
        let seconds = now.wall.as_unix_secs();
        match self.names(thing, page_size, next_token, now) {
            Ok((names, next_token)) => ListOutcome { names: Ok(names), next_token, seconds },
            Err(rejection) => ListOutcome { names: Err(rejection), next_token: None, seconds },
        }
    }

    /// A page's token is the last name of the page before it.
    fn names(
        &mut self,
        thing: &str,
        page_size: Option<u32>,
        next_token: Option<&str>,
        now: Now,
    ) -> Result<Page, Rejection> {
        let page_size = page_size.unwrap_or(25);
        self.admit(ShadowId::classic(thing), now)?;
        if !(1..=100).contains(&page_size) {
            return Err(Rejection::InvalidPageSize);
        }
        let mut names = self.live_names_after(thing, next_token.unwrap_or_default());
        let page: Vec<Box<str>> = names.by_ref().take(page_size as usize).map(Box::from).collect();
        let next_token = names.next().and_then(|_| page.last().cloned());
        Ok((page, next_token))
    }
}
