//! The scenarios that come with the binary.

/// One scenario of the library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LibraryScenario {
    /// Its path below `scenarios/library`, without the ending: what `squall run` also takes for it.
    pub(crate) name: &'static str,
    /// Its text.
    pub(crate) text: &'static str,
}

macro_rules! library {
    ($($name:literal,)+) => {
        /// All of them, by kind and then from small to large.
        pub(crate) const LIBRARY: &[LibraryScenario] = &[
            $(LibraryScenario { name: $name, text: include_str!(concat!("../../library/", $name, ".toml")) },)+
        ];
    };
}

macro_rules! files {
    ($($path:literal,)+) => {
        /// The files that they name, by the path that they write.
        pub(crate) const LIBRARY_FILES: &[(&str, &str)] = &[
            $((
                concat!("../../../fixtures/", $path),
                include_str!(concat!("../../../fixtures/", $path)),
            ),)+
        ];
    };
}

files! {
    "lambdas/authorizer-per-device.rhai",
    "lambdas/hook-serial-numbers.rhai",
    "lambdas/jitr-activate.rhai",
    "policies/iot-star.json",
    "policies/per-device.json",
    "policies/subscribe-without-receive.json",
    "policies/subscribe-without-topicfilter.json",
    "provisioning/claim-by-serial-number.json",
    "provisioning/claim-with-site.json",
    "provisioning/first-boot-by-country.json",
    "provisioning/first-boot.json",
}

library! {
    "smoke/hello",
    "identity/duplicate-client-id-flapping",
    "identity/duplicate-client-id-tight-loop",
    "identity/presence-dashboard",
    "limits/fifty-first-subscription",
    "policy/subscribe-without-topicfilter",
    "policy/subscribe-without-receive",
    "policy/one-policy-with-variables",
    "policy/certificate-deactivated-mid-run",
    "policy/authorizer-throttled",
    "provisioning/claim-too-narrow",
    "provisioning/claim-hook-rejects",
    "provisioning/certificate-revoked-mid-run",
    "provisioning/jitp-bad-template",
    "provisioning/jitr-lambda-throttled",
    "provisioning/expired-certificates-in-waves",
    "provisioning/jitp-first-boot",
    "sessions/offline-queue",
    "shadow/reported-already-matches",
    "shadow/delta-without-receive",
    "shadow/offline-thermostat",
    "shadow/monolith-or-named",
    "shadow/silent-rejections",
    "shadow/version-conflicts",
    "storm/backoff-tournament",
    "storm/reconnect",
}

/// The scenario called `name`.
pub(crate) fn find(name: &str) -> Option<&'static LibraryScenario> {
    LIBRARY.iter().find(|scenario| scenario.name == name)
}
