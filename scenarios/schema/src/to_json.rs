//! A scenario as it was run, in the vocabulary of the file with every key filled in.

use serde_json::{Map, Value, json};
use squall_profile::LIMITS;
use squall_profile::switch::SWITCHES;
use squall_types::{ProtocolVersion, QoS};

use crate::keys::{DEVICE_CRASH, GATEWAY_OUTAGE};
use crate::resolved::{
    Expectation, Fault, FaultKind, Fleet, LinkModel, Mqtt, Publish, Scenario, Service, Station, Subscription,
};
use crate::value::{duration_text, offline_text, share_text, wall_time_text};

mod access;
mod provisioning;
mod shadow;

impl Scenario {
    /// The scenario as `results.json` keeps it; [`parse_json`](crate::parse_json) reads it back.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "about": self.about,
            "duration": duration_text(self.duration),
            "epoch": wall_time_text(self.epoch),
            "seed": self.seed.to_string(),
            "heals": self.heals,
            "service": service(&self.service),
            "policy": list(&self.policies, access::policy),
            "authorizer": list(&self.authorizers, access::authorizer),
            "lambda": list(&self.lambdas, provisioning::lambda),
            "rule": list(&self.rules, provisioning::rule),
            "provisioning_template": list(&self.provisioning_templates, provisioning::template),
            "certificate_authority": list(&self.certificate_authorities, provisioning::authority),
            "fleet": list(&self.fleets, fleet),
            "fault": self.faults.iter().map(|each| fault(each, &self.fleets)).collect::<Value>(),
            "app": self.app_calls.iter().map(|call| access::app_call(call, &self.fleets)).collect::<Value>(),
            "measure": {
                "from": duration_text(self.measure.from),
                "to": duration_text(self.measure.to),
            },
            "expect": list(&self.expectations, expectation),
        })
    }
}

fn list<T>(members: &[T], each: fn(&T) -> Value) -> Value {
    members.iter().map(each).collect()
}

fn service(service: &Service) -> Value {
    let profile = &service.profile;
    let limits: Map<String, Value> =
        LIMITS.iter().map(|limit| (limit.name.to_owned(), json!(profile.limits.value(limit.name)))).collect();
    let switches: Map<String, Value> =
        SWITCHES.iter().map(|name| ((*name).to_owned(), json!(profile.switches.value(name)))).collect();
    json!({
        "profile": profile.name,
        "price_book": service.price_book,
        "limits": limits,
        "switches": switches,
        "nodes": service.nodes,
        "station": station(&service.station),
        "oracles": service.oracles,
        "mutant": service.mutant.as_str(),
    })
}

fn station(station: &Station) -> Value {
    let costs = &station.costs;
    json!({
        "servers": station.servers,
        "queue": station.queue,
        "overflow": station.overflow.as_str(),
        "tls": duration_text(costs.tls),
        "connect": duration_text(costs.connect),
        "connect_refused": duration_text(costs.connect_refused),
        "publish": duration_text(costs.publish),
        "delivery": duration_text(costs.delivery),
        "subscribe": duration_text(costs.subscribe),
        "other": duration_text(costs.other),
    })
}

fn fleet(fleet: &Fleet) -> Value {
    let mut table = json!({
        "name": fleet.name,
        "devices": fleet.devices,
        "start": { "at": duration_text(fleet.start.at), "over": duration_text(fleet.start.over) },
        "network": network(&fleet.network),
        "client_id": fleet.client_id.source(),
        "mqtt": mqtt(&fleet.mqtt),
        "connect_timeout": duration_text(fleet.connect_timeout),
        "reconnect": {
            "strategy": fleet.reconnect.strategy.as_str(),
            "base": duration_text(fleet.reconnect.base),
            "cap": duration_text(fleet.reconnect.cap),
        },
        "offline": offline_text(fleet.offline),
        "subscribe": list(&fleet.subscriptions, subscription),
        "publish": list(&fleet.publishes, publish),
        "shadow": list(&fleet.shadows, shadow::shadow),
    });
    let keys = table.as_object_mut().expect("it was made as a table");
    access::put_identity(&fleet.identity, keys);
    table
}

fn network(model: &LinkModel) -> Value {
    json!({
        "name": model.name,
        "uplink_us": model.uplink_us,
        "downlink_us": model.downlink_us,
        "loss_per_million": model.loss_per_million,
        "retransmission_timeout": duration_text(model.retransmission_timeout),
        "uplink_bits_per_second": model.uplink_bits_per_second,
        "downlink_bits_per_second": model.downlink_bits_per_second,
        "handshake_round_trips": model.handshake_round_trips,
    })
}

fn mqtt(mqtt: &Mqtt) -> Value {
    let mut table = Map::new();
    let version = match mqtt.version {
        ProtocolVersion::V311 => json!("3.1.1"),
        ProtocolVersion::V5 => json!(5),
    };
    table.insert("version".into(), version);
    table.insert("keep_alive".into(), duration_text(mqtt.keep_alive).into());
    table.insert("clean_start".into(), mqtt.clean_start.into());
    if mqtt.version == ProtocolVersion::V5 {
        table.insert("session_expiry".into(), duration_text(mqtt.session_expiry).into());
    }
    table.into()
}

fn subscription(subscription: &Subscription) -> Value {
    json!({ "filter": subscription.filter.source(), "qos": qos(subscription.qos) })
}

fn publish(publish: &Publish) -> Value {
    json!({
        "topic": publish.topic.source(),
        "every": duration_text(publish.every),
        "qos": qos(publish.qos),
        "payload": publish.payload.source(),
    })
}

fn fault(fault: &Fault, fleets: &[Fleet]) -> Value {
    let (at, lasts) = (duration_text(fault.at), duration_text(fault.lasts));
    match fault.kind {
        FaultKind::GatewayOutage(mode) => {
            json!({ "at": at, "kind": GATEWAY_OUTAGE, "mode": mode.as_str(), "lasts": lasts })
        }
        FaultKind::DeviceCrash(crash) => json!({
            "at": at,
            "kind": DEVICE_CRASH,
            "fleet": fleets[crash.fleet].name,
            "share": share_text(crash.share_per_million),
            "lasts": lasts,
        }),
    }
}

fn expectation(expectation: &Expectation) -> Value {
    json!({
        "that": expectation.that,
        "is": expectation.is,
        "judged": expectation.judged,
        "line": expectation.line,
    })
}

const fn qos(qos: QoS) -> u8 {
    qos.bits()
}
