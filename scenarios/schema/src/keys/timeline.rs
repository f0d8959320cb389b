//! Keys of what happens when: faults and calls.

use super::{ANY, Default, Key, Kind, Optional, POSITIVE, Required, Table, U32_MAX, whole};
use crate::resolved::OutageMode;
use crate::value::{Choice, Words};

table!(FAULT, "fault.N", "Something that goes wrong. Faults stand in the order of time; metrics and paths call the first of them `fault.1`. Outages do not overlap, nor do crashes of one fleet. The service is well again the moment a fault ends: what happens then is what most scenarios are about.", {
    "at": Kind::Duration(ANY), Required, "When it begins.";
    "kind": Kind::Choice(FAULT_KINDS), Required, "What goes wrong.";
    "mode": Kind::Choice(OutageMode::CHOICES), Default("\"reset\""), "How a `gateway-outage` shows itself.";
    "fleet": Kind::Identifier, Optional("needed by `device-crash`"), "The fleet whose devices crash.";
    "share": Kind::Share, Default("\"100 %\""), "The share of its devices that crash, by a draw of each.";
    "lasts": Kind::Duration(ANY), Optional("needed by `gateway-outage`; `\"0s\"` for a `device-crash`"), "How long it lasts; it ends within the run. Crashed devices stay off for so long.";
});

/// What can go wrong.
pub(crate) const FAULT_KINDS: &[Choice] = &[
    Choice::new(GATEWAY_OUTAGE, "the gateway in front of all nodes cannot be reached"),
    Choice::new(
        DEVICE_CRASH,
        "devices lose their power without a word and start again when the fault ends: what waited in their memory is lost, what is in flash stays",
    ),
];
pub(crate) const GATEWAY_OUTAGE: &str = "gateway-outage";
pub(crate) const DEVICE_CRASH: &str = "device-crash";

table!(APP, "app.N", "A call of a cloud-side actor. The words of `call` have arguments of their own, below. Any other operation, and one of those whose `with` holds `policyName` or `certificateId`, takes the parameters that the public API has, such as `call = \"UpdateThing\"` with `{ thingName = \"pump-1\", attributePayload = { attributes = { site = \"a\" } } }`.", {
    "at": Kind::Duration(ANY), Required, "When it is made.";
    "every": Kind::Duration(POSITIVE), Default("\"1s\""), "How long after one call the next of the `times` is made.";
    "times": whole(1, U32_MAX, "calls"), Default("1"), "How often it is made; `{{call}}` in the arguments of `PublishToTopic` and of the API's operations is the number of the call, 0 for the first.";
    "call": Kind::Call, Required, "What is called: one of the words below, or any operation of the control plane by its name in the public API, such as `UpdateThing`.";
    "with": Kind::Arguments, Required, "The call's arguments: those of its word, or the parameters of the public API.";
    "fleet": Kind::Identifier, Optional("it is made once"), "With parameters of the public API: makes the call once for each device of this fleet. `{{thing}}`, `{{index}}` and `{{certificate}}` in texts of `with` are the device's thing name, its index and the id of its certificate.";
    "devices": Kind::DeviceRange, Optional("the whole fleet"), "Which devices of `fleet`, as `\"0..100\"`: the first index and the first that is left out.";
});
