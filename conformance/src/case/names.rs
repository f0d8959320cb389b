//! Which names of a case get a prefix on a target that others use.

use crate::wire_text::{Action, Fill, Sent, Step, Template, Written};

/// Which names get a prefix on a target that others use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Client ids, topics and filters.
    All,
    /// Client ids only: topics stand in bytes too, which no prefix reaches.
    ClientIds,
    /// None: the case is about the names, or says itself where the prefix goes.
    None,
}

impl Names {
    /// Which names of these steps can do with a prefix.
    pub(super) fn of(steps: &[Step]) -> Self {
        fn template(written: &Written) -> Option<&Template> {
            match written {
                Written::Template(template) | Written::Filter(template, _) => Some(template),
                Written::Pair(..) | Written::Noted(_) | Written::Document(_) => None,
            }
        }
        let mut names = Names::All;
        for step in steps {
            let Action::Send { what, .. } = &step.action else { continue };
            match what {
                Sent::Raw(bytes) => {
                    let connects = bytes.fill(&Fill::PLAIN).is_ok_and(|bytes| bytes.first() == Some(&0x10));
                    if connects || bytes.names_run() {
                        return Names::None;
                    }
                    names = Names::ClientIds;
                }
                Sent::Packet(packet) => {
                    let mut templates = packet.fields.iter().filter_map(|(_, written)| template(written));
                    if templates.any(Template::names_run) {
                        return Names::None;
                    }
                }
            }
        }
        names
    }
}
