//! What one `handle` call of the broker puts out, and who is told of it.

use squall_core::{AskId, Fact, Output, OwnedQuestion, Reply, Sink};
use squall_logs::ServiceLog;
use squall_oracle::{ClientKey, Oracles};
use squall_types::{Now, Timestamp};

use crate::account;
use crate::denials::DenialLog;
use crate::event::LinkKey;
use crate::fleet::{Clients, FleetRun};
use crate::identities::FieldDevices;
use crate::link::Links;
use crate::measure::Measure;
use crate::segment::Segments;
use crate::service::Outbound;
use crate::shadow_troubles::ShadowTroubleLog;
use crate::stranded::FailureLog;
use crate::world::fleet_of;

/// Collects what one `handle` call puts out.
pub(crate) struct ServiceSink<'w> {
    pub(crate) now: Timestamp,
    pub(crate) clock: Now,
    pub(crate) segments: &'w mut Segments,
    pub(crate) outbound: &'w mut Vec<Outbound>,
    pub(crate) measure: &'w mut Measure,
    pub(crate) oracles: Option<&'w mut Oracles>,
    pub(crate) clients: &'w Clients,
    pub(crate) fleets: &'w [FleetRun],
    pub(crate) links: &'w Links,
    pub(crate) denials: &'w mut DenialLog,
    pub(crate) failures: &'w mut FailureLog,
    pub(crate) shadow_troubles: &'w mut ShadowTroubleLog,
    pub(crate) field: &'w mut FieldDevices,
    pub(crate) service_log: Option<&'w mut ServiceLog>,
    pub(crate) asked: &'w mut Vec<(AskId, OwnedQuestion)>,
    pub(crate) reply: Option<Reply>,
}

impl ServiceSink<'_> {
    /// What a report says of devices without identity and of shadows.
    #[inline]
    fn note_trouble(&mut self, fact: &Fact<'_>) {
        let device = match *fact {
            Fact::ShadowAnswered { tag, answered, .. } => {
                return self.shadow_troubles.answered(self.now, tag, answered);
            }
            Fact::JustInTime { certificate, .. } => self.field.shown_by(*certificate),
            Fact::FleetAnswered { connection, .. } => {
                self.links.get(LinkKey::of(connection)).map(|link| link.device)
            }
            _ => return,
        };
        if let Some(device) = device {
            self.failures.service_fact(self.now, fact, device);
        }
    }
}

impl Sink for ServiceSink<'_> {
    #[inline]
    fn output(&mut self, output: Output<'_>) {
        let outbound = match output {
            Output::Bytes { connection, after: _, bytes } => {
                Outbound::Packet { link: LinkKey::of(connection), segment: self.segments.insert(bytes) }
            }
            Output::Close { connection, after: _, reason } => {
                Outbound::Close { link: LinkKey::of(connection), reason }
            }
            Output::PauseReading { connection } => Outbound::Pause { link: LinkKey::of(connection) },
            Output::ResumeReading { connection } => Outbound::Resume { link: LinkKey::of(connection) },
            Output::Reply { request: _, after: _, reply } => {
                self.reply = Some(reply.clone());
                return;
            }
            Output::Ask { ask, question } => {
                self.asked.push((ask, question.into()));
                return;
            }
            Output::Persist { lsn: _ } => unreachable!("durability is off"),
        };
        self.outbound.push(outbound);
    }

    #[inline]
    fn fact(&mut self, fact: Fact<'_>) {
        self.measure.service_fact(self.now, &fact);
        if let Some(log) = &mut self.service_log {
            log.fact(self.clock, &fact);
        }
        if let Fact::Denied { connection, tag, denial } = fact
            && let Some(link) = self.links.get(LinkKey::of(connection))
        {
            self.denials.add(self.now, tag, link.device, denial);
        }
        self.note_trouble(&fact);
        let Some(oracles) = &mut self.oracles else { return };
        match fact {
            Fact::Discarded { client_id, topic, rule, .. } => {
                let client = self.clients.named(self.fleets, client_id).map(ClientKey);
                oracles.discarded(self.now, client, topic, rule.as_str());
            }
            Fact::Queued { .. } => oracles.queued(self.now),
            Fact::Denied { connection, denial, .. } => {
                let device = self.links.get(LinkKey::of(connection)).map(|link| link.device);
                let client = device.map(|device| ClientKey(self.clients.of_device(device)));
                let subject = || {
                    let device = device.unwrap_or_default();
                    account::subject(&self.fleets[fleet_of(self.fleets, device)], device)
                };
                oracles.denied(self.now, client, denial.action.text(), denial.name, subject);
            }
            _ => {}
        }
    }
}
