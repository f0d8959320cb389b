//! Things and their shadows, as they are kept.

use squall_profile::switch::ShadowRateBucket;
use squall_types::Timestamp;

use super::Settings;
use super::document::Document;
use super::flat::Section;
use super::rate::Bucket;
use crate::records::Named;

/// A thing of which anything was ever asked. It need not be in the registry (`state.md` 1.12).
#[derive(Clone, Debug)]
pub(super) struct Thing {
    name: Box<str>,
    rate: Bucket,
    classic: Option<Box<Shadow>>,
    /// In the order of their names.
    named: Vec<(Box<str>, Box<Shadow>)>,
}

impl Named for Thing {
    type Name = str;

    fn name(&self) -> &str {
        &self.name
    }
}

/// A shadow that is, or was, or was only asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Shadow {
    rate: Bucket,
    pub(super) life: Life,
    /// Its version is that of the last document, or the one that a delete took.
    pub(super) document: Document,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    /// It never was, as far as the service remembers.
    #[default]
    Never,
    Live,
    /// It was deleted then; its version is remembered for a while.
    Deleted(Timestamp),
}

impl Shadow {
    pub(super) fn is_live(&self) -> bool {
        self.life == Life::Live
    }

    /// Forgets the version of a shadow that was deleted long enough ago.
    pub(super) fn forget(&mut self, now: Timestamp, settings: &Settings) {
        let memory = u64::from(settings.version_memory_seconds) * 1_000_000_000;
        if matches!(self.life, Life::Deleted(at) if now.0.saturating_sub(at.0) > memory) {
            self.life = Life::Never;
            self.document = Document::default();
        }
    }
}

/// A shadow's state as it is now, for whoever looks from outside.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a> {
    pub(super) document: &'a Document,
}

impl<'a> Current<'a> {
    /// Its version.
    #[must_use]
    pub const fn version(self) -> u64 {
        self.document.version
    }

    /// The desired state as JSON; empty if there is none.
    #[must_use]
    pub fn desired(self) -> &'a [u8] {
        self.document.sections[0].text()
    }

    /// The reported state as JSON; empty if there is none.
    #[must_use]
    pub fn reported(self) -> &'a [u8] {
        self.document.sections[1].text()
    }

    /// Whether nothing is desired that is not reported.
    #[must_use]
    pub fn is_in_sync(self) -> bool {
        self.document.delta().is_empty()
    }

    /// Bytes of memory that the shadow takes besides its JSON.
    #[must_use]
    pub fn overhead(self) -> usize {
        size_of::<Shadow>() + self.document.sections.iter().map(Section::overhead).sum::<usize>()
    }
}

impl Life {
    pub(super) fn is_live(self) -> bool {
        self == Self::Live
    }
}

impl Thing {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.into(), rate: Bucket::default(), classic: None, named: Vec::new() }
    }

    pub(super) fn place(&self, name: &str) -> Result<usize, usize> {
        self.named.binary_search_by(|(other, _)| (**other).cmp(name))
    }

    pub(super) fn shadow(&self, name: Option<&str>) -> Option<&Shadow> {
        match name {
            None => self.classic.as_deref(),
            Some(name) => self.place(name).ok().map(|place| &*self.named[place].1),
        }
    }

    pub(super) fn shadow_mut(&mut self, name: Option<&str>) -> Option<&mut Shadow> {
        match name {
            None => self.classic.as_deref_mut(),
            Some(name) => self.place(name).ok().map(|place| &mut *self.named[place].1),
        }
    }

    /// The record of a shadow, made if there is none: a request counts in a rate even if there is no shadow.
    pub(super) fn entry(&mut self, name: Option<&str>) -> &mut Shadow {
        let Some(name) = name else { return self.classic.get_or_insert_default() };
        let place = self.place(name).unwrap_or_else(|place| {
            self.named.insert(place, (name.into(), Box::default()));
            place
        });
        &mut self.named[place].1
    }

    pub(super) fn rate(&mut self, name: Option<&str>, settings: &Settings) -> &mut Bucket {
        match settings.rate_bucket {
            ShadowRateBucket::Thing => &mut self.rate,
            ShadowRateBucket::Shadow => &mut self.entry(name).rate,
        }
    }

    /// The names of its shadows that come after `name`.
    pub(super) fn live_names_after<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let from = self.named.partition_point(|(other, _)| **other <= *name);
        self.named[from..].iter().filter(|(_, shadow)| shadow.is_live()).map(|(name, _)| &**name)
    }

    /// Whether one more named shadow may be made.
    pub(super) fn has_room(&self, settings: &Settings) -> bool {
        let limit = settings.named_shadows as usize;
        limit == 0 || self.named.iter().filter(|(_, shadow)| shadow.is_live()).count() < limit
    }
}
