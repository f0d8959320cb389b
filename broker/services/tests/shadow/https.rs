//! The HTTPS data API (`state.md` 1.11, checks 40 to 45).

use squall_profile::switch::{ShadowDeleteBody, ShadowHttpsMessages};
use squall_services::shadow::{Rejection, ShadowCall, ShadowId};

use crate::support::{Bench, START, T, of, settings};

const UPDATE: &[u8] = br#"{"state":{"desired":{"a":1}},"clientToken":"c"}"#;

fn update(payload: &[u8]) -> ShadowCall<'_> {
    ShadowCall::UpdateThingShadow { shadow: T, payload }
}

/// Check 40.
#[test]
fn a_refused_call_is_answered_and_nothing_is_published() {
    let mut bench = Bench::new();
    let (rejection, body, published) = bench.call(ShadowCall::GetThingShadow { shadow: T });
    assert_eq!(body, r#"{"code":404,"message":"No shadow exists with name: 't'"}"#);
    assert_eq!((rejection, published.len()), (Some(Rejection::NoShadow), 0));
    let large = format!(r#"{{"state":{{"desired":{{"a":"{}"}}}}}}"#, "x".repeat(9_000));
    for (payload, code, exception) in [
        (&br#"{"state":{},"version":7}"#[..], 409, "ConflictException"),
        (b"{", 400, "InvalidRequestException"),
        (large.as_bytes(), 413, "RequestEntityTooLargeException"),
        (b"\xff", 415, "UnsupportedDocumentEncodingException"),
    ] {
        let (rejection, body, published) = bench.call(update(payload));
        let rejection = rejection.unwrap();
        assert_eq!((rejection.code(), rejection.exception()), (code, exception));
        assert!(body.starts_with(&format!(r#"{{"code":{code},"#)) && published.is_empty());
    }
    assert_eq!(Rejection::NoShadow.exception(), "ResourceNotFoundException");
    assert_eq!(Rejection::Throttled.exception(), "ThrottlingException");
}

/// Check 41, K-05.
#[test]
fn an_accepted_update_is_published_too() {
    let mut bench = Bench::new();
    let (rejection, body, published) = bench.call(update(UPDATE));
    assert_eq!(rejection, None);
    assert_eq!(of(&published, "update/accepted"), Some(&*body));
    assert!(body.ends_with(r#""version":1,"timestamp":1591141597,"clientToken":"c"}"#), "{body}");
    assert!(of(&published, "update/delta").is_some() && of(&published, "update/documents").is_some());

    let (_, get, published) = bench.call(ShadowCall::GetThingShadow { shadow: T });
    assert!(get.contains(r#""delta":{"a":1}"#) && published.is_empty(), "{get}");

    let (_, body, published) = bench.call(ShadowCall::DeleteThingShadow { shadow: T });
    assert_eq!(body, format!(r#"{{"version":1,"timestamp":{}}}"#, START + bench.seconds));
    assert_eq!(of(&published, "delete/accepted"), Some(&*body));
}

/// K-04 and K-05 the other way.
#[test]
fn less_is_published_where_the_profile_says_so() {
    let mut settings = settings("aws-current");
    settings.https_messages = ShadowHttpsMessages::Delta;
    settings.delete_body = ShadowDeleteBody::Empty;
    let mut bench = Bench::with(settings);
    let (_, _, published) = bench.call(update(UPDATE));
    assert_eq!(published.len(), 1);
    assert!(of(&published, "update/delta").is_some());
    assert_eq!(bench.update(r#"{"state":{}}"#).len(), 3, "MQTT is as ever");
    let (rejection, body, published) = bench.call(ShadowCall::DeleteThingShadow { shadow: T });
    assert_eq!((rejection, &*body, published.len()), (None, "", 0));
}

/// Checks 42 and 43.
#[test]
fn named_shadows_are_listed_in_pages() {
    let mut bench = Bench::new();
    let list =
        |thing, page_size, next_token| ShadowCall::ListNamedShadowsForThing { thing, page_size, next_token };
    let body = |bench: &mut Bench, call| bench.call(call).1;
    let time = |bench: &Bench| START + bench.seconds;
    let empty = body(&mut bench, list("t", None, None));
    assert_eq!(empty, format!(r#"{{"results":[],"timestamp":{}}}"#, time(&bench)));
    for name in ["S2", "S1", "gone", "S3"] {
        let shadow = ShadowId::named("t", name);
        bench.call(ShadowCall::UpdateThingShadow { shadow, payload: UPDATE });
    }
    bench.call(update(UPDATE));
    bench.call(ShadowCall::DeleteThingShadow { shadow: ShadowId::named("t", "gone") });
    bench.call(ShadowCall::GetThingShadow { shadow: ShadowId::named("t", "only-asked-for") });
    let all = body(&mut bench, list("t", None, None));
    assert_eq!(all, format!(r#"{{"results":["S1","S2","S3"],"timestamp":{}}}"#, time(&bench)));
    let first = body(&mut bench, list("t", Some(2), None));
    assert_eq!(first, format!(r#"{{"results":["S1","S2"],"nextToken":"S2","timestamp":{}}}"#, time(&bench)));
    let last = body(&mut bench, list("t", Some(2), Some("S2")));
    assert_eq!(last, format!(r#"{{"results":["S3"],"timestamp":{}}}"#, time(&bench)));
    for page_size in [0, 101] {
        let (rejection, body, _) = bench.call(list("t", Some(page_size), None));
        let rejection = rejection.unwrap();
        assert_eq!((rejection.code(), rejection.exception()), (400, "InvalidRequestException"));
        assert!(body.starts_with(r#"{"code":400,"#), "{body}");
    }
    assert_eq!(bench.call(list("", None, None)).0, Some(Rejection::ThingNotFound));
}
