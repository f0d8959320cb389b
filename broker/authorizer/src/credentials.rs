//! What a client sends for its authorizer: parameters behind the user name or in a query, user name and password.

use percent_encoding::percent_decode_str;

const NAME_KEY: &str = "x-amz-customauthorizer-name";
const SIGNATURE_KEY: &str = "x-amz-customauthorizer-signature";

/// 8.3, "Field bounds", for all of these.
pub(super) const MAX_NAME: usize = 128;
const MAX_TOKEN: usize = 6144;
const MAX_SIGNATURE: usize = 2560;
const MAX_USERNAME: usize = 65_535;
const MAX_PASSWORD: usize = 65_535;
const MAX_QUERY: usize = 4096;
pub(super) const MAX_SERVER_NAME: usize = 253;

/// A client's credentials, as sent; nothing is checked but their form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    authorizer: Option<String>,
    signature: Option<String>,
    /// The parameters that are neither: one of them may be the token, under a name that the authorizer knows.
    others: Vec<(String, String)>,
    sent_username: Option<String>,
    username_length: usize,
    password: Option<Vec<u8>>,
}

/// Credentials that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// A part is longer than its bound.
    #[error("the {part} has {length} bytes; at most {limit} are allowed")]
    TooLong {
        /// The part's name.
        part: &'static str,
        /// Its length.
        length: usize,
        /// Its bound.
        limit: usize,
    },
    /// An authorizer name with characters that no authorizer can have.
    #[error("{name:?} is no authorizer name: 1 to {MAX_NAME} of A-Z a-z 0-9 _ = , @ -")]
    Name {
        /// What was sent.
        name: String,
    },
    /// Two parameters of one name.
    #[error("the parameter {key:?} is given twice")]
    Twice {
        /// The parameter.
        key: String,
    },
    /// Percent signs that do not decode to text.
    #[error("the parameters are no UTF-8 text")]
    NotText,
}

impl Credentials {
    /// Reads the user name and password of a CONNECT packet (8.3, row "MQTT 443 ALPN `mqtt`").
    ///
    /// The parameters begin at the first `?`. A plus sign stands for itself: it is a digit of base64, and clients that
    /// forget to encode it meant it.
    pub fn from_mqtt(username: Option<&str>, password: Option<&[u8]>) -> Result<Self, CredentialsError> {
        check_length("user name", username.map_or(0, str::len), MAX_USERNAME)?;
        check_length("password", password.map_or(0, <[u8]>::len), MAX_PASSWORD)?;
        let mut credentials = Self { password: password.map(<[u8]>::to_vec), ..Self::default() };
        if let Some(username) = username {
            let (plain, parameters) = username.split_once('?').unwrap_or((username, ""));
            credentials.username_length = plain.len();
            credentials.sent_username = Some(username.to_owned());
            credentials.read_parameters(parameters)?;
        }
        Ok(credentials)
    }

    /// Reads the query of a WebSocket upgrade or of an HTTP request, without its question mark (8.3, rows "WSS 443" and
    /// "HTTPS 443").
    pub fn from_query(query: &str) -> Result<Self, CredentialsError> {
        check_length("query", query.len(), MAX_QUERY)?;
        let mut credentials = Self::default();
        credentials.read_parameters(query)?;
        Ok(credentials)
    }

    /// The authorizer that the client names.
    pub fn authorizer(&self) -> Option<&str> {
        self.authorizer.as_deref()
    }

    /// The signature over the token, in base64.
    pub fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    /// The token, under the parameter that the chosen authorizer reads it from.
    pub fn token(&self, token_key_name: &str) -> Result<Option<&str>, CredentialsError> {
        let found = self.others.iter().find(|(key, _)| key == token_key_name);
        let token = found.map(|(_, value)| value.as_str()).filter(|token| !token.is_empty());
        check_length("token", token.map_or(0, str::len), MAX_TOKEN)?;
        Ok(token)
    }

    /// The user name without parameters.
    pub fn username(&self) -> Option<&str> {
        self.sent_username.as_deref().map(|sent| &sent[..self.username_length])
    }

    /// The user name as sent, with its parameters.
    pub fn sent_username(&self) -> Option<&str> {
        self.sent_username.as_deref()
    }

    /// The password's bytes.
    pub fn password(&self) -> Option<&[u8]> {
        self.password.as_deref()
    }

    fn read_parameters(&mut self, text: &str) -> Result<(), CredentialsError> {
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            self.keep(decoded(key)?, decoded(value)?)?;
        }
        Ok(())
    }

    fn keep(&mut self, key: String, value: String) -> Result<(), CredentialsError> {
        let known = match key.as_str() {
            NAME_KEY => {
                check_name(&value)?;
                &mut self.authorizer
            }
            SIGNATURE_KEY => {
                check_length("signature", value.len(), MAX_SIGNATURE)?;
                &mut self.signature
            }
            _ => {
                if self.others.iter().any(|(other, _)| *other == key) {
                    return Err(CredentialsError::Twice { key });
                }
                self.others.push((key, value));
                return Ok(());
            }
        };
        match known.replace(value) {
            Some(_) => Err(CredentialsError::Twice { key }),
            None => Ok(()),
        }
    }
}

/// Whether `name` matches `[\w=,@-]+` in at most 128 characters (8.3, "Field bounds").
pub(super) fn is_authorizer_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,@-".contains(&byte);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn check_name(name: &str) -> Result<(), CredentialsError> {
    if is_authorizer_name(name) { Ok(()) } else { Err(CredentialsError::Name { name: name.to_owned() }) }
}

pub(super) fn check_length(part: &'static str, length: usize, limit: usize) -> Result<(), CredentialsError> {
    if length > limit {
        return Err(CredentialsError::TooLong { part, length, limit });
    }
    Ok(())
}

fn decoded(text: &str) -> Result<String, CredentialsError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| CredentialsError::NotText)?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_follow_the_user_name() {
        for (sent, username, authorizer, signature, token) in [
            ("", "", None, None, None),
            ("ada", "ada", None, None, None),
            ("ada?", "ada", None, None, None),
            ("?x-amz-customauthorizer-name=a", "", Some("a"), None, None),
            ("ada?x-amz-customauthorizer-name=a-1,b@c=_", "ada", Some("a-1,b@c=_"), None, None),
            (
                "ada?x-amz-customauthorizer-name=a&x-amz-customauthorizer-signature=ab%2B%2Fc%3D%3D&tok=let%20me",
                "ada",
                Some("a"),
                Some("ab+/c=="),
                Some("let me"),
            ),
            ("ada?x-amz-customauthorizer-signature=ab+/c==", "ada", None, Some("ab+/c=="), None),
            ("ada?SDK=Rust&tok=1&&Version=2", "ada", None, None, Some("1")),
            ("ada?tok", "ada", None, None, None),
            ("ada?tok=", "ada", None, None, None),
            ("ada?TOK=1", "ada", None, None, None),
            ("a?tok=1?tok=2", "a", None, None, Some("1?tok=2")),
        ] {
            let credentials = Credentials::from_mqtt(Some(sent), Some(b"pw")).unwrap();
            assert_eq!(credentials.username(), Some(username), "{sent}");
            assert_eq!(credentials.sent_username(), Some(sent));
            assert_eq!(credentials.authorizer(), authorizer, "{sent}");
            assert_eq!(credentials.signature(), signature, "{sent}");
            assert_eq!(credentials.token("tok"), Ok(token), "{sent}");
            assert_eq!(credentials.password(), Some(&b"pw"[..]));
        }
        assert_eq!(Credentials::from_mqtt(None, None), Ok(Credentials::default()));
        assert_eq!(Credentials::default().username(), None);
    }

    #[test]
    fn malformed_parameters_are_refused() {
        let twice = |key: &str| CredentialsError::Twice { key: key.into() };
        let name = |name: &str| CredentialsError::Name { name: name.into() };
        let long = "a".repeat(129);
        for (query, error) in [
            ("x-amz-customauthorizer-name=", name("")),
            ("x-amz-customauthorizer-name=a%20b", name("a b")),
            (&format!("x-amz-customauthorizer-name={long}"), name(&long)),
            ("x-amz-customauthorizer-name=a&x-amz-customauthorizer-name=a", twice(NAME_KEY)),
            ("x-amz-customauthorizer-signature=a&x-amz-customauthorizer-signature=b", twice(SIGNATURE_KEY)),
            ("tok=a&tok=b", twice("tok")),
            ("tok=%ff", CredentialsError::NotText),
        ] {
            assert_eq!(Credentials::from_query(query), Err(error.clone()), "{query}");
            assert_eq!(Credentials::from_mqtt(Some(&format!("u?{query}")), None), Err(error), "{query}");
        }
    }

    #[test]
    fn every_part_has_its_bound() {
        let too_long = |part, limit| CredentialsError::TooLong { part, length: limit + 1, limit };
        let token = |length| format!("u?tok={}", "t".repeat(length));
        let signature = |length| format!("u?x-amz-customauthorizer-signature={}", "s".repeat(length));
        let mqtt = |username: &str| Credentials::from_mqtt(Some(username), None);
        assert!(mqtt(&signature(2560)).is_ok());
        assert_eq!(mqtt(&signature(2561)), Err(too_long("signature", 2560)));
        assert!(mqtt(&token(6144)).unwrap().token("tok").is_ok());
        assert_eq!(mqtt(&token(6145)).unwrap().token("tok"), Err(too_long("token", 6144)));
        assert!(mqtt(&"u".repeat(65_535)).is_ok());
        assert_eq!(mqtt(&"u".repeat(65_536)), Err(too_long("user name", 65_535)));
        let password = vec![0; 65_536];
        assert_eq!(Credentials::from_mqtt(None, Some(&password)), Err(too_long("password", 65_535)));
        assert!(Credentials::from_query(&"q".repeat(4096)).is_ok());
        assert_eq!(Credentials::from_query(&"q".repeat(4097)), Err(too_long("query", 4096)));
    }

    proptest! {
        #[test]
        fn no_user_name_makes_the_parser_panic(sent in any::<String>()) {
            if let Ok(credentials) = Credentials::from_mqtt(Some(&sent), None) {
                prop_assert!(sent.starts_with(credentials.username().unwrap()));
            }
        }
    }
}
