//! Real X.509 certificates and signing requests, parsed into what the services know of them.
//!
//! ```text
//! PEM or DER --parse_certificate--> X509Certificate (id, names, validity)
//!                                       | its issuer is known once a CA's key has verified the signature
//! PEM --parse_signing_request--> SigningRequest (key, names), self-signed and of an allowed key
//! ```
//!
//! Nothing here has a clock: whether a certificate is in its time is asked of its `Validity`.

mod certificate;
mod key;
mod name;
mod signing_request;

pub use certificate::{certificate_id, is_issued_by, parse_certificate, parse_certificate_of};
pub use key::KeyKind;
pub use signing_request::{SigningRequest, parse_signing_request};

use thiserror::Error;

/// Why something is no certificate or no signing request that the service takes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum X509Error {
    /// The PEM armour is damaged, or around something else.
    #[error("not a PEM block of {expected}: {found}")]
    Pem {
        /// The label that it should have.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The structure inside is none.
    #[error("not a structure of {what}: {message}")]
    Structure {
        /// What it should be.
        what: &'static str,
        /// What the parser says.
        message: String,
    },
    /// A key that the service does not take.
    #[error("the key is {found}; RSA of at least 2048 bits and ECDSA on P-256, P-384 and P-521 are allowed")]
    Key {
        /// What it is.
        found: String,
    },
    /// The signature is not that of the key that it is said to be of.
    #[error("the signature does not verify")]
    Signature,
}
