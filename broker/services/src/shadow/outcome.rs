//! What became of a request, and what is published of it.
//!
//! Nothing is put into text until somebody asks for it: the caller goes through [`Outcome::answers`], looks whether a
//! topic has a listener, and only then has the answer written.

use squall_profile::switch::{
    ShadowDeleteBody, ShadowDeltaMetadata, ShadowErrorTimestamp, ShadowHttpsMessages,
    ShadowPreviousAtCreation,
};
use squall_profile::{Assumptions, Decision};

use super::delta::Delta;
use super::document::{Document, DocumentRef, SECTIONS};
use super::flat::Section;
use super::json::{self, Text};
use super::request::{Change, Patch};
use super::write::{self, Stamps};
use super::{Answer, Operation, Rejection, Settings, ShadowId, ShadowTopic, publish_order};

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// As a publish to the request's topic.
    Mqtt,
    /// As a call of the HTTPS data API.
    Https,
}

/// What became of a request of a shadow.
#[derive(Debug)]
pub struct Outcome<'a> {
    pub(super) settings: &'a Settings,
    pub(super) shadow: ShadowId<'a>,
    pub(super) operation: Operation,
    pub(super) via: Via,
    /// Wall time of the answer.
    pub(super) seconds: u64,
    pub(super) token: Option<Text<'a>>,
    pub(super) result: Result<Done<'a>, Rejection>,
    pub(super) relied_on: Assumptions,
}

/// What an accepted request did.
#[derive(Debug)]
pub(super) enum Done<'a> {
    Got { document: &'a Document, delta: Delta },
    Updated { patch: &'a Patch, before: &'a Before, after: &'a Document, delta: Delta },
    Deleted { version: u64 },
}

/// What an update replaced. Kept until the next one, for those who listen to whole documents.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    /// There was no shadow.
    pub(super) created: bool,
    pub(super) version: u64,
    /// The sections that changed, as they were.
    pub(super) sections: [Option<Section>; 2],
}

impl Before {
    fn document<'a>(&'a self, after: &'a Document) -> DocumentRef<'a> {
        let section = |index: usize| self.sections[index].as_ref().unwrap_or(&after.sections[index]);
        DocumentRef { version: self.version, sections: [section(0), section(1)] }
    }
}

impl<'a> Outcome<'a> {
    /// Of which shadow.
    #[must_use]
    pub const fn shadow(&self) -> ShadowId<'a> {
        self.shadow
    }

    /// What was asked.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// The shadow's version after an accepted request (after a delete, the version that was deleted).
    ///
    /// # Errors
    /// Why the request was refused; then nothing has changed.
    pub fn version(&self) -> Result<u64, Rejection> {
        match &self.result {
            Ok(Done::Got { document, .. }) => Ok(document.version),
            Ok(Done::Updated { after, .. }) => Ok(after.version),
            Ok(Done::Deleted { version }) => Ok(*version),
            Err(rejection) => Err(*rejection),
        }
    }

    /// Whether desired differs from reported after an accepted get or update.
    #[must_use]
    pub fn has_delta(&self) -> bool {
        match &self.result {
            Ok(Done::Got { delta, .. } | Done::Updated { delta, .. }) => !delta.is_empty(),
            Ok(Done::Deleted { .. }) | Err(_) => false,
        }
    }

    /// Bytes of state that the shadow has after an accepted get or update, without metadata; they are what is metered.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        match &self.result {
            Ok(Done::Got { document, .. }) => document.state_bytes(),
            Ok(Done::Updated { after, .. }) => after.state_bytes(),
            Ok(Done::Deleted { .. }) | Err(_) => 0,
        }
    }

    /// Whether an update made the shadow.
    #[must_use]
    pub fn is_creation(&self) -> bool {
        matches!(&self.result, Ok(Done::Updated { before, .. }) if before.created)
    }

    /// Which open questions the answer depends on.
    #[must_use]
    pub const fn relied_on(&self) -> Assumptions {
        self.relied_on
    }

    /// What is to be published, in order. `draw` is any number; it counts only where the order is left to chance.
    ///
    /// An answer without a listener counts as published all the same (`state.md` 1.10, metering).
    pub fn answers(&self, draw: u64) -> impl Iterator<Item = Answer> + use<> {
        let https = self.via == Via::Https;
        let only_delta = https && self.settings.https_messages == ShadowHttpsMessages::Delta;
        let (order, wanted): ([Answer; 3], [bool; 4]) = match &self.result {
            // An HTTPS caller is told by the response alone.
            Err(_) => ([Answer::Rejected, Answer::Accepted, Answer::Accepted], [false, !https, false, false]),
            Ok(Done::Updated { delta, .. }) => {
                let order = publish_order(self.settings.publish_order, draw);
                (order, [!only_delta, false, !delta.is_empty(), !only_delta])
            }
            Ok(Done::Got { .. }) => {
                (publish_order(self.settings.publish_order, 0), [!https, false, false, false])
            }
            Ok(Done::Deleted { .. }) => {
                (publish_order(self.settings.publish_order, 0), [!only_delta, false, false, false])
            }
        };
        order.into_iter().filter(move |answer| wanted[*answer as usize])
    }

    /// The topic of an answer.
    #[must_use]
    pub const fn topic(&self, answer: Answer) -> ShadowTopic<'a> {
        ShadowTopic::request(self.shadow, self.operation).answered(answer)
    }

    /// Appends the payload of an answer; nothing for one that [`Outcome::answers`] cannot give.
    pub fn write(&self, answer: Answer, out: &mut Vec<u8>) {
        match answer {
            Answer::Accepted => self.write_accepted(out),
            Answer::Rejected => self.write_rejected(out),
            Answer::Delta => self.write_delta(out),
            Answer::Documents => self.write_documents(out),
        }
    }

    /// Appends the body of an HTTPS response; its status is 200, or that of the rejection.
    pub fn write_body(&self, out: &mut Vec<u8>) {
        match &self.result {
            Ok(Done::Deleted { .. }) if self.settings.delete_body == ShadowDeleteBody::Empty => {}
            Ok(_) => self.write_accepted(out),
            Err(_) => self.write_rejected(out),
        }
    }

    /// `state.md` 1.4.1, 1.4.4 and the answer to a delete.
    pub fn write_accepted(&self, out: &mut Vec<u8>) {
        match &self.result {
            Ok(Done::Got { document, delta }) => {
                let delta_metadata = self.settings.delta_metadata == ShadowDeltaMetadata::Present;
                out.push(b'{');
                document.as_ref().write(Some(delta), delta_metadata, &mut Stamps::new(), out);
            }
            Ok(Done::Updated { patch, after, .. }) => {
                out.push(b'{');
                write_patch(patch, self.stamp(), out);
                write::key("version", out);
                write::number(after.version, out);
            }
            Ok(Done::Deleted { version }) => {
                out.push(b'{');
                write::key("version", out);
                write::number(*version, out);
            }
            Err(_) => return,
        }
        self.write_timestamp(out);
        self.end(out);
    }

    /// `state.md` 1.4.2.
    pub fn write_delta(&self, out: &mut Vec<u8>) {
        let Ok(Done::Updated { after, delta, .. }) = &self.result else { return };
        if delta.is_empty() {
            return;
        }
        let desired = after.sections[0].object();
        out.push(b'{');
        write::key("version", out);
        write::number(after.version, out);
        self.write_timestamp(out);
        write::key("state", out);
        write::marked_state(desired, delta.marks(), out);
        write::key("metadata", out);
        write::metadata(desired, Some(delta.marks()), &mut Stamps::new(), out);
        self.end(out);
    }

    /// `state.md` 1.4.3.
    pub fn write_documents(&self, out: &mut Vec<u8>) {
        let Ok(Done::Updated { before, after, .. }) = &self.result else { return };
        let stamps = &mut Stamps::new();
        out.push(b'{');
        write::key("previous", out);
        if !before.created {
            out.push(b'{');
            before.document(after).write(None, false, stamps, out);
            out.push(b'}');
        } else if self.settings.previous_at_creation == ShadowPreviousAtCreation::Null {
            out.extend_from_slice(b"null");
        } else {
            out.push(b'{');
            let nothing = Document { version: before.version, ..Document::default() };
            nothing.as_ref().write(None, false, stamps, out);
            out.push(b'}');
        }
        write::key("current", out);
        out.push(b'{');
        after.as_ref().write(None, false, stamps, out);
        out.push(b'}');
        self.write_timestamp(out);
        self.end(out);
    }

    /// `state.md` 1.4.5.
    pub fn write_rejected(&self, out: &mut Vec<u8>) {
        let Err(rejection) = self.result else { return };
        out.push(b'{');
        write::key("code", out);
        write::number(u64::from(rejection.code()), out);
        write::key("message", out);
        if rejection == Rejection::NoShadow {
            let message = format!("{}'{}'", rejection.message(), self.shadow.shown_name());
            json::write_escaped(&message, out);
        } else {
            json::write_escaped(rejection.message(), out);
        }
        if self.error_has_timestamp(rejection) {
            self.write_timestamp(out);
        }
        self.end(out);
    }

    fn error_has_timestamp(&self, rejection: Rejection) -> bool {
        let in_sample = rejection == Rejection::VersionConflict
            || rejection == Rejection::NoShadow && self.operation == Operation::Get;
        !in_sample || self.settings.error_timestamp == ShadowErrorTimestamp::Always
    }

    fn write_timestamp(&self, out: &mut Vec<u8>) {
        write::key("timestamp", out);
        write::number(self.seconds, out);
    }

    /// The token, and the document's end.
    fn end(&self, out: &mut Vec<u8>) {
        if let Some(token) = &self.token {
            write::key("clientToken", out);
            token.write(out);
        }
        out.push(b'}');
    }

    fn stamp(&self) -> u32 {
        stamp(self.seconds)
    }

    /// Notes what any answer of its kind owes to choices of the profile.
    pub(super) fn note_plain(&mut self) {
        match &self.result {
            Ok(Done::Updated { before, .. }) => {
                let created = before.created;
                self.note(Decision::ShadowPublishOrder);
                if created {
                    self.note(Decision::ShadowPreviousAtCreation);
                }
            }
            Ok(Done::Got { delta, .. }) => {
                if !delta.is_empty() {
                    self.note(Decision::ShadowDeltaMetadata);
                }
            }
            Ok(Done::Deleted { .. }) => {
                if self.via == Via::Https {
                    self.note(Decision::ShadowDeleteBody);
                }
            }
            Err(Rejection::Throttled) => self.note(Decision::ShadowRateBucket),
            Err(Rejection::TooManyShadows) => self.note(Decision::NamedShadows),
            Err(_) => self.note(Decision::ShadowErrorTimestamp),
        }
        let published = matches!(self.result, Ok(Done::Updated { .. } | Done::Deleted { .. }));
        if self.via == Via::Https && published {
            self.note(Decision::ShadowHttpsMessages);
        }
    }

    pub(super) fn note(&mut self, decision: Decision) {
        self.relied_on.note(decision);
    }
}

/// Seconds as metadata keeps them.
pub(super) fn stamp(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// `"state":{..},"metadata":{..}` of what an update sent, nulls and all. Null has a timestamp as a leaf has.
fn write_patch(patch: &Patch, seconds: u32, out: &mut Vec<u8>) {
    let mut stamps = Stamps::new();
    write::key("state", out);
    if patch.state_is_null {
        out.extend_from_slice(b"null");
        write::key("metadata", out);
        stamps.write(seconds, out);
        return;
    }
    let order = if patch.reported_first { [1, 0] } else { [0, 1] };
    let sent = || order.into_iter().filter(|&section| patch.changes[section] != Change::Keep);
    out.push(b'{');
    for section in sent() {
        write::key(SECTIONS[section], out);
        match patch.changes[section] {
            Change::Merge => out.extend_from_slice(patch.sections[section].object().text),
            Change::Keep | Change::Remove => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
    write::key("metadata", out);
    out.push(b'{');
    for section in sent() {
        write::key(SECTIONS[section], out);
        match patch.changes[section] {
            Change::Merge => write::metadata(patch.sections[section].object(), None, &mut stamps, out),
            Change::Keep | Change::Remove => stamps.write(seconds, out),
        }
    }
    out.push(b'}');
}
