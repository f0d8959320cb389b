//! Whether what a link received is what a step expects.

use std::borrow::Cow;

use super::links::Received;
use super::{Failed, Runner, Stop, numbered};
use crate::ladder::clip;
use crate::target::Patience;
use crate::wire_text::{Action, Expected, Fill, Notes, Step};

/// A packet of so many characters is taken in at a glance.
const SHORT: usize = 60;

/// What an expectation found in place of what it wants.
type Mismatch = String;

impl Runner<'_> {
    /// An expectation that stands alone, with its count.
    pub(super) fn expect(
        &mut self,
        link: &str,
        (least, most): (u64, u64),
        allowed: &[Expected],
    ) -> Result<(), Mismatch> {
        for count in 1..=most {
            let link = &*numbered(link, count);
            let needed = count <= least;
            if !needed {
                // More may come, or not: that nothing more comes must be sure.
                self.settle(link);
                if self.peek(link, Patience::None).is_none() {
                    return Ok(());
                }
            }
            match self.expect_once(link, count, allowed) {
                Ok(()) => {}
                Err(_) if !needed => return Ok(()),
                Err(actual) if most > 1 => return Err(format!("{actual}, as number {count}")),
                Err(actual) => return Err(actual),
            }
        }
        Ok(())
    }

    fn expect_once(&mut self, link: &str, count: u64, allowed: &[Expected]) -> Result<(), Mismatch> {
        let wants_nothing = allowed.contains(&Expected::Nothing);
        let patience = if wants_nothing {
            self.settle(link);
            Patience::None
        } else {
            Patience::Long
        };
        let Some(found) = self.peek(link, patience) else {
            return if wants_nothing { Ok(()) } else { Err("nothing".to_owned()) };
        };
        // Once the client has let go, the end of the connection is nothing that comes to it.
        if wants_nothing && matches!(found, Received::Close(_)) && self.links[link].let_go {
            return Ok(());
        }
        let fill = Fill { count, prefix: &self.prefix, names: self.names };
        let fits = allowed.iter().any(|expected| fits(expected, &found, &fill, &mut self.notes));
        if fits {
            self.take(link);
            return Ok(());
        }
        Err(differing(allowed, &found, &fill, &self.notes))
    }

    /// Neighbouring lines with `<~`: what a link receives is given to the first line that it fits.
    pub(super) fn any_order(&mut self, steps: &[Step]) -> Result<(), Stop> {
        let mut open: Vec<(&Step, Cow<'_, str>, u64, &[Expected])> = Vec::new();
        for step in steps {
            if let Action::Expect { link, times, allowed, .. } = &step.action {
                open.extend(
                    (1..=times.0).map(|count| (step, numbered(link, count), count, allowed.as_slice())),
                );
            }
        }
        while let Some((step, link, ..)) = open.first().map(|(step, link, ..)| (*step, link.clone())) {
            let link = &*link;
            let failed = |expected: String, actual: String| {
                Stop::Failed(Failed { step: step.text.clone(), line: step.line, expected, actual })
            };
            let Some(found) = self.peek(link, Patience::Long) else {
                return Err(failed(expectation(&step.text), "nothing".to_owned()));
            };
            let fill = Fill { count: 1, prefix: &self.prefix, names: self.names };
            let notes = &mut self.notes;
            let place = open.iter().position(|(_, other, count, allowed)| {
                let fill = Fill { count: *count, ..fill };
                *other == link && allowed.iter().any(|expected| fits(expected, &found, &fill, notes))
            });
            let Some(place) = place else {
                let left: Vec<String> = open
                    .iter()
                    .filter(|(_, other, ..)| *other == link)
                    .map(|(step, ..)| expectation(&step.text))
                    .collect();
                let expected =
                    if left.len() == 1 { left[0].clone() } else { format!("one of: {}", left.join("; ")) };
                return Err(failed(expected, actual(&found)));
            };
            open.remove(place);
            self.take(link);
        }
        Ok(())
    }
}

fn fits(expected: &Expected, found: &Received, fill: &Fill<'_>, notes: &mut Notes) -> bool {
    match (expected, found) {
        (Expected::Packet(wanted), Received::Packet(packet)) => wanted.matches(packet, fill, notes),
        (Expected::Close(None), Received::Close(_)) => true,
        // A target that shows no reason cannot show a wrong one.
        (Expected::Close(Some(wanted)), Received::Close(found)) => {
            found.as_ref().is_none_or(|found| found == wanted)
        }
        _ => false,
    }
}

/// What a step expects: its text without the link and the arrow.
pub(super) fn expectation(text: &str) -> String {
    match text.split_once('<') {
        Some((_, wanted)) => wanted.trim_start_matches('~').trim().to_owned(),
        None => text.to_owned(),
    }
}

/// What was found, and where it differs if it is of the kind that was wanted.
fn differing(allowed: &[Expected], found: &Received, fill: &Fill<'_>, notes: &Notes) -> String {
    let text = actual(found);
    let (Received::Packet(packet), [Expected::Packet(wanted)]) = (found, allowed) else { return text };
    match wanted.differences(packet, fill, notes) {
        // A short packet shows it without help.
        Some(words) if !words.is_empty() && text.len() > SHORT => format!("{words} in {text}"),
        _ => text,
    }
}

pub(super) fn actual(found: &Received) -> String {
    match found {
        Received::Packet(packet) => clip(&packet.to_string()),
        Received::Garbled(text) => text.clone(),
        Received::Close(None) => "the end of the connection".to_owned(),
        Received::Close(Some(reason)) => format!("the end of the connection, {reason}"),
    }
}
