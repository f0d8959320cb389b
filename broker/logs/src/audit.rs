//! One audit record a call of the control plane that would change something (`broker.md` 10.3).

use serde::Serialize;
use serde_json::Value;
use squall_core::AuditedCall;
use squall_services::api_error::ApiError;
use squall_types::{Now, Uuid, WallTime};

use crate::record::{Lines, Text, write_line};

/// The keys of CloudTrail that Squall has something to say in. Who called and from where it does not know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditRecord<'a> {
    event_time: Text<WallTime>,
    event_source: &'static str,
    event_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    /// Under the names of the API. Of an ARN the tail alone: a fact knows no region.
    request_parameters: Value,
    #[serde(rename = "eventID")]
    event_id: Text<Uuid>,
    read_only: bool,
    event_type: &'static str,
    recipient_account_id: &'a str,
}

impl Lines {
    /// Appends the audit record of a call.
    pub(crate) fn audit(&mut self, now: Now, call: AuditedCall<'_>, error: Option<&ApiError>) {
        let event_id = Text(self.next_id());
        let record = AuditRecord {
            event_time: Text(now.wall),
            event_source: "iot.amazonaws.com",
            event_name: call.operation(),
            error_code: error.map(|error| error.exception.name()),
            error_message: error.map(|error| error.message.as_str()),
            request_parameters: call.parameters(),
            event_id,
            read_only: false,
            event_type: "AwsApiCall",
            recipient_account_id: &self.account_id,
        };
        write_line(&mut self.text, &record);
    }
}
