//! The account's templates: limits, versions, conflicts.

use squall_services::provisioning::{NewHook, NewTemplate, TemplateKind, TemplateUpdate, Templates};
use squall_types::WallTime;

use super::support::{ROLE, at, fleet_body, new_template, refused};

fn body() -> String {
    fleet_body().to_string()
}

const NOW: WallTime = WallTime::from_unix_secs(1);

#[test]
fn a_template_is_described_as_it_was_created() {
    let (mut templates, body) = (Templates::default(), body());
    let hook =
        NewHook { payload_version: None, target_arn: "arn:aws:lambda:us-east-1:123456789012:function:h" };
    let new = NewTemplate {
        description: Some("lamps"),
        enabled: false,
        hook: Some(hook),
        ..new_template("T-1_x", &body, TemplateKind::Fleet)
    };
    templates.create(NOW, &new).unwrap();
    let held = templates.describe("T-1_x").unwrap();
    assert_eq!(&*held.arn, "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/T-1_x");
    assert_eq!((&*held.description, held.enabled, &*held.role_arn), ("lamps", false, ROLE));
    assert_eq!(&*held.hook.as_ref().unwrap().target_arn, hook.target_arn);
    let version = held.default_version();
    assert_eq!((version.number, &*version.body, version.created), (1, &*body, NOW));
    let update = TemplateUpdate { enabled: Some(true), remove_hook: true, ..TemplateUpdate::default() };
    templates.update(at(9).wall, "T-1_x", &update).unwrap();
    let held = templates.describe("T-1_x").unwrap();
    assert!(held.enabled && held.hook.is_none());
    assert_eq!((held.created, held.modified), (NOW, at(9).wall));
}

#[test]
fn fields_out_of_bounds_are_refused() {
    let body = body();
    let fleet = new_template("t", &body, TemplateKind::Fleet);
    let (long_name, long_text) = ("n".repeat(37), "é".repeat(501));
    let wrong_version = NewHook { payload_version: Some("2019-01-01"), target_arn: "arn:x" };
    let hook = NewHook { payload_version: None, target_arn: "arn:x" };
    let jitp = super::support::jitp_body().to_string();
    for (what, new) in [
        ("no name", NewTemplate { name: "", ..fleet }),
        ("long name", NewTemplate { name: &long_name, ..fleet }),
        ("space in the name", NewTemplate { name: "a b", ..fleet }),
        ("long description", NewTemplate { description: Some(&long_text), ..fleet }),
        ("role", NewTemplate { role_arn: "me", ..fleet }),
        ("payload version", NewTemplate { hook: Some(wrong_version), ..fleet }),
        ("body", NewTemplate { body: "{}", ..fleet }),
        ("kind", NewTemplate { kind: TemplateKind::RegisterThing, ..fleet }),
        ("hook of jitp", NewTemplate { kind: TemplateKind::Jitp, body: &jitp, hook: Some(hook), ..fleet }),
    ] {
        let mut templates = Templates::default();
        assert_eq!(refused(templates.create(NOW, &new)), "InvalidRequestException", "{what}");
        assert!(templates.describe("t").is_err());
    }
}

/// Check 92.
#[test]
fn there_are_at_most_256_templates_of_5_versions() {
    let (mut templates, body) = (Templates::default(), body());
    for index in 0..256 {
        let name = format!("t{index:03}");
        templates.create(NOW, &new_template(&name, &body, TemplateKind::Fleet)).unwrap();
    }
    let one_more = new_template("t256", &body, TemplateKind::Fleet);
    assert_eq!(refused(templates.create(NOW, &one_more)), "LimitExceededException");
    let again = new_template("t000", &body, TemplateKind::Fleet);
    assert_eq!(refused(templates.create(NOW, &again)), "ResourceAlreadyExistsException");
    for number in 2..=5 {
        assert_eq!(templates.create_version(NOW, "t000", &body, number == 3).unwrap(), number);
    }
    assert_eq!(refused(templates.create_version(NOW, "t000", &body, true)), "VersionsLimitExceededException");
    assert_eq!(templates.describe("t000").unwrap().default_version().number, 3);
    assert_eq!(refused(templates.delete_version("t000", 3)), "DeleteConflictException");
    templates.delete_version("t000", 5).unwrap();
    assert_eq!(refused(templates.delete_version("t000", 5)), "ResourceNotFoundException");
    // Numbers are not given twice.
    assert_eq!(templates.create_version(NOW, "t000", &body, false).unwrap(), 6);
    let numbers: Vec<u32> = templates.describe("t000").unwrap().versions().iter().map(|v| v.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 6]);
    templates.delete("t000").unwrap();
    templates.create(NOW, &one_more).unwrap();
}

#[test]
fn an_update_that_fails_changes_nothing() {
    let mut templates = super::support::templates();
    let before = format!("{templates:?}");
    let hook = NewHook { payload_version: None, target_arn: "arn:x" };
    for (update, exception) in [
        (
            TemplateUpdate { enabled: Some(false), default_version: Some(2), ..Default::default() },
            "ResourceNotFoundException",
        ),
        (
            TemplateUpdate { enabled: Some(false), role_arn: Some("x"), ..Default::default() },
            "InvalidRequestException",
        ),
        (
            TemplateUpdate { hook: Some(hook), remove_hook: true, ..Default::default() },
            "InvalidRequestException",
        ),
    ] {
        assert_eq!(refused(templates.update(at(9).wall, "fleet", &update)), exception);
    }
    assert_eq!(
        refused(templates.update(NOW, "none", &TemplateUpdate::default())),
        "ResourceNotFoundException"
    );
    assert_eq!(refused(templates.delete("none")), "ResourceNotFoundException");
    assert_eq!(refused(templates.create_version(NOW, "fleet", "{}", true)), "InvalidRequestException");
    assert_eq!(format!("{templates:?}"), before);
}

#[test]
fn templates_are_listed_in_pages() {
    let templates = super::support::templates();
    let (page, token) = templates.list(1, None).unwrap();
    assert_eq!((&*page[0].name, token), ("fleet", Some("fleet")));
    let (page, token) = templates.list(1, token).unwrap();
    assert_eq!((&*page[0].name, token), ("jitp", None));
    assert_eq!(refused(templates.list(0, None)), "InvalidRequestException");
    assert_eq!(refused(templates.list(251, None)), "InvalidRequestException");
}

/// `state.md` 2.10: calls about templates count like any other.
#[test]
fn calls_about_templates_count_against_the_rates() {
    let mut registry = super::support::registry();
    let mut granted =
        |operation| (0..30).filter(|_| registry.count_operation(at(5), operation).is_ok()).count();
    assert_eq!((granted("CreateProvisioningTemplate"), granted("CreateProvisioningClaim")), (10, 10));
}
