//! Keys of a fleet.

use super::provisioning::TEMPLATE_NAME;
use super::shadow::SHADOW;
use super::{
    ANY, DEVICES_MAX, Default, KEEP_ALIVE, Key, Kind, Optional, POSITIVE, Renders, Required, SESSION_EXPIRY,
    Table, whole,
};
use crate::resolved::{BackOffStrategy, IdentityKind, PayloadFormat};
use crate::value::{CERTIFICATE_STATUS, Words};

table!(FLEET, "fleet.NAME", "Devices of one kind. A device's thing name is `NAME-INDEX`, the first index is 0.", {
    "name": Kind::Identifier, Required, "Names the fleet; no two fleets share a name.";
    "devices": whole(1, DEVICES_MAX, "devices"), Required, "How many devices.";
    "start": Kind::Table(&START), Optional("all at the start of the run"), "When they first want to be connected.";
    "network": Kind::Network, Default("\"broadband\""), "The network between device and service: the name of a link model, or a table that writes one out.";
    "identity": Kind::Choice(IdentityKind::CHOICES), Default("\"registered\""), "How a device proves who it is.";
    "policies": Kind::Policies, Optional("a device is allowed everything, and no policy is looked at"), "The policies attached to each device's certificate, in this order, as `[\"per-device\"]`; with `[]` nothing is allowed.";
    "thing": Kind::DeviceTemplate(Renders::ThingName), Default("\"{{thing}}\""), "The thing that a device's certificate is attached to. Only with `policies`.";
    "exclusive_thing": Kind::Flag, Default("false"), "Whether it is attached as `EXCLUSIVE_THING`: then policies know the thing whatever the client id is. Only with `policies`.";
    "attributes": Kind::Attributes, Optional("none"), "Attributes of that thing, as `{ model = \"x1\" }`. Only with `policies`.";
    "certificate_status": Kind::Choice(CERTIFICATE_STATUS), Default("\"ACTIVE\""), "The status of the certificates when the run begins. Only `ACTIVE` lets a device connect. Only with `identity = \"registered\"`.";
    "certificate_expires": Kind::Table(&CERTIFICATE_EXPIRES), Optional("not within the run"), "When the certificates expire. Only with `registered`, `jitp` and `jitr`.";
    "certificate_authority": Kind::Identifier, Optional("needed by `jitp` and `jitr`"), "The name of the `[[certificate_authority]]` that signed the certificates. Only with `jitp` and `jitr`.";
    "subject": Kind::Subject, Optional("`{ CommonName = \"{{thing}}\" }`"), "The subject of each certificate. Only with `jitp` and `jitr`.";
    "server_name": Kind::Flag, Default("true"), "Whether a device sends a server name (SNI) in its TLS handshake. Only with `jitp` and `jitr`.";
    "template": Kind::Name(TEMPLATE_NAME), Optional("needed by `claim` and `trusted-user`"), "The name of the `[[provisioning_template]]` that the device asks for. Only with `claim` and `trusted-user`.";
    "claim_policies": Kind::Policies, Optional("needed by `claim`"), "The policies of the one claim certificate that the fleet shares. Only with `claim`.";
    "parameters": Kind::Parameters, Optional("none"), "The parameters that the device sends with its RegisterThing, as `{ SerialNumber = \"{{index}}\" }`. Only with `claim` and `trusted-user`.";
    "payload_format": Kind::Choice(PayloadFormat::CHOICES), Default("\"json\""), "How payloads of the flow are written. Only with `claim` and `trusted-user`.";
    "csr": Kind::Flag, Default("false"), "Whether the device makes its own key and sends a signing request in place of asking for a key. Only with `claim` and `trusted-user`.";
    "provisioning_client_id": Kind::DeviceTemplate(Renders::Anything), Default("\"{{thing}}\""), "The MQTT client id of the connection with the claim. Only with `claim` and `trusted-user`.";
    "provisioning_timeout": Kind::Duration(POSITIVE), Default("\"30s\""), "How long a device waits for each answer of the flow. Then it drops the connection, and begins again after its back-off. Only with `claim` and `trusted-user`.";
    "after_rejection": Kind::AfterRejection, Default("\"back-off\""), "What a device does that is turned away before it ever had an identity: its connection ends before the CONNACK, or its flow is rejected. Not with `registered` and `custom-authorizer`.";
    "gives_up": Kind::Share, Default("\"0 %\""), "The share of devices, by a draw of each, whose firmware never tries again once it was turned away so. Not with `registered` and `custom-authorizer`.";
    "keeps_certificate": Kind::Flag, Default("true"), "Whether the certificate that a device got outlives a loss of power. If not it begins with its claim again. Only with `claim` and `trusted-user`.";
    "username": Kind::DeviceTemplate(Renders::Anything), Optional("none"), "The MQTT user name. Only with `identity = \"custom-authorizer\"`; `?x-amz-customauthorizer-name=NAME` at its end picks the authorizer.";
    "password": Kind::DeviceTemplate(Renders::Anything), Optional("none"), "The MQTT password. Only with `identity = \"custom-authorizer\"`.";
    "client_id": Kind::DeviceTemplate(Renders::Anything), Default("\"{{thing}}\""), "The MQTT client id.";
    "mqtt": Kind::Table(&MQTT), Optional("all defaults"), "The session that a device asks for.";
    "connect_timeout": Kind::Duration(POSITIVE), Default("\"10s\""), "How long a device waits for its CONNACK, counted from the first SYN.";
    "reconnect": Kind::Table(&RECONNECT), Optional("all defaults"), "How a device comes back after it lost its connection, or failed to get one.";
    "offline": Kind::Offline, Default("\"queue:100\""), "What becomes of a publish that falls due while the device is offline: `\"drop\"` loses and counts it, `\"queue:N\"` keeps up to N of them and loses what finds the queue full.";
    "subscribe": Kind::Tables(&SUBSCRIBE), Optional("no subscriptions"), "What a device subscribes to once it is connected without a stored session.";
    "publish": Kind::Tables(&PUBLISH), Optional("no publishes"), "What a device publishes.";
    "shadow": Kind::Tables(&SHADOW), Optional("no shadows"), "The shadows that a device has to do with.";
});

table!(CERTIFICATE_EXPIRES, "fleet.NAME.certificate_expires", "When the certificates of a fleet expire, counted from the start of the run. The service refuses an expired certificate; it ends no connection that stands.", {
    "after": Kind::Duration(ANY), Required, "When the first of them does.";
    "over": Kind::Duration(ANY), Default("\"0s\""), "They are spread evenly at random over this span.";
});

table!(START, "fleet.NAME.start", "When the devices of a fleet first want to be connected.", {
    "at": Kind::Duration(ANY), Default("\"0s\""), "When the first of them does.";
    "over": Kind::Duration(ANY), Default("\"0s\""), "They are spread evenly at random over this span.";
});

table!(MQTT, "fleet.NAME.mqtt", "The session that a device asks for in its CONNECT.", {
    "version": Kind::Version, Default("5"), "Protocol version: the number `5` or the text `\"3.1.1\"`.";
    "keep_alive": Kind::Duration(KEEP_ALIVE), Default("\"20m\""), "Longest silence on a connection. The service has bounds of its own, see the limits `keep_alive_*`; `\"0s\"` asks for none.";
    "clean_start": Kind::Flag, Default("false"), "Whether each connection begins a new session: Clean Start, or Clean Session in MQTT 3.1.1.";
    "session_expiry": Kind::Duration(SESSION_EXPIRY), Optional("`\"1h\"` with version 5; with `\"3.1.1\"` the account's value holds"), "How long the session outlives its connection. MQTT 5 only.";
});

table!(RECONNECT, "fleet.NAME.reconnect", "How a device waits before it tries to connect again.", {
    "strategy": Kind::Choice(BackOffStrategy::CHOICES), Default("\"full-jitter\""), "The shape of the waits.";
    "base": Kind::Duration(POSITIVE), Default("\"1s\""), "The first wait, or its upper bound.";
    "cap": Kind::Duration(POSITIVE), Default("\"60s\""), "No wait is longer; at least `base`.";
});

table!(SUBSCRIBE, "fleet.NAME.subscribe.N", "One subscription of each device.", {
    "filter": Kind::DeviceTemplate(Renders::TopicFilter), Required, "The topic filter.";
    "qos": Kind::QoS, Default("1"), "The QoS asked for.";
});

table!(PUBLISH, "fleet.NAME.publish.N", "One periodic publish of each device. When the first falls due is drawn for each device within `every`.", {
    "topic": Kind::DeviceTemplate(Renders::TopicName), Required, "The topic name.";
    "every": Kind::Duration(POSITIVE), Required, "Time from one publish to the next.";
    "qos": Kind::QoS, Default("1"), "The QoS.";
    "payload": Kind::Template, Default("'{\"n\": {{counter}}}'"), "The payload.";
});

table!(LINK_MODEL, "fleet.NAME.network", "A link model written out in place of its name. `--set fleet.NAME.network.KEY=VALUE` changes one value of a named model.", {
    "name": Kind::Text, Required, "What reports call it.";
    "uplink_us": Kind::Curve, Required, "One-way latency from the device in microseconds: the inverse of its distribution at equal steps from the least to the most, such as 17 points for 0, 1/16, ..., 1.";
    "downlink_us": Kind::Curve, Required, "One-way latency to the device, likewise.";
    "loss_per_million": whole(0, 1_000_000, "segments in a million"), Required, "Segments lost in a million, each way.";
    "retransmission_timeout": Kind::Duration(POSITIVE), Required, "How late a lost segment is; doubled for each further loss.";
    "uplink_bits_per_second": whole(1, 1_000_000_000_000, "bits a second"), Required, "Bandwidth from the device.";
    "downlink_bits_per_second": whole(1, 1_000_000_000_000, "bits a second"), Required, "Bandwidth to the device.";
    "handshake_round_trips": whole(0, 100, "round trips"), Required, "Round trips before the first MQTT byte may leave: 1 for TCP, and 2 for TLS 1.2 or 1 for TLS 1.3.";
});
