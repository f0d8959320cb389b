//! What the small scenarios of the library say they show, they show. The storms are run by the bench.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use support::{folder, library, squall, texts};

#[test]
fn the_small_scenarios_of_the_library_hold_with_any_seed() {
    for name in [
        "identity/duplicate-client-id-flapping",
        "identity/duplicate-client-id-tight-loop",
        "identity/presence-dashboard",
        "limits/fifty-first-subscription",
        "policy/authorizer-throttled",
        "policy/certificate-deactivated-mid-run",
        "policy/one-policy-with-variables",
        "policy/subscribe-without-receive",
        "policy/subscribe-without-topicfilter",
        "provisioning/certificate-revoked-mid-run",
        "provisioning/claim-hook-rejects",
        "provisioning/claim-too-narrow",
        "provisioning/expired-certificates-in-waves",
        "provisioning/jitp-bad-template",
        "provisioning/jitr-lambda-throttled",
        "sessions/offline-queue",
        "shadow/delta-without-receive",
        "shadow/monolith-or-named",
        "shadow/offline-thermostat",
        "shadow/reported-already-matches",
        "shadow/silent-rejections",
    ] {
        for seed in ["7", "8"] {
            let folder = folder();
            let (code, stdout, stderr) =
                texts(&squall(folder.path(), &["run", &library(name), "--seed", seed, "--out", "out"]));
            assert_eq!(code, 0, "{name} with seed {seed}: {stdout}\n{stderr}");
        }
    }
}
