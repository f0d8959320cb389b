//! Bytes to packets, and each packet to what handles it.

use squall_codec::{DecodeError, Disconnect, Packet, ReasonCode, decode, decode_connect};
use squall_profile::Decision;
use squall_profile::switch::DisconnectWithWill;
use squall_types::ProtocolVersion;

use crate::broker::{Broker, Step};
use crate::connection::{ConnectionKey, State};
use crate::fact::Fact;
use crate::input::ConnectionId;
use crate::output::DisconnectReason;
use crate::session::SessionKey;
use crate::sink::Sink;

/// A fixed header before a body of over 16 KB and under 2 MB, as the largest packet has.
const LARGEST_FIXED_HEADER: u32 = 4;

impl Broker {
    pub(crate) fn handle_bytes<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        id: ConnectionId,
        bytes: &[u8],
    ) {
        self.charge_throughput(step, key, bytes.len());
        self.forget_shadow_requests();
        let mut waiting = match self.connections[key].partial.take() {
            None => {
                let used = self.handle_packets(step, key, id, bytes);
                if used == bytes.len() || !self.is_open(key, id) {
                    return;
                }
                Box::new(bytes[used..].to_vec())
            }
            Some(mut waiting) => {
                waiting.extend_from_slice(bytes);
                let used = self.handle_packets(step, key, id, &waiting);
                if used == waiting.len() || !self.is_open(key, id) {
                    return;
                }
                waiting.drain(..used);
                waiting
            }
        };
        waiting.shrink_to(4_096);
        self.connections[key].partial = Some(waiting);
    }

    /// Handles every whole packet at the front of `bytes`; returns how many bytes they were.
    fn handle_packets<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        id: ConnectionId,
        bytes: &[u8],
    ) -> usize {
        let largest = self.limits.packet_bytes.saturating_add(LARGEST_FIXED_HEADER);
        let mut used = 0;
        let mut unacknowledged = 0;
        while used < bytes.len() && self.is_open(key, id) {
            let rest = &bytes[used..];
            let length = match self.connections[key].state {
                State::Awaiting => match decode_connect(rest, largest) {
                    Ok(None) => return used,
                    Ok(Some((connect, length))) => {
                        self.connections[key].last_received = step.now.mono;
                        self.handle_connect(step, key, &connect, length);
                        if self.is_open(key, id) && self.connections[key].state == State::Authorizing {
                            // It is handled once the authorizer has answered.
                            return used;
                        }
                        if length < rest.len()
                            && self.is_open(key, id)
                            && !self.admits_early_packets(step, key)
                        {
                            return used + length;
                        }
                        length
                    }
                    Err(error) => {
                        self.handle_bad_connect(step, key, rest, error);
                        return used;
                    }
                },
                State::Authorizing => return used,
                State::TurnedAway => return bytes.len(),
                State::Connected { session, version } => match decode(version, rest, largest) {
                    Ok(None) => return used,
                    Ok(Some((packet, length))) => {
                        self.connections[key].last_received = step.now.mono;
                        unacknowledged +=
                            u32::from(matches!(&packet, Packet::Publish(one) if one.packet_id.is_some()));
                        if unacknowledged > self.limits.unacked_inbound && version == ProtocolVersion::V5 {
                            // MQTT5-3.3.4-7, -9, check 45: they came in one piece, so no PUBACK of theirs was waited for.
                            let code = ReasonCode::ReceiveMaximumExceeded;
                            self.fail(step, key, code, DisconnectReason::ClientError);
                            return used + length;
                        }
                        self.handle_packet(step, key, session, version, &packet);
                        length
                    }
                    Err(error) => {
                        step.receipt.others += 1;
                        self.handle_bad_packet(step, key, error);
                        return used;
                    }
                },
            };
            used += length;
        }
        used
    }

    #[inline]
    fn handle_packet<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        packet: &Packet<'_>,
    ) {
        match packet {
            Packet::Publish(publish) => {
                step.receipt.publishes += 1;
                return self.handle_publish(step, key, session, version, publish);
            }
            Packet::Subscribe(subscribe) => {
                return self.handle_subscribe(step, key, session, version, subscribe);
            }
            Packet::Unsubscribe(unsubscribe) => {
                return self.handle_unsubscribe(step, key, session, version, unsubscribe);
            }
            _ => step.receipt.others += 1,
        }
        match packet {
            Packet::PubAck(ack) => self.handle_puback(step, key, session, ack),
            // MQTT-3.12.4-1.
            Packet::PingReq => {
                let (connection, tag) = (self.connections[key].id, self.connections[key].tag);
                step.sink.fact(Fact::Ping { connection, tag });
                self.send(step, key, |packet| Packet::PingResp.encode(version, packet));
            }
            Packet::Disconnect(disconnect) => self.handle_disconnect(step, key, session, disconnect),
            // A second CONNECT (MQTT-3.1.0-2), QoS 2's packets and AUTH (broker.md row 2.20), and what only a server
            // sends: a violation each (MQTT-4.8.0-1, MQTT5-4.13.1-1).
            _ => self.fail(step, key, ReasonCode::ProtocolError, DisconnectReason::ClientError),
        }
    }

    fn handle_bad_packet<S: Sink>(&mut self, step: &mut Step<'_, S>, key: ConnectionKey, error: DecodeError) {
        let code = match error.reason_code() {
            // broker.md 3.3: 0x95 is not among the codes that the service sends; it counts size as a quota.
            ReasonCode::PacketTooLarge => ReasonCode::QuotaExceeded,
            // A second CONNECT of whatever level (MQTT-3.1.0-2, check 2); DISCONNECT has no 0x84.
            ReasonCode::UnsupportedProtocolVersion => ReasonCode::ProtocolError,
            code => code,
        };
        self.fail(step, key, code, DisconnectReason::ClientError);
    }

    fn handle_disconnect<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        disconnect: &Disconnect<'_>,
    ) {
        let account = self.account_expiry();
        if let Some(asked) = disconnect.properties.session_expiry_interval {
            let session = &mut self.sessions[session];
            if session.expiry_seconds == 0 && asked != 0 {
                // broker.md 3.4: a session that ends with its connection cannot be prolonged.
                return self.fail(step, key, ReasonCode::ProtocolError, DisconnectReason::ClientError);
            }
            session.expiry_seconds = asked.min(account);
        }
        if !self.keeps_will(disconnect.reason_code)
            && let Some(cold) = &mut self.sessions[session].cold
        {
            // MQTT-3.14.4-3.
            cold.will = None;
        }
        self.close(step, key, DisconnectReason::ClientInitiated);
    }

    /// Whether a will is published after a DISCONNECT of the client's (MQTT5-3.14.4-3, `broker.md` D-19).
    fn keeps_will(&mut self, code: ReasonCode) -> bool {
        if code == ReasonCode::NORMAL_DISCONNECTION {
            return false;
        }
        self.assumptions.note(Decision::DisconnectWithWill);
        self.switches.disconnect_with_will == DisconnectWithWill::Send
    }
}
