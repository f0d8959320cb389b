//! Merging an update into a section (`state.md` 1.5).

use smallvec::SmallVec;

use super::flat::{Builder, Finder, Kind, Member, Object};

/// How a patch is applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merge {
    /// `{}` is a value of its own (K-09).
    pub(super) stores_empty_objects: bool,
    /// The patch has nulls or objects without keys, so its parts cannot be copied as they stand.
    pub(super) has_nothings: bool,
}

impl Merge {
    /// Builds the section that `patch` makes of `old`.
    pub(super) fn section(self, old: Object<'_>, patch: Object<'_>, out: &mut Builder) {
        out.begin();
        self.members(old, patch, out);
        out.end();
    }

    /// Old keys stay where they were; new ones come after them, in the order in which they were sent.
    fn members(self, old: Object<'_>, patch: Object<'_>, out: &mut Builder) {
        let mut sent = Finder::new(patch);
        let mut matched: SmallVec<[usize; 16]> = SmallVec::new();
        let mut run = Run::new(old);
        for member in old.members() {
            let Some(new) = sent.find(member.key) else {
                run.extend(&member);
                continue;
            };
            run.flush(out);
            matched.push(new.index);
            match (member.object(), new.object()) {
                (Some(old), Some(patch)) => {
                    let open = out.open(|text| text.extend_from_slice(member.key));
                    self.members(old, patch, out);
                    self.close(out, open, new.node.stamp);
                }
                _ => self.add(patch, &new, out),
            }
        }
        run.flush(out);
        matched.sort_unstable();
        let mut matched = matched.into_iter().peekable();
        for new in patch.members() {
            if matched.next_if_eq(&new.index).is_none() {
                self.add(patch, &new, out);
            }
        }
    }

    /// Adds a member of the patch as if there had been nothing of its name.
    fn add(self, patch: Object<'_>, new: &Member<'_>, out: &mut Builder) {
        match new.object() {
            _ if new.kind() == Kind::Null => {}
            Some(object) if self.has_nothings => {
                let open = out.open(|text| text.extend_from_slice(new.key));
                for member in object.members() {
                    self.add(object, &member, out);
                }
                self.close(out, open, new.node.stamp);
            }
            _ => {
                out.append(&patch.text[new.text_start..new.text_end], &patch.nodes[new.index..new.end]);
            }
        }
    }

    fn close(self, out: &mut Builder, open: super::flat::Open, stamp: u32) {
        if out.is_bare(open) && !self.stores_empty_objects {
            out.abandon(open);
        } else {
            out.close(open, stamp);
        }
    }
}

/// Members of the old state next to each other that the patch leaves alone, copied together.
struct Run<'a> {
    old: Object<'a>,
    text: core::ops::Range<usize>,
    nodes: core::ops::Range<usize>,
}

impl<'a> Run<'a> {
    const fn new(old: Object<'a>) -> Self {
        Self { old, text: 0..0, nodes: 0..0 }
    }

    fn extend(&mut self, member: &Member<'_>) {
        if self.nodes.is_empty() {
            (self.text.start, self.nodes.start) = (member.text_start, member.index);
        }
        (self.text.end, self.nodes.end) = (member.text_end, member.end);
    }

    fn flush(&mut self, out: &mut Builder) {
        if !self.nodes.is_empty() {
            out.append(&self.old.text[self.text.clone()], &self.old.nodes[self.nodes.clone()]);
            self.nodes = 0..0;
        }
    }
}
