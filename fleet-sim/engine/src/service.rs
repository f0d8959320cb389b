//! The service's side of the network: gateway, nodes, and the broker behind them.

use core::net::IpAddr;

use squall_core::{ClosedWhy, ConnectionId, DisconnectReason, Input, Receipt, Reply, Source, Tag, Transport};
use squall_oracle::{ClientKey, ConnectionNumber};
use squall_scenario::{OutageMode, Overflow};
use squall_types::Timestamp;

use crate::event::{Event, LinkKey, SegmentKey};
use crate::fingerprint::ItemKind;
use crate::link::{Direction, ServiceSide};
use crate::mutant::DeliveryFate;
use crate::sink::ServiceSink;
use crate::world::{World, fleet_of};

/// One thing that leaves the service when the service of a packet ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outbound {
    /// One packet.
    Packet { link: LinkKey, segment: SegmentKey },
    /// The end of the stream.
    Close { link: LinkKey, reason: DisconnectReason },
    /// Do not read for now.
    Pause { link: LinkKey },
    /// Read again.
    Resume { link: LinkKey },
}

/// So many bytes make one report to the broker of what has left.
const SENT_STEP: u32 = 16_384;

impl World {
    /// Gives the broker one input; what it puts out waits in `outbound`.
    #[inline]
    fn ask_broker(&mut self, input: Input<'_>) -> (Receipt, Option<Reply>) {
        let now = self.clock();
        let mut sink = ServiceSink {
            now: self.now,
            clock: now,
            segments: &mut self.segments,
            outbound: &mut self.outbound,
            measure: &mut self.measure,
            oracles: self.oracles.as_mut(),
            clients: &self.clients,
            fleets: &self.fleets,
            links: &self.links,
            denials: &mut self.denials,
            failures: &mut self.failures,
            shadow_troubles: &mut self.shadow_troubles,
            field: &mut self.field,
            service_log: self.service_log.as_deref_mut(),
            asked: &mut self.asked,
            reply: None,
        };
        let receipt = self.broker.handle(now, input, &mut sink);
        let reply = sink.reply;
        if !self.asked.is_empty() {
            self.pass_questions();
        }
        self.packets += u64::from(receipt.packets_in());
        if let Some(deadline) = self.broker.next_deadline()
            && deadline < self.deadline
        {
            self.deadline = deadline;
            self.wheel.push(deadline, Event::BrokerDeadline);
        }
        (receipt, reply)
    }

    /// Sends what the broker put out, as of the end of service.
    fn send_outbound(&mut self, at: Timestamp) {
        let mut outbound = std::mem::take(&mut self.outbound);
        for one in outbound.drain(..) {
            match one {
                Outbound::Packet { link, segment } => self.send_packet(link, segment, at),
                Outbound::Close { link, reason } => self.close_from_service(link, reason, at),
                Outbound::Pause { link } => {
                    if let Some(link) = self.links.get_mut(link) {
                        link.is_paused = true;
                    }
                }
                Outbound::Resume { link } => {
                    if let Some(held) = self.links.get_mut(link) {
                        held.is_paused = false;
                        self.want_service(link);
                    }
                }
            }
        }
        self.outbound = outbound;
    }

    fn send_packet(&mut self, link: LinkKey, segment: SegmentKey, at: Timestamp) {
        self.packets += 1;
        let Some(held) = self.links.get_mut(link) else {
            return self.segments.remove(segment);
        };
        let device = held.device;
        // One first-in-first-out queue a connection: nothing overtakes what is still in service.
        let depart = at.max(held.in_service_until);
        held.in_service_until = depart;
        let credential = held.device_end.credential();
        if self.fleets[self.fleet_of(device)].is_judged(credential) {
            self.observe_packet(link, device, segment);
        }
        let version = self.fleets[self.fleet_of(device)].profile.version;
        if self.shadow_oracles.is_some() {
            let bytes = self.segments.take(segment);
            self.observe_shadow(version, &bytes);
            self.segments.give(segment, bytes);
        }
        let link = match self.mutant.delivery(version, self.segments.bytes(segment)) {
            DeliveryFate::Sent => link,
            DeliveryFate::Lost => return self.segments.remove(segment),
            DeliveryFate::Misdelivered => {
                let other = (device as usize + 1) % self.sites.len();
                self.sites[other].link
            }
        };
        let bytes = self.segments.take(segment);
        self.note(depart, link, ItemKind::DownlinkSent, &bytes);
        let arrival = self.arrival(link, Direction::Down, depart, bytes.len());
        self.segments.give(segment, bytes);
        self.wheel.push(arrival, Event::Downlink { link, segment });
    }

    /// Shows the judges a packet on the wire.
    #[inline]
    fn observe_packet(&mut self, link: LinkKey, device: u32, segment: SegmentKey) {
        let Some(oracles) = &mut self.oracles else { return };
        let client = ClientKey(self.clients.of_device(device));
        let connection = ConnectionNumber(link.connection().0);
        let bytes = self.segments.bytes(segment);
        // CONNACK: a length of one byte, the flags, the code.
        match (bytes[0], bytes.get(3)) {
            (0x20, Some(0)) => oracles.service_accepted(self.now, connection, client),
            (0x20, _) => {}
            _ => oracles.service_sent(self.now, connection, client),
        }
    }

    fn close_from_service(&mut self, link: LinkKey, reason: DisconnectReason, at: Timestamp) {
        if reason == DisconnectReason::DuplicateClientId && self.mutant.keeps_taken_over() {
            return;
        }
        let Some(held) = self.links.get(link) else { return };
        let depart = at.max(held.in_service_until);
        self.note(depart, link, ItemKind::ClosedByService, &[reason as u8]);
        self.let_go_at_service(link);
        self.log_closed(link);
        self.tell_device_closed(link, depart);
    }

    /// The service has no end of the link any more: what waits there is gone, and so is its place in the node.
    fn let_go_at_service(&mut self, key: LinkKey) {
        let Some(link) = self.links.get_mut(key) else { return };
        link.service = ServiceSide::Closed;
        self.segments.clear(&mut link.inbound);
        if std::mem::take(&mut link.is_new) {
            self.nodes[usize::from(link.node)].new_connections -= 1;
        }
        if self.fleets[fleet_of(&self.fleets, link.device)].is_judged(link.device_end.credential())
            && let Some(oracles) = &mut self.oracles
        {
            let client = ClientKey(self.clients.of_device(link.device));
            oracles.connection_closed(self.now, ConnectionNumber(key.connection().0), client);
        }
    }

    /// The end of the service's stream, or a reset, is under way to a device that still holds its end.
    fn tell_device_closed(&mut self, link: LinkKey, depart: Timestamp) {
        if self.links.get(link).is_some_and(|held| held.device_end.is_open()) {
            let arrival = self.arrival(link, Direction::Down, depart, 0);
            self.wheel.push(arrival, Event::DownlinkClosed { link });
        } else {
            self.links.release(link);
        }
    }

    pub(crate) fn on_broker_deadline(&mut self) {
        if self.deadline > self.now {
            // An earlier deadline came up since, was handled, and asked for the next one itself.
            return;
        }
        self.deadline = Timestamp::MAX;
        self.ask_broker(Input::Deadline);
        self.send_outbound(self.now);
    }

    /// Serves what comes over no link: it competes with nobody for a server.
    pub(crate) fn serve_at_once(&mut self, input: Input<'_>) -> Option<Reply> {
        let (_, reply) = self.ask_broker(input);
        self.send_outbound(self.now);
        reply
    }

    pub(crate) fn on_syn(&mut self, link: LinkKey, retransmissions: u8) {
        let Some(held) = self.links.get_mut(link) else { return };
        let node = held.node;
        match self.outages.at(self.now) {
            Some(OutageMode::Silent) => return self.retransmit_syn(link, retransmissions),
            Some(OutageMode::Refuse | OutageMode::Reset) => return self.refuse(link),
            None => {}
        }
        if self.nodes[usize::from(node)].new_connections >= self.queue {
            return match self.overflow {
                Overflow::Refuse => self.refuse(link),
                Overflow::DropSyn => self.retransmit_syn(link, retransmissions),
            };
        }
        self.nodes[usize::from(node)].new_connections += 1;
        held.is_new = true;
        held.is_queued = true;
        held.service = ServiceSide::Handshake;
        self.enqueue(link);
    }

    /// RFC 6298: the first SYN is repeated after a second, then after twice as long each time.
    fn retransmit_syn(&mut self, link: LinkKey, retransmissions: u8) {
        let wait = 1_000_000_000_u64 << retransmissions.min(6);
        let event = Event::Syn { link, retransmissions: retransmissions.saturating_add(1) };
        self.wheel.push(self.now.plus_nanos(wait), event);
    }

    fn refuse(&mut self, link: LinkKey) {
        let arrival = self.arrival(link, Direction::Down, self.now, 0);
        self.wheel.push(arrival, Event::Refused { link });
    }

    pub(crate) fn on_uplink(&mut self, link: LinkKey, segment: SegmentKey) {
        let Some(held) = self.links.get_mut(link) else { return self.segments.remove(segment) };
        if held.service != ServiceSide::Open {
            return self.segments.remove(segment);
        }
        self.segments.push_back(&mut held.inbound, segment);
        let bytes = self.segments.take(segment);
        self.note(self.now, link, ItemKind::UplinkDelivered, &bytes);
        self.segments.give(segment, bytes);
        self.want_service(link);
    }

    /// Puts a link with something to serve in line, unless it is already.
    fn want_service(&mut self, link: LinkKey) {
        let Some(held) = self.links.get_mut(link) else { return };
        if held.is_queued || held.is_paused || held.inbound.is_empty() {
            return;
        }
        held.is_queued = true;
        if held.in_service_until > self.now {
            // One packet of a connection is in service at a time.
            let until = held.in_service_until;
            self.wheel.push(until, Event::LinkReady { link });
        } else {
            self.enqueue(link);
        }
    }

    pub(crate) fn on_link_ready(&mut self, link: LinkKey) {
        if self.links.get(link).is_some_and(|held| held.service == ServiceSide::Open) {
            self.enqueue(link);
        }
    }

    fn enqueue(&mut self, link: LinkKey) {
        let Some(held) = self.links.get(link) else { return };
        let node = held.node;
        self.nodes[usize::from(node)].ready.push_back(link);
        self.run_node(node.into());
    }

    pub(crate) fn on_node_wake(&mut self, node: u32) {
        self.nodes[node as usize].wake_pending = false;
        self.run_node(node);
    }

    /// Serves what waits at a node while a server is free.
    fn run_node(&mut self, number: u32) {
        loop {
            let node = &mut self.nodes[number as usize];
            let Some(&link) = node.ready.front() else { return };
            let Some(server) = node.free_server(self.now) else {
                if !node.wake_pending {
                    node.wake_pending = true;
                    self.wheel.push(node.next_free(), Event::NodeWake { node: number });
                }
                return;
            };
            node.ready.pop_front();
            if let Some(until) = self.serve(link) {
                self.nodes[number as usize].occupy(server, until);
            }
        }
    }

    /// Bytes have reached the device. The broker hears of them in steps, each far below its bound.
    pub(crate) fn report_sent(&mut self, key: LinkKey, bytes: usize) {
        let Some(link) = self.links.get_mut(key) else { return };
        link.sent_unreported = link.sent_unreported.saturating_add(bytes as u32);
        if link.sent_unreported < SENT_STEP || link.service != ServiceSide::Open {
            return;
        }
        let bytes = std::mem::take(&mut link.sent_unreported);
        self.ask_broker(Input::Sent { connection: key.connection(), bytes });
        self.send_outbound(self.now);
    }

    /// Serves one packet or handshake of a link; until when it keeps a server busy.
    fn serve(&mut self, key: LinkKey) -> Option<Timestamp> {
        let link = self.links.get_mut(key)?;
        link.is_queued = false;
        match link.service {
            ServiceSide::Handshake => Some(self.serve_handshake(key)),
            ServiceSide::Open => self.serve_segment(key),
            ServiceSide::Unknown | ServiceSide::Closed => None,
        }
    }

    fn serve_handshake(&mut self, key: LinkKey) -> Timestamp {
        let end = self.now.plus_nanos(self.costs.tls);
        let Some(link) = self.links.get_mut(key) else { return end };
        link.service = ServiceSide::Open;
        link.in_service_until = end;
        let (device, finished, credential) = (link.device, link.finished, link.device_end.credential());
        let fleet = self.fleet_of(device);
        let shown = self.shown(fleet, device - self.fleets[fleet].first, credential);
        let identity = shown.identity();
        let source = source_of(device, key.connection());
        self.log_opened(key, identity, source);
        self.ask_broker(Input::Opened {
            connection: key.connection(),
            transport: Transport::Tls,
            identity,
            source,
            tag: Tag(fleet as u16),
        });
        self.send_outbound(end);
        if self.links.get(key).is_none_or(|link| link.service != ServiceSide::Open) {
            // broker.md 8.1, D-21: refused in the handshake, so the device's side of it never ends.
            return end;
        }
        if finished {
            self.finish_uplink(key);
            return end;
        }
        // The SYN's way here was the first half of the first round trip.
        let mut at = end;
        for trip in 1..self.fleets[fleet].network.handshake_round_trips * 2 {
            let direction = if trip % 2 == 1 { Direction::Down } else { Direction::Up };
            at = self.arrival(key, direction, at, 0);
        }
        self.wheel.push(at, Event::Up { link: key });
        end
    }

    fn serve_segment(&mut self, key: LinkKey) -> Option<Timestamp> {
        let link = self.links.get_mut(key)?;
        let Some(segment) = self.segments.pop_front(&mut link.inbound) else {
            if link.finished {
                self.finish_uplink(key);
            }
            return None;
        };
        if link.is_new {
            link.is_new = false;
            self.nodes[usize::from(link.node)].new_connections -= 1;
        }
        let connection = key.connection();
        let bytes = self.segments.take(segment);
        let (receipt, _) = self.ask_broker(Input::Bytes { connection, bytes: &bytes });
        self.segments.put_back(segment, bytes);
        let end = self.now.plus_nanos(self.costs.of(&receipt));
        if let Some(link) = self.links.get_mut(key) {
            link.in_service_until = link.in_service_until.max(end);
        }
        self.send_outbound(end);
        self.want_service(key);
        if self.links.get(key).is_some_and(|link| link.finished && link.inbound.is_empty()) {
            self.finish_uplink(key);
        }
        Some(end)
    }

    pub(crate) fn on_uplink_closed(&mut self, key: LinkKey) {
        let Some(link) = self.links.get_mut(key) else { return };
        link.finished = true;
        if link.service == ServiceSide::Closed || (link.service == ServiceSide::Open && !link.is_queued) {
            self.finish_uplink(key);
        }
    }

    /// The device's stream has ended and everything before its end is served.
    fn finish_uplink(&mut self, key: LinkKey) {
        self.break_service_side(key, ClosedWhy::EndOfStream);
        self.links.release(key);
    }

    /// The broker loses a connection.
    fn break_service_side(&mut self, key: LinkKey, why: ClosedWhy) {
        let Some(side) = self.links.get(key).map(|link| link.service) else { return };
        if !matches!(side, ServiceSide::Handshake | ServiceSide::Open) {
            return;
        }
        self.note(self.now, key, ItemKind::CloseSeenByService, &[why as u8]);
        self.let_go_at_service(key);
        if side == ServiceSide::Open {
            self.ask_broker(Input::Closed { connection: key.connection(), why });
            self.log_closed(key);
            self.send_outbound(self.now);
        }
    }

    /// An outage resets every connection that stands, on both sides.
    pub(crate) fn reset_all(&mut self) {
        for key in self.links.keys() {
            let side = self.links.get(key).map(|link| link.service);
            if matches!(side, Some(ServiceSide::Handshake | ServiceSide::Open)) {
                self.break_service_side(key, ClosedWhy::Reset);
                self.tell_device_closed(key, self.now);
            }
        }
    }
}

/// A private address for a device, so that each has its own.
pub(crate) fn address_of(device: u32) -> IpAddr {
    let [_, b, c, d] = device.to_be_bytes();
    [10, b, c, d].into()
}

fn source_of(device: u32, connection: ConnectionId) -> Source {
    Source { ip: address_of(device), port: 1_024 + (connection.0 % 60_000) as u16 }
}
