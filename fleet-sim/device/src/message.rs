//! Payloads of the provisioning API: what a device asks, and what it reads of the answers.

use core::fmt::Write as _;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::provisioning::PayloadFormat;

/// What a device reads of an answer, whichever it is; what it does not need is skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Answer {
    pub(crate) certificate_id: Option<String>,
    pub(crate) certificate_ownership_token: Option<String>,
    pub(crate) thing_name: Option<String>,
    pub(crate) status_code: Option<i64>,
    pub(crate) error_code: Option<String>,
}

impl Answer {
    /// Reads an answer; `None` if it is none.
    pub(crate) fn read(format: PayloadFormat, payload: &[u8]) -> Option<Self> {
        match format {
            PayloadFormat::Json => serde_json::from_slice(payload).ok(),
            PayloadFormat::Cbor => Self::read_cbor(payload).ok(),
        }
    }

    fn read_cbor(payload: &[u8]) -> Result<Self, minicbor::decode::Error> {
        let mut decoder = Decoder::new(payload);
        let mut answer = Self::default();
        let mut left = decoder.map()?;
        loop {
            match left {
                Some(0) => break,
                Some(count) => left = Some(count - 1),
                None if decoder.datatype()? == Type::Break => break,
                None => {}
            }
            answer.read_cbor_member(&mut decoder)?;
        }
        Ok(answer)
    }

    fn read_cbor_member(&mut self, decoder: &mut Decoder<'_>) -> Result<(), minicbor::decode::Error> {
        let text = match decoder.str()? {
            "certificateId" => &mut self.certificate_id,
            "certificateOwnershipToken" => &mut self.certificate_ownership_token,
            "thingName" => &mut self.thing_name,
            "errorCode" => &mut self.error_code,
            "statusCode" => {
                self.status_code = Some(decoder.i64()?);
                return Ok(());
            }
            _ => return decoder.skip(),
        };
        *text = Some(decoder.str()?.to_owned());
        Ok(())
    }
}

/// The payload of a request for a certificate: nothing, or a signing request in the name of a thing.
pub(crate) fn create(format: PayloadFormat, signing_request_of: Option<&str>) -> Vec<u8> {
    let Some(thing) = signing_request_of else { return Vec::new() };
    let text = signing_request(thing);
    match format {
        PayloadFormat::Json => json!({ SIGNING_REQUEST: text }).to_string().into_bytes(),
        PayloadFormat::Cbor => written(|encoder| {
            encoder.map(1)?.str(SIGNING_REQUEST)?.str(&text)?;
            Ok(())
        }),
    }
}

/// The payload of RegisterThing.
pub(crate) fn register(format: PayloadFormat, token: &str, parameters: &[(&str, String)]) -> Vec<u8> {
    match format {
        PayloadFormat::Json => {
            let mut members = Map::new();
            members.insert(TOKEN.to_owned(), token.into());
            if !parameters.is_empty() {
                let values =
                    parameters.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
                members.insert(PARAMETERS.to_owned(), values.collect::<Map<_, _>>().into());
            }
            Value::Object(members).to_string().into_bytes()
        }
        PayloadFormat::Cbor => written(|encoder| {
            encoder.map(if parameters.is_empty() { 1 } else { 2 })?.str(TOKEN)?.str(token)?;
            if !parameters.is_empty() {
                encoder.str(PARAMETERS)?.map(parameters.len() as u64)?;
            }
            for (name, value) in parameters {
                encoder.str(name)?.str(value)?;
            }
            Ok(())
        }),
    }
}

const SIGNING_REQUEST: &str = "certificateSigningRequest";
const TOKEN: &str = "certificateOwnershipToken";
const PARAMETERS: &str = "parameters";

type CborEncoder<'a> = Encoder<&'a mut Vec<u8>>;
type CborError = minicbor::encode::Error<core::convert::Infallible>;

fn written(write: impl FnOnce(&mut CborEncoder<'_>) -> Result<(), CborError>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes)).expect("a Vec takes everything");
    bytes
}

/// What stands for a signing request. Simulated devices have no keys: in its PEM frame it holds the thing's name, four
/// digits a byte, which any reader of base64 takes.
fn signing_request(thing: &str) -> String {
    let mut text = "-----BEGIN CERTIFICATE REQUEST-----\n".to_owned();
    for line in thing.as_bytes().chunks(16) {
        for byte in line {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:04x}");
        }
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE REQUEST-----\n");
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [PayloadFormat; 2] = [PayloadFormat::Json, PayloadFormat::Cbor];

    fn accepted(format: PayloadFormat) -> Vec<u8> {
        match format {
            PayloadFormat::Json => {
                br#"{"certificatePem":"-\n","certificateId":"ab","certificateOwnershipToken":"t","x":[{}]}"#
                    .to_vec()
            }
            PayloadFormat::Cbor => written(|encoder| {
                encoder.map(4)?.str("certificatePem")?.str("-\n")?.str("certificateId")?.str("ab")?;
                encoder.str("certificateOwnershipToken")?.str("t")?;
                encoder.str("x")?.begin_array()?.map(0)?.end()?;
                Ok(())
            }),
        }
    }

    #[test]
    fn answers_are_read_whatever_else_they_hold() {
        for format in FORMATS {
            let expected = Answer {
                certificate_id: Some("ab".to_owned()),
                certificate_ownership_token: Some("t".to_owned()),
                ..Answer::default()
            };
            assert_eq!(Answer::read(format, &accepted(format)), Some(expected));
            assert_eq!(Answer::read(format, b""), None);
        }
        let rejected = br#"{"statusCode":403,"errorCode":"AccessDenied","errorMessage":"no"}"#;
        let answer = Answer::read(PayloadFormat::Json, rejected).expect("an answer");
        assert_eq!((answer.status_code, answer.error_code.as_deref()), (Some(403), Some("AccessDenied")));
        assert_eq!(Answer::read(PayloadFormat::Json, br#"{"thingName":5}"#), None);
        // A map without a length, and one that promises more than comes.
        let open = [0xbf, 0x69, b't', b'h', b'i', b'n', b'g', b'N', b'a', b'm', b'e', 0x61, b'x', 0xff];
        let answer = Answer::read(PayloadFormat::Cbor, &open).expect("an answer");
        assert_eq!(answer.thing_name.as_deref(), Some("x"));
        assert_eq!(Answer::read(PayloadFormat::Cbor, &open[..13]), None);
        let boundless = [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Answer::read(PayloadFormat::Cbor, &boundless), None);
    }

    #[test]
    fn requests_are_what_the_api_asks_for() {
        let parameters = [("SerialNumber", "7".to_owned())];
        for format in FORMATS {
            assert_eq!(create(format, None), b"");
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON is UTF-8");
        assert_eq!(
            text(register(PayloadFormat::Json, "t\"", &parameters)),
            r#"{"certificateOwnershipToken":"t\"","parameters":{"SerialNumber":"7"}}"#
        );
        assert_eq!(text(register(PayloadFormat::Json, "t", &[])), r#"{"certificateOwnershipToken":"t"}"#);
        let frame = "-----BEGIN CERTIFICATE REQUEST-----\\n00610062\\n-----END CERTIFICATE REQUEST-----\\n";
        assert_eq!(
            text(create(PayloadFormat::Json, Some("ab"))),
            format!("{{\"certificateSigningRequest\":\"{frame}\"}}")
        );
        let cbor = register(PayloadFormat::Cbor, "t", &parameters);
        let mut decoder = Decoder::new(&cbor);
        assert_eq!(decoder.map().ok(), Some(Some(2)));
        let texts: Vec<&str> = (0..3).map(|_| decoder.str().expect("a text")).collect();
        assert_eq!(texts, ["certificateOwnershipToken", "t", "parameters"]);
        assert_eq!(decoder.map().ok(), Some(Some(1)));
        assert_eq!((decoder.str().ok(), decoder.str().ok()), (Some("SerialNumber"), Some("7")));
        assert_eq!(
            Answer::read(PayloadFormat::Cbor, &create(PayloadFormat::Cbor, Some("ab"))),
            Some(Answer::default())
        );
    }

    proptest! {
        #[test]
        fn no_payload_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, byte: u8) {
            for format in FORMATS {
                let _ = Answer::read(format, &bytes);
                let mut damaged = accepted(format);
                let at = at.index(damaged.len());
                damaged[at] = byte;
                let _ = Answer::read(format, &damaged);
            }
            // Arrays in arrays.
            bytes.resize(10_000, 0x81);
            let _ = Answer::read(PayloadFormat::Cbor, &bytes);
        }
    }
}
