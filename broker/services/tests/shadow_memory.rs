//! What a shadow costs besides its JSON, and that a request settles into memory that is there.

use squall_profile::Profile;
use squall_services::shadow::{Operation, Settings, ShadowId, Shadows};
use squall_types::{Now, Timestamp, WallTime};

const THINGS: u64 = 2_000;
const DESIRED: &str = r#"{"power":true,"mode":"auto","targetTemp":21.5,"fan":{"speed":3,"swing":false},"schedule":{"from":"06:30","to":"22:00","days":[1,2,3,4,5]},"interval":60,"firmware":"2.4.1","note":"north wing, second floor, room 217."}"#;
const REPORTED: &str = r#"{"power":true,"mode":"auto","targetTemp":21.5,"fan":{"speed":2,"swing":false},"schedule":{"from":"06:30","to":"22:00","days":[1,2,3,4,5]},"interval":300,"firmware":"2.4.1","note":"north wing, second floor, room 217; last serviced in March, 2026, filter changed, next service is due."}"#;

fn at(n: u64) -> Now {
    Now::at(Timestamp(n * 1_000_000), WallTime::from_unix_secs(1_767_225_600))
}

fn shadows() -> Shadows {
    Shadows::new(Settings::from(&Profile::named("aws-current").unwrap()))
}

#[test]
fn a_shadow_costs_less_than_a_kibibyte_above_its_json() {
    let document = format!(r#"{{"state":{{"desired":{DESIRED},"reported":{REPORTED}}}}}"#);
    for name in [None, Some("settings")] {
        let mut kept = None;
        let counted = allocation_counter::measure(|| {
            let mut shadows = shadows();
            for n in 0..THINGS {
                let thing = format!("thermostat-{n:06}");
                let shadow = ShadowId { thing: &thing, name };
                shadows.handle(shadow, Operation::Update, document.as_bytes(), at(n)).version().unwrap();
            }
            kept = Some(shadows);
        });
        assert!(kept.is_some());
        let json = THINGS * (DESIRED.len() + REPORTED.len()) as u64;
        let above = (u64::try_from(counted.bytes_current).unwrap() - json) / THINGS;
        println!("{above} bytes above the JSON of {name:?}");
        assert!(above <= 1_024, "{above} bytes above the JSON");
    }
}

/// The text and the nodes of the section that changed.
#[test]
fn an_update_allocates_only_what_it_stores() {
    let mut shadows = shadows();
    let document = format!(r#"{{"state":{{"desired":{DESIRED},"reported":{REPORTED}}}}}"#);
    let shadow = ShadowId::classic("t");
    let mut out = Vec::with_capacity(16_384);
    let mut update = |n: u64, payload: &str| {
        let outcome = shadows.handle(shadow, Operation::Update, payload.as_bytes(), at(100 * n));
        for answer in outcome.answers(0) {
            out.clear();
            outcome.write(answer, &mut out);
        }
        outcome.version().unwrap()
    };
    update(1, &document);
    let payload = r#"{"state":{"reported":{"targetTemp":18.5}},"clientToken":"c"}"#;
    update(2, payload);
    let counted = allocation_counter::measure(|| {
        assert_eq!(update(3, payload), 3);
    });
    // And what serde_json notes of nesting while it skips a value.
    assert!(counted.count_total <= 3, "{counted:?}");
}
