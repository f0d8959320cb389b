//! All shadows of an account, and what requests do to them.

use core::mem;

use squall_profile::Decision;
use squall_profile::switch::{ShadowVersionAfterDelete, ShadowVersionWhenAbsent};
use squall_types::Now;

use super::document::Document;
use super::flat::{Builder, Object, Section};
use super::json::Text;
use super::merge::Merge;
use super::outcome::{Before, Done, Outcome, Via, stamp};
use super::rate::Bucket;
use super::request::{Change, Patch, UpdateHead, token_of};
use super::thing::{Current, Life, Shadow, Thing};
use super::{Operation, Rejection, Settings, ShadowId};
use crate::bounds::fits;
use crate::records::{RecordKey, Records};

/// The shadows of an account.
#[derive(Clone, Debug)]
pub struct Shadows {
    settings: Settings,
    things: Records<Thing>,
    account_rate: Bucket,
    scratch: Scratch,
}

/// What one request is worked on in; kept, so that requests need not allocate it anew.
#[derive(Clone, Debug, Default)]
struct Scratch {
    patch: Patch,
    merged: [Builder; 2],
    before: Before,
}

impl Shadows {
    /// No shadows yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            things: Records::default(),
            account_rate: Bucket::default(),
            scratch: Scratch::default(),
        }
    }

    /// The limits and disputed behaviours.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A shadow's state, if there is one. Looking changes nothing and counts in no rate.
    #[must_use]
    pub fn current(&self, id: ShadowId<'_>) -> Option<Current<'_>> {
        let thing = self.things.get(self.things.find(id.thing)?)?;
        let shadow = thing.shadow(id.name)?;
        shadow.is_live().then_some(Current { document: &shadow.document })
    }

    /// Answers a request that came by MQTT.
    pub fn handle<'a>(
        &'a mut self,
        shadow: ShadowId<'a>,
        operation: Operation,
        payload: &'a [u8],
        now: Now,
    ) -> Outcome<'a> {
        self.request(shadow, operation, payload, Via::Mqtt, now)
    }

    /// The answer to a request that may not even be looked at, as its connection has too many unanswered
    /// ([`InFlight`](super::InFlight)).
    #[must_use]
    pub fn refuse<'a>(
        &'a self,
        shadow: ShadowId<'a>,
        operation: Operation,
        payload: &'a [u8],
        now: Now,
    ) -> Outcome<'a> {
        let token = token_of(payload, &self.settings);
        outcome(&self.settings, (shadow, operation, Via::Mqtt), now, token, Err(Rejection::Throttled))
    }

    pub(super) fn request<'a>(
        &'a mut self,
        id: ShadowId<'a>,
        operation: Operation,
        payload: &'a [u8],
        via: Via,
        now: Now,
    ) -> Outcome<'a> {
        let asked = (id, operation, via);
        let key = match self.admit(id, now) {
            Ok(key) => key,
            Err(rejection) => {
                let token = token_of(payload, &self.settings);
                return outcome(&self.settings, asked, now, token, Err(rejection));
            }
        };
        match operation {
            Operation::Get => self.get(key, asked, payload, now),
            Operation::Update => self.update(key, asked, payload, now),
            Operation::Delete => self.delete(key, asked, payload, now),
        }
    }

    /// Names and rates; the thing's place. The request counts in the rates if it is admitted.
    pub(super) fn admit(&mut self, id: ShadowId<'_>, now: Now) -> Result<RecordKey, Rejection> {
        if !fits(id.thing, 1..=128, b":_-") {
            return Err(Rejection::ThingNotFound);
        }
        if id.name.is_some_and(|name| !fits(name, 1..=64, b"$:_-")) {
            return Err(Rejection::InvalidShadowName);
        }
        let settings = &self.settings;
        if !self.account_rate.has_token(now.mono, settings.account_requests_per_second) {
            return Err(Rejection::Throttled);
        }
        let key = self.things.find(id.thing).unwrap_or_else(|| self.things.insert(Thing::new(id.thing)));
        let thing = self.things.get_mut(key).expect("just found");
        let rate = thing.rate(id.name, settings);
        if !rate.has_token(now.mono, settings.requests_per_second) {
            return Err(Rejection::Throttled);
        }
        rate.take(now.mono, settings.requests_per_second);
        self.account_rate.take(now.mono, settings.account_requests_per_second);
        Ok(key)
    }

    /// The names of a thing's shadows that come after `name`.
    pub(super) fn live_names_after<'a>(
        &'a self,
        thing: &str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        let thing = self.things.find(thing).and_then(|key| self.things.get(key));
        thing.into_iter().flat_map(move |thing| thing.live_names_after(name))
    }

    fn get<'a>(&'a mut self, key: RecordKey, asked: Asked<'a>, payload: &'a [u8], now: Now) -> Outcome<'a> {
        let settings = &self.settings;
        let token = token_of(payload, settings);
        let shadow = self.things.get(key).and_then(|thing| thing.shadow(asked.0.name));
        let result = match shadow.filter(|shadow| shadow.is_live()) {
            Some(Shadow { document, .. }) => Ok(Done::Got { document, delta: document.delta() }),
            None => Err(Rejection::NoShadow),
        };
        outcome(settings, asked, now, token, result)
    }

    fn delete<'a>(
        &'a mut self,
        key: RecordKey,
        asked: Asked<'a>,
        payload: &'a [u8],
        now: Now,
    ) -> Outcome<'a> {
        let settings = &self.settings;
        let token = token_of(payload, settings);
        let shadow = self.things.get_mut(key).and_then(|thing| thing.shadow_mut(asked.0.name));
        let result = match shadow.filter(|shadow| shadow.is_live()) {
            Some(shadow) => {
                let version = shadow.document.version;
                let skips = settings.version_after_delete == ShadowVersionAfterDelete::Skips;
                shadow.document = Document { version: version + u64::from(skips), ..Document::default() };
                shadow.life = Life::Deleted(now.mono);
                Ok(Done::Deleted { version })
            }
            None => Err(Rejection::NoShadow),
        };
        outcome(settings, asked, now, token, result)
    }

    fn update<'a>(
        &'a mut self,
        key: RecordKey,
        asked: Asked<'a>,
        payload: &'a [u8],
        now: Now,
    ) -> Outcome<'a> {
        let Self { settings, things, scratch, .. } = self;
        let settings = &*settings;
        let stamp = stamp(now.wall.as_unix_secs());
        let head = match scratch.patch.read(payload, settings, stamp) {
            Ok(head) => head,
            Err((rejection, token)) => return outcome(settings, asked, now, token, Err(rejection)),
        };
        let thing = things.get_mut(key).expect("the thing was admitted");
        let room = asked.0.name.is_none() || thing.has_room(settings);
        let shadow = thing.entry(asked.0.name);
        shadow.forget(now.mono, settings);
        let life = shadow.life;
        let checked =
            check(shadow, &head, room, settings).and_then(|()| scratch.merge(&shadow.document, settings));
        if let Err(rejection) = checked {
            let mut outcome = outcome(settings, asked, now, head.token, Err(rejection));
            note(&mut outcome, life, head.version);
            return outcome;
        }
        scratch.commit(shadow);
        let Scratch { patch, before, .. } = &*scratch;
        let after = &shadow.document;
        let done = Done::Updated { patch, before, after, delta: after.delta() };
        let mut outcome = outcome(settings, asked, now, head.token, Ok(done));
        note(&mut outcome, life, head.version);
        if patch.has_empty_object {
            outcome.note(Decision::ShadowEmptyObject);
        }
        outcome
    }
}

/// Of which shadow what was asked, and how.
type Asked<'a> = (ShadowId<'a>, Operation, Via);

fn outcome<'a>(
    settings: &'a Settings,
    (shadow, operation, via): Asked<'a>,
    now: Now,
    token: Option<Text<'a>>,
    result: Result<Done<'a>, Rejection>,
) -> Outcome<'a> {
    let seconds = now.wall.as_unix_secs();
    let mut outcome = Outcome {
        settings,
        shadow,
        operation,
        via,
        seconds,
        token,
        result,
        relied_on: squall_profile::Assumptions::default(),
    };
    outcome.note_plain();
    outcome
}

/// Notes what the answer to an update owes to the shadow's past.
fn note(outcome: &mut Outcome<'_>, life: Life, version: Option<u64>) {
    match life {
        Life::Deleted(_) => outcome.note(Decision::ShadowVersionAfterDelete),
        Life::Never if version.is_some() => outcome.note(Decision::ShadowVersionWhenAbsent),
        Life::Never | Life::Live => {}
    }
}

/// Steps 12 and what a creation may not do.
fn check(shadow: &Shadow, head: &UpdateHead<'_>, room: bool, settings: &Settings) -> Result<(), Rejection> {
    let current = shadow.document.version;
    match (head.version, shadow.life) {
        (None, _) => {}
        (Some(version), Life::Live) if version == current => {}
        // The version that the delete took is the current one; without it, none is: the deleted one must not be taken.
        (Some(version), Life::Deleted(_)) => {
            let taken = settings.version_after_delete == ShadowVersionAfterDelete::Skips;
            if !(taken && version == current) {
                return Err(Rejection::VersionConflict);
            }
        }
        (Some(version), Life::Never) => match settings.version_when_absent {
            ShadowVersionWhenAbsent::ZeroOrOne if version <= 1 => {}
            ShadowVersionWhenAbsent::ZeroOrOne => return Err(Rejection::VersionConflict),
            ShadowVersionWhenAbsent::One if version == 1 => {}
            ShadowVersionWhenAbsent::One => return Err(Rejection::InvalidVersion),
        },
        (Some(_), Life::Live) => return Err(Rejection::VersionConflict),
    }
    if room || shadow.is_live() { Ok(()) } else { Err(Rejection::TooManyShadows) }
}

impl Scratch {
    /// Builds the changed sections; refused if they and the others are too large together.
    fn merge(&mut self, document: &Document, settings: &Settings) -> Result<(), Rejection> {
        let merge = Merge {
            stores_empty_objects: settings.stores_empty_objects(),
            has_nothings: self.patch.has_nothings,
        };
        let mut bytes = 0;
        for (index, section) in document.sections.iter().enumerate() {
            bytes += match self.patch.changes[index] {
                Change::Keep => section.text().len(),
                Change::Remove => 0,
                Change::Merge => {
                    let merged = &mut self.merged[index];
                    let patch: Object<'_> = self.patch.sections[index].object();
                    merge.section(section.object(), patch, merged);
                    if merged.is_empty() { 0 } else { merged.text.len() }
                }
            };
        }
        if bytes > settings.state_bytes { Err(Rejection::TooLarge) } else { Ok(()) }
    }

    /// Stores what was merged and keeps what it replaced.
    fn commit(&mut self, shadow: &mut Shadow) {
        let document = &mut shadow.document;
        self.before.created = !shadow.life.is_live();
        self.before.version = document.version;
        for index in 0..2 {
            let new = match self.patch.changes[index] {
                Change::Keep => {
                    self.before.sections[index] = None;
                    continue;
                }
                Change::Remove => Section::default(),
                Change::Merge => self.merged[index].section(),
            };
            self.before.sections[index] = Some(mem::replace(&mut document.sections[index], new));
        }
        document.version += 1;
        shadow.life = Life::Live;
    }
}
