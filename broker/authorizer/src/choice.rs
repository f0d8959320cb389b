//! Which authorizer a connection meets.

use super::{Credentials, Refusal};

/// What the endpoint says about authorizers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefaultAuthorizer<'a> {
    /// The authorizer of clients that name none: of the domain configuration, or else of SetDefaultAuthorizer.
    pub name: Option<&'a str>,
    /// The domain configuration forbids clients to name another.
    pub override_forbidden: bool,
}

/// The authorizer that the client names, else the endpoint's default (8.3, "Authorizer chosen by request").
///
/// Where overriding is forbidden, naming the default itself is not held against the client.
pub fn choose<'a>(credentials: &'a Credentials, endpoint: DefaultAuthorizer<'a>) -> Result<&'a str, Refusal> {
    let Some(named) = credentials.authorizer() else {
        return endpoint.name.ok_or(Refusal::NoAuthorizer);
    };
    if endpoint.override_forbidden && endpoint.name != Some(named) {
        return Err(Refusal::OverrideForbidden { name: named.to_owned() });
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_chooses_before_the_endpoint() {
        let forbidden = || Refusal::OverrideForbidden { name: "own".into() };
        for (user, name, override_forbidden, chosen) in [
            ("u", None, false, Err(Refusal::NoAuthorizer)),
            ("u", Some("house"), false, Ok("house")),
            ("u", Some("house"), true, Ok("house")),
            ("u?x-amz-customauthorizer-name=own", None, false, Ok("own")),
            ("u?x-amz-customauthorizer-name=own", Some("house"), false, Ok("own")),
            ("u?x-amz-customauthorizer-name=own", Some("house"), true, Err(forbidden())),
            ("u?x-amz-customauthorizer-name=own", None, true, Err(forbidden())),
            ("u?x-amz-customauthorizer-name=house", Some("house"), true, Ok("house")),
        ] {
            let credentials = Credentials::from_mqtt(Some(user), None).unwrap();
            let endpoint = DefaultAuthorizer { name, override_forbidden };
            assert_eq!(choose(&credentials, endpoint), chosen, "{user} {endpoint:?}");
        }
    }
}
