//! A shadow's document.

use super::delta::Delta;
use super::flat::Section;
use super::write::{self, Stamps};

/// The sections' names in documents, in the order in which they stand there.
pub(super) const SECTIONS: [&str; 2] = ["desired", "reported"];

/// What is stored of a shadow.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) version: u64,
    /// Desired and reported.
    pub(super) sections: [Section; 2],
}

impl Document {
    /// What counts in the size of the state (`state.md` 1.10).
    pub(super) fn state_bytes(&self) -> usize {
        self.sections.iter().map(|section| section.text().len()).sum()
    }

    pub(super) fn delta(&self) -> Delta {
        let [desired, reported] = &self.sections;
        if desired.is_empty() {
            return Delta::default();
        }
        Delta::between(desired.object(), reported.object())
    }

    pub(super) fn as_ref(&self) -> DocumentRef<'_> {
        DocumentRef { version: self.version, sections: [&self.sections[0], &self.sections[1]] }
    }
}

/// A document whose sections may be those of two versions.
#[derive(Clone, Copy, Debug)]
pub(super) struct DocumentRef<'a> {
    pub(super) version: u64,
    pub(super) sections: [&'a Section; 2],
}

impl DocumentRef<'_> {
    /// `"state":{..},"metadata":{..},"version":N`, into an object just begun.
    ///
    /// A delta stands behind the sections, its metadata if `delta_metadata` says so.
    pub(super) fn write(
        self,
        delta: Option<&Delta>,
        delta_metadata: bool,
        stamps: &mut Stamps,
        out: &mut Vec<u8>,
    ) {
        let delta = delta.filter(|delta| !delta.is_empty());
        write::key("state", out);
        out.push(b'{');
        for (name, section) in self.present() {
            write::key(name, out);
            out.extend_from_slice(section.text());
        }
        if let Some(delta) = delta {
            write::key("delta", out);
            write::marked_state(self.sections[0].object(), delta.marks(), out);
        }
        out.push(b'}');
        write::key("metadata", out);
        out.push(b'{');
        for (name, section) in self.present() {
            write::key(name, out);
            write::metadata(section.object(), None, stamps, out);
        }
        if let Some(delta) = delta.filter(|_| delta_metadata) {
            write::key("delta", out);
            write::metadata(self.sections[0].object(), Some(delta.marks()), stamps, out);
        }
        out.push(b'}');
        write::key("version", out);
        write::number(self.version, out);
    }

    fn present(&self) -> impl Iterator<Item = (&'static str, &Section)> {
        SECTIONS.into_iter().zip(self.sections).filter(|(_, section)| !section.is_empty())
    }
}
