//! Which certificates are attached to which things (`state.md` 2.6).

use squall_types::CertificateId;

use super::{PrincipalKind, Registry, invalid};
use crate::api_error::ApiError;

impl Registry {
    /// `AttachThingPrincipal`.
    ///
    /// # Errors
    /// `ResourceNotFound` for the thing or the certificate; `InvalidRequest` if the certificate is exclusive to another
    /// thing, or is to become exclusive and has another.
    pub fn attach_thing_principal(
        &mut self,
        thing: &str,
        id: CertificateId,
        kind: PrincipalKind,
    ) -> Result<(), ApiError> {
        let key = self.thing_key(thing)?;
        let certificate = self.certificate_mut(id)?;
        let has_other = certificate.things.iter().any(|&other| other != key);
        if has_other && (certificate.exclusive || kind == PrincipalKind::Exclusive) {
            return Err(invalid(format!(
                "certificate {id} is attached to another thing, and one of the two is exclusive"
            )));
        }
        certificate.exclusive = kind == PrincipalKind::Exclusive;
        if !certificate.things.contains(&key) {
            certificate.things.push(key);
            self.thing_mut(thing)?.certificates += 1;
        }
        Ok(())
    }

    /// `DetachThingPrincipal`. One that is not attached is no error.
    ///
    /// # Errors
    /// `ResourceNotFound` for the thing or the certificate.
    pub fn detach_thing_principal(&mut self, thing: &str, id: CertificateId) -> Result<(), ApiError> {
        let key = self.thing_key(thing)?;
        let certificate = self.certificate_mut(id)?;
        let Some(at) = certificate.things.iter().position(|&held| held == key) else { return Ok(()) };
        certificate.things.remove(at);
        certificate.exclusive &= !certificate.things.is_empty();
        self.thing_mut(thing)?.certificates -= 1;
        Ok(())
    }
}
