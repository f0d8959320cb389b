//! Control- and data-plane calls, with the operation and error names of the public API.

use squall_services::api_error::ApiError;
use squall_services::provisioning::{TemplateAnswer, TemplateCall, TemplateQuery, TemplateReply};
use squall_services::registry::{ControlAnswer, ControlCall, ControlQuery, ControlReply};
use squall_services::shadow::{Rejection, ShadowCall};
use squall_types::QoS;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// `iot-data:Publish` (`broker.md` 1.3).
    Publish {
        /// Topic name.
        topic: &'a str,
        /// Payload.
        payload: &'a [u8],
        /// QoS, 0 or 1.
        qos: QoS,
        /// Store it for later subscribers; an empty payload deletes what is stored.
        retain: bool,
    },
    /// A call of the data plane about shadows (`state.md` 1.11).
    Shadow(ShadowCall<'a>),
    /// A call that changes the account.
    Control(ControlCall<'a>),
    /// A call that reads it.
    Query(ControlQuery<'a>),
    /// A call about provisioning templates and claims.
    Template(TemplateCall<'a>),
    /// One that reads templates.
    TemplateQuery(TemplateQuery<'a>),
}

/// The answer to a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done, HTTP 200.
    Ok,
    /// What a call about shadows is answered with.
    Shadow(ShadowReply),
    /// What the control plane answers, HTTP 200.
    Control(ControlReply),
    /// What a query is answered with, HTTP 200.
    Answer(ControlAnswer),
    /// What a call about templates is answered with, HTTP 200.
    Template(TemplateReply),
    /// What a query of templates is answered with, HTTP 200.
    TemplateAnswer(TemplateAnswer),
    /// `InvalidRequestException`, HTTP 400.
    InvalidRequest(InvalidRequest),
    /// `ThrottlingException`, HTTP 429 on the data plane.
    Throttling,
    /// What the control plane refuses.
    Failed(ApiError),
}

impl Reply {
    /// Whether the call was carried out.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        match self {
            Self::Ok | Self::Control(_) | Self::Answer(_) | Self::Template(_) | Self::TemplateAnswer(_) => {
                true
            }
            Self::Shadow(reply) => reply.rejection.is_none(),
            Self::InvalidRequest(_) | Self::Throttling | Self::Failed(_) => false,
        }
    }
}

/// The answer to a call about shadows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowReply {
    /// Why it was refused, if it was: the status and the exception of the response.
    pub rejection: Option<Rejection>,
    /// The response's body, JSON text or nothing.
    pub body: Box<[u8]>,
}

/// Why a request is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidRequest {
    /// The topic is empty, too long, too deep, reserved or has a wildcard.
    Topic,
    /// The payload is over the limit.
    Payload,
    /// The QoS is 2.
    QoS,
}
