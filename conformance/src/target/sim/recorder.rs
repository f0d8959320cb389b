//! What the broker puts out and says about itself while it handles one input.

use std::collections::BTreeMap;

use squall_core::{AskId, ConnectRefusal, ConnectionId, Fact, Output, OwnedQuestion, Reply, Sink};

use super::{SimTransport, transport};
use crate::target::Arrival;

/// What the service said about itself, by name.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) metrics: BTreeMap<&'static str, u64>,
    /// Reasons of `Connection.AuthNError`.
    pub(super) reasons: BTreeMap<&'static str, u64>,
    pub(super) denials: BTreeMap<&'static str, u64>,
    /// Runs of just-in-time provisioning that failed, and that did not.
    pub(super) provisioned: [u64; 2],
}

/// Where outputs of one `handle` go.
pub(super) struct Recorder<'w> {
    pub(super) transports: &'w mut Vec<SimTransport>,
    pub(super) seen: &'w mut Counts,
    pub(super) written: Vec<(ConnectionId, u32)>,
    pub(super) resumed: Vec<usize>,
    pub(super) asked: Vec<(AskId, OwnedQuestion)>,
    pub(super) reply: Option<Reply>,
}

impl Sink for Recorder<'_> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Bytes { connection, after: _, bytes } => {
                let state = &mut self.transports[transport(connection)];
                if !state.ended {
                    state.arrivals.push_back(Arrival::Bytes(bytes.to_vec()));
                }
                self.written.push((connection, bytes.len() as u32));
            }
            Output::Close { connection, after: _, reason } => {
                let state = &mut self.transports[transport(connection)];
                if !state.ended {
                    state.arrivals.push_back(Arrival::Close(Some(reason.as_str().to_owned())));
                }
                state.ended = true;
                state.held.clear();
            }
            Output::PauseReading { connection } => self.transports[transport(connection)].paused = true,
            Output::ResumeReading { connection } => {
                let transport = transport(connection);
                self.transports[transport].paused = false;
                self.resumed.push(transport);
            }
            Output::Reply { request: _, after: _, reply } => self.reply = Some(reply.clone()),
            Output::Ask { ask, question } => self.asked.push((ask, question.into())),
            // Durability is off: the broker emits none.
            Output::Persist { .. } => {}
        }
    }

    fn fact(&mut self, fact: Fact<'_>) {
        if let Some(metric) = fact.metric() {
            *self.seen.metrics.entry(metric.as_str()).or_default() += 1;
        }
        match fact {
            Fact::ConnectRefused { why: ConnectRefusal::NotAuthenticated(reason), .. }
            | Fact::NotAuthenticated { reason, .. } => *self.seen.reasons.entry(reason).or_default() += 1,
            Fact::Denied { denial, .. } => {
                *self.seen.denials.entry(denial.verdict.decision.as_str()).or_default() += 1;
            }
            Fact::JustInTime { result, .. } => {
                self.seen.provisioned[usize::from(result.is_ok())] += 1;
            }
            _ => {}
        }
        // The client let go: nobody closes, so the reason shows in the lifecycle event alone.
        if let Fact::Disconnected { connection, reason, .. } = fact {
            let state = &mut self.transports[transport(connection)];
            if state.let_go && !state.ended {
                state.arrivals.push_back(Arrival::Close(Some(reason.as_str().to_owned())));
            }
        }
    }
}
