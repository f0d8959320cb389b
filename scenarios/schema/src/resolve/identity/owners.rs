//! Which keys of a fleet belong to which identity.

use super::forbid;
use crate::read::Cursor;
use crate::resolved::IdentityKind;
use crate::resolved::IdentityKind::{Claim, CustomAuthorizer, Jitp, Jitr, Registered, TrustedUser};

/// Keys that hang on a certificate which the account knows from the start.
const OF_CERTIFICATES: &[&str] =
    &["policies", "thing", "exclusive_thing", "attributes", "certificate_status"];
/// Keys that a custom authorizer sees.
const OF_AUTHORIZERS: &[&str] = &["username", "password"];

/// The other keys, and the identities that have them.
const OWNERS: &[(&[&str], &[IdentityKind])] = &[
    (&["certificate_expires"], &[Registered, Jitp, Jitr]),
    (&["certificate_authority", "subject", "server_name"], &[Jitp, Jitr]),
    (
        &[
            "template",
            "parameters",
            "payload_format",
            "csr",
            "provisioning_client_id",
            "provisioning_timeout",
            "keeps_certificate",
        ],
        &[Claim, TrustedUser],
    ),
    (&["claim_policies"], &[Claim]),
    (&["after_rejection", "gives_up"], &[Jitp, Jitr, Claim, TrustedUser]),
];

/// Reports each key in the file that says nothing about devices of this kind; `None` if one does.
pub(super) fn forbid_others(cursor: &Cursor<'_>, kind: IdentityKind) -> Option<()> {
    let of_authorizers = (kind == CustomAuthorizer).then_some(()).or_else(|| {
        let hint = "set identity = \"custom-authorizer\", or remove it";
        forbid(cursor, OF_AUTHORIZERS, "only a custom authorizer asks for it", hint)
    });
    let of_certificates = match certificates_of(kind) {
        Some((problem, hint)) => forbid(cursor, OF_CERTIFICATES, problem, hint),
        None => Some(()),
    };
    // Gathered first, so that every key out of place is reported.
    let others: Vec<Option<()>> = OWNERS
        .iter()
        .filter(|(_, owners)| !owners.contains(&kind))
        .map(|(keys, owners)| {
            let words: Vec<String> = owners.iter().map(|owner| format!("\"{}\"", owner.as_str())).collect();
            let problem = format!("it says nothing about a device with identity = \"{}\"", kind.as_str());
            forbid(cursor, keys, &problem, &format!("it goes with identity = {}", words.join(", ")))
        })
        .collect();
    of_authorizers?;
    of_certificates?;
    others.into_iter().collect()
}

/// Why a device of this kind has no keys of a certificate that the account knows, and what stands for them.
const fn certificates_of(kind: IdentityKind) -> Option<(&'static str, &'static str)> {
    match kind {
        Registered => None,
        CustomAuthorizer => Some((
            "a device with a custom authorizer has no certificate",
            "its policies are those that the authorizer answers with",
        )),
        Jitp | Claim | TrustedUser => Some((
            "the account does not know the device's certificate when the run begins",
            "what hangs on it stands in the provisioning template",
        )),
        Jitr => Some((
            "the account does not know the device's certificate when the run begins",
            "what hangs on it is for whoever activates it, such as a [[lambda]]",
        )),
    }
}
