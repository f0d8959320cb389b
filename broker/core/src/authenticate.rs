//! Who comes: the principal of a new connection (`broker.md` 8.1).

use squall_services::registry::AccessRefusal;
use squall_types::{CertificateId, WallTime};

use crate::broker::Broker;
use crate::input::Identity;
use crate::principal::{Authority, PrincipalKey, Signed, Who};

/// So many changes no account sees: whatever was read after them is never up to date.
const NEVER: u32 = u32::MAX;

impl Broker {
    /// The principal of a new connection, or why it is nobody's.
    pub(crate) fn authenticate(
        &mut self,
        identity: Identity<'_>,
        now: WallTime,
    ) -> Result<PrincipalKey, AccessRefusal> {
        let who = match identity {
            Identity::Certificate(id) => return self.authenticate_certificate(id, now),
            Identity::Presented { certificate, .. } => {
                return self.authenticate_certificate(certificate.id, now);
            }
            Identity::Signed(signed) => {
                let authority = self.read_signed(signed.iam, signed.cognito_identity);
                let authority = self.principals.intern(authority);
                let who = Who::Signed(Box::new(Signed {
                    principal: signed.principal.into(),
                    iam: signed.iam.clone(),
                    cognito_identity: signed.cognito_identity.map(Into::into),
                }));
                return Ok(self.principals.insert(who, None, Some(authority), self.account_changes));
            }
            Identity::Trusted(id) => Who::Trusted(id),
            Identity::Anonymous => Who::Anonymous,
            Identity::CustomAuthorizer { server_name } => Who::Unasked(server_name.map(Into::into)),
        };
        Ok(match self.principals.acquire(&who) {
            Some(key) => key,
            None => self.principals.insert(who, None, None, self.account_changes),
        })
    }

    /// The principal of whoever shows a registered certificate, if that is active.
    fn authenticate_certificate(
        &mut self,
        id: CertificateId,
        now: WallTime,
    ) -> Result<PrincipalKey, AccessRefusal> {
        let known = self.principals.known(id);
        if let Some(key) = known
            && self.principals[key].is_current(self.account_changes)
        {
            self.principals.add_connection(key);
            return Ok(key);
        }
        let access = match self.registry.access(id, now) {
            // A temporary claim is in no registry.
            Err(AccessRefusal::NotRegistered) => return self.authenticate_claim(id, now),
            access => access?,
        };
        // One that expires is looked at each time.
        let as_of = if access.expires() { NEVER } else { self.account_changes };
        match known {
            // Connections that stand notice a change when its time comes (D-20).
            Some(key) if self.principals.has_connections(key) => {
                self.principals.add_connection(key);
                Ok(key)
            }
            Some(key) => {
                let authority = self.read_certificate(access);
                let authority = self.principals.intern(authority);
                self.principals[key].set_authority(authority, as_of);
                self.principals.add_connection(key);
                Ok(key)
            }
            None => {
                let (certificate, authority) = (access.key(), self.read_certificate(access));
                let authority = self.principals.intern(authority);
                let who = Who::Certificate(id);
                Ok(self.principals.insert(who, Some(certificate), Some(authority), as_of))
            }
        }
    }

    /// `state.md` 3.4: who shows a temporary claim may do what provisioning by its template needs.
    fn authenticate_claim(
        &mut self,
        id: CertificateId,
        now: WallTime,
    ) -> Result<PrincipalKey, AccessRefusal> {
        let access = self.provisioning.claims.access(id, now).ok_or(AccessRefusal::NotRegistered)?;
        let authority = Authority { iot: Some(access.rights()), iam: None };
        let authority = self.principals.intern(authority);
        Ok(self.principals.insert(Who::Claim(id), None, Some(authority), self.account_changes))
    }
}
