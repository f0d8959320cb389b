//! Policies against the rules of `broker.md` section 9: cases as data, and a second evaluator.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_oracle::naive_policy::{self, Document, Known, Rules};
use squall_profile::Profile;
use squall_profile::switch::{SubstitutedWildcard, UnresolvedVariable};
use squall_services::policy::{Account, Action, OwnedFacts, Policy, Request, Semantics, evaluate, explain};

const HEAD: &str = "arn:aws:iot:us-east-1:123456789012:";

fn semantics() -> Semantics {
    Semantics::from(&Profile::named("aws-current").unwrap().switches)
}

/// The same semantics for the second evaluator.
fn rules(semantics: Semantics) -> Rules {
    Rules {
        unresolved_variable: semantics.unresolved_variable,
        substituted_wildcard: semantics.substituted_wildcard,
    }
}

fn naive(document: &Value) -> Document {
    Document::new(document.clone()).unwrap()
}

/// Reads `allow|deny ACTIONS [not] RESOURCE... [if OPERATOR KEY=VALUE,...]...` into the JSON of a statement.
fn statement(text: &str) -> Value {
    let mut parts = text.split(" if ");
    let mut words = parts.next().unwrap().split_whitespace();
    let effect = match words.next().unwrap() {
        "allow" => "Allow",
        "deny" => "Deny",
        other => panic!("effect {other} in {text}"),
    };
    let prefixed = |action: &str| match action {
        "*" | "iot:*" => action.to_owned(),
        name => format!("iot:{name}"),
    };
    let actions: Vec<_> = words.next().unwrap().split(',').map(prefixed).collect();
    let mut key = "Resource";
    let mut resources = Vec::new();
    for word in words {
        match word {
            "not" => key = "NotResource",
            word if word.starts_with("arn:") || word.starts_with('*') => resources.push(word.to_owned()),
            word => resources.push(format!("{HEAD}{word}")),
        }
    }
    let mut statement = json!({"Effect": effect, "Action": actions, key: resources});
    for condition in parts {
        let (operator, rest) = condition.trim().split_once(' ').unwrap();
        let (key, values) = rest.split_once('=').unwrap();
        let values: Vec<_> = values.split(',').collect();
        statement["Condition"][operator][key] = json!(values);
    }
    statement
}

/// The same facts for the second evaluator, from the same words but by its own rules.
fn known(facts: &str) -> Known {
    let mut known: Known = Vec::new();
    let mut add = |key: &str, value: &str| match known.iter_mut().find(|(name, _)| name == key) {
        Some((_, values)) => values.push(value.to_owned()),
        None => known.push((key.to_owned(), vec![value.to_owned()])),
    };
    let words: Vec<_> =
        facts.split_whitespace().map(|word| word.split_once('=').unwrap_or((word, ""))).collect();
    let find = |key: &str| words.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let resolves = find("client-id")
        .is_some_and(|id| find("thing").is_some_and(|thing| thing == id || find("exclusive").is_some()));
    add("aws:SourceIp", find("source-ip").unwrap_or("192.0.2.1"));
    if let Some(id) = find("client-id") {
        add("iot:ClientId", id);
        add("iot:Connection.Thing.IsAttached", if resolves { "true" } else { "false" });
    }
    for (key, value) in &words {
        match *key {
            "thing" if resolves => {
                add("iot:Connection.Thing.ThingName", value);
                add("iot:Thing.ThingName", value);
            }
            "thing-type" if resolves => add("iot:Connection.Thing.ThingTypeName", value),
            "certificate-id" => add("iot:CertificateId", value),
            "serial-number" => add("iot:Certificate.SerialNumber", value),
            "persistent" => add("iot:ConnectAttributes", "PersistentConnect"),
            "will" => {
                add("iot:ConnectAttributes", "LastWill");
                add("iot:LastWillTopic", &format!("{HEAD}topic/{value}"));
            }
            key => {
                if let (true, Some(name)) = (resolves, key.strip_prefix("attribute.")) {
                    add(&format!("iot:Connection.Thing.Attributes[{name}]"), value);
                }
                for (short, long) in
                    [("subject.", "iot:Certificate.Subject."), ("issuer.", "iot:Certificate.Issuer.")]
                {
                    let Some(field) = key.strip_prefix(short) else { continue };
                    let place =
                        words.iter().filter(|(name, _)| *name == key).position(|(_, v)| v == value).unwrap();
                    if value.contains(['*', '$', '+', '?', '#']) {
                        continue;
                    }
                    match place {
                        0 => add(&format!("{long}{field}"), value),
                        place => add(&format!("{long}{field}.{place}"), value),
                    }
                    add(&format!("{long}{field}.List"), value);
                    add("iot:Certificate.AvailableKeys", &format!("{long}{field}"));
                }
            }
        }
    }
    known
}

#[test]
fn every_case_is_decided_as_it_says_by_both_evaluators() {
    let account = Account::default();
    let (mut count, mut wrong) = (0, Vec::new());
    for line in
        include_str!("policy/cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
    {
        if line == "#" {
            continue;
        }
        let columns: Vec<&str> = line.split(" | ").collect();
        let [statements, facts, request, expected, _source] = columns[..] else {
            panic!("columns of {line}")
        };
        let facts = if facts == "-" { "" } else { facts };
        let statements: Vec<Value> = statements.split(" ; ").map(statement).collect();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let policy =
            Policy::parse(&document.to_string(), &account).unwrap_or_else(|error| panic!("{line}: {error}"));
        let owned = OwnedFacts::parse(facts).unwrap_or_else(|error| panic!("{line}: {error}"));
        let (action, name) = request.split_once(' ').unwrap();
        let action =
            Action::from_text(&format!("iot:{action}")).unwrap_or_else(|| panic!("action of {line}"));
        let request = Request::new(action, name);
        let verdict = evaluate([&policy], request, &owned.facts(&account), semantics());
        let explanation = explain(&[("p", &policy)], request, &owned.facts(&account), semantics());
        assert_eq!(explanation.verdict, verdict, "{line}");
        assert_eq!(explanation.deciding().map(|note| note.applies), verdict.by.map(|_| true), "{line}");
        let arn = request.resource.arn(&account).to_string();
        let second =
            naive_policy::decide(&[naive(&document)], action.text(), &arn, &known(facts), rules(semantics()));
        let expected = match expected {
            "yes" => "ALLOWED",
            "no" => "IMPLICIT_DENY",
            "deny" => "EXPLICIT_DENY",
            other => panic!("decision {other} in {line}"),
        };
        if (verdict.decision.as_str(), second.as_str()) != (expected, expected) {
            wrong.push(format!(
                "{line}\n    found {}, second evaluator {}\n{explanation}",
                verdict.decision.as_str(),
                second.as_str()
            ));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 150, "only {count} cases");
}

fn decide_with(document: &Value, facts: &str, topic: &str, semantics: Semantics) -> &'static str {
    let account = Account::default();
    let policy = Policy::parse(&document.to_string(), &account).unwrap();
    let owned = OwnedFacts::parse(facts).unwrap();
    evaluate([&policy], Request::new(Action::Publish, topic), &owned.facts(&account), semantics)
        .decision
        .as_str()
}

/// D-23: a statement with a variable without value either compares with its text or does not apply at all.
#[test]
fn the_switch_of_unresolved_variables_is_obeyed() {
    let text = semantics();
    let fail = Semantics { unresolved_variable: UnresolvedVariable::Fail, ..text };
    let statements = [statement("allow Publish topic/t topic/${iot:Connection.Thing.ThingName}")];
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    assert_eq!(decide_with(&document, "client-id=a", "t", text), "ALLOWED");
    assert_eq!(decide_with(&document, "client-id=a", "t", fail), "IMPLICIT_DENY");
    assert_eq!(decide_with(&document, "client-id=a thing=a", "t", fail), "ALLOWED");
}

/// D-24: wildcards that come from a value either are text or act.
#[test]
fn the_switch_of_substituted_wildcards_is_obeyed() {
    let text = semantics();
    let act = Semantics { substituted_wildcard: SubstitutedWildcard::Act, ..text };
    let statements = [statement("allow Publish topic/${iot:ClientId}/x")];
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    for (client, topic, as_text, acting) in [
        ("*", "any/thing/x", "IMPLICIT_DENY", "ALLOWED"),
        ("a?c", "abc/x", "IMPLICIT_DENY", "ALLOWED"),
        ("a?c", "a?c/x", "ALLOWED", "ALLOWED"),
        ("a*", "bc/x", "IMPLICIT_DENY", "IMPLICIT_DENY"),
        ("a", "a/x", "ALLOWED", "ALLOWED"),
    ] {
        assert_eq!(
            decide_with(&document, &format!("client-id={client}"), topic, text),
            as_text,
            "{client} {topic}"
        );
        assert_eq!(
            decide_with(&document, &format!("client-id={client}"), topic, act),
            acting,
            "{client} {topic}"
        );
    }
}

#[test]
fn a_broken_document_is_refused_with_the_place() {
    let with = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let ok = r#""Effect":"Allow","Action":"iot:Connect","Resource":"*""#;
    let long = format!(
        r#"{{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:a:b:topic/{}"}}"#,
        "x".repeat(2048)
    );
    let mut report = String::new();
    for text in [
        String::new(),
        "[]".into(),
        "{\"Version\":\"2012-10-17\",\n \"Statement\":[}".into(),
        r#"{"Version":"2012-10-17"}"#.into(),
        format!(r#"{{"Statement":[{{{ok}}}]}}"#),
        format!(r#"{{"Version":"2008-10-17","Statement":[{{{ok}}}]}}"#),
        r#"{"Version":"2012-10-17","Statement":[]}"#.into(),
        with("7"),
        with(r#"{"Effect":"allow","Action":"iot:Connect","Resource":"*"}"#),
        with(r#"{"Action":"iot:Connect","Resource":"*"}"#),
        with(r#"{"Effect":"Allow","Action":"iot:Conect","Resource":"*"}"#),
        with(r#"{"Effect":"Allow","Action":["iot:Connect","s3:GetObject"],"Resource":"*"}"#),
        with(r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#),
        with(r#"{"Effect":"Allow","Resource":"*"}"#),
        with(r#"{"Effect":"Allow","NotAction":"iot:Connect","Resource":"*"}"#),
        with(r#"{"Effect":"Allow","Action":"iot:Connect"}"#),
        with(r#"{"Effect":"Allow","Action":"iot:Connect","Resource":"*","NotResource":"*"}"#),
        with(r#"{"Effect":"Allow","Action":"iot:Connect","Resource":["*","client/a"]}"#),
        with(r#"{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:us-east-1:client/a"}"#),
        with(
            r#"{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:r:a:client/${iot:ClientID}"}"#,
        ),
        with(
            r#"{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:r:a:client/${iot:ClientId"}"#,
        ),
        with(r#"{"Effect":"Allow","Action":"iot:Connect","Resource":7}"#),
        with(&format!(r#"{{{ok},"Principal":"*"}}"#)),
        with(&format!(r#"{{{ok},"Sid":1}}"#)),
        with(&format!(r#"{{{ok},"Condition":[]}}"#)),
        with(&format!(r#"{{{ok},"Condition":{{"StringIs":{{"iot:ClientId":"a"}}}}}}"#)),
        with(&format!(r#"{{{ok},"Condition":{{"NumericEquals":{{"iot:ClientId":"1"}}}}}}"#)),
        with(&format!(r#"{{{ok},"Condition":{{"StringEquals":{{"iot:Colour":"red"}}}}}}"#)),
        with(&format!(r#"{{{ok},"Condition":{{"StringEquals":{{"iot:ClientId":[]}}}}}}"#)),
        with(&format!(r#"{{{ok},"Condition":{{"IpAddress":{{"aws:SourceIp":"203.0.113.0/33"}}}}}}"#)),
        with(&format!(r#"{{{ok},"Condition":{{"Bool":{{"iot:Connection.Thing.IsAttached":"yes"}}}}}}"#)),
        with(&format!(r#"{{{ok},"Condition":{{"ArnEquals":{{"iot:LastWillTopic":"topic/w"}}}}}}"#)),
        with(&long),
    ] {
        let error = Policy::parse(&text, &Account::default()).unwrap_err();
        report.push_str(&format!("{error}\n"));
    }
    insta::assert_snapshot!(report);
}

#[test]
fn a_document_of_the_full_size_is_taken_and_white_space_does_not_count() {
    let document = |name: usize| {
        let name = "x".repeat(name);
        format!(
            r#"{{ "Version": "2012-10-17", "Statement": {{ "Effect": "Allow", "Action": "iot:Publish", "Resource": "{HEAD}topic/{name}" }} }}"#
        )
    };
    let own = document(0).chars().filter(|c| !c.is_whitespace()).count();
    assert!(Policy::parse(&document(2048 - own), &Account::default()).is_ok());
    let error = Policy::parse(&document(2049 - own), &Account::default()).unwrap_err();
    assert_eq!((error.name(), error.status()), ("MalformedPolicyException", 400), "check 151");
}

#[test]
fn an_explanation_names_the_statement_the_substituted_resource_and_what_is_missing() {
    let account = Account::default();
    let parse = |statements: &[&str]| {
        let statements: Vec<Value> = statements.iter().map(|text| statement(text)).collect();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        Policy::parse(&document.to_string(), &account).unwrap()
    };
    let own = parse(&[
        "allow Connect client/${iot:Connection.Thing.ThingName} if StringEquals iot:Connection.Thing.ThingTypeName=pump",
        "allow Publish topic/${iot:ClientId}/* topic/all",
        "allow Subscribe topic/${iot:ClientId}/commands",
    ]);
    let guard = parse(&["deny Publish topic/*/secret", "deny Publish not topic/*"]);
    let policies = [("own", &own), ("guard", &guard)];
    let mut report = String::new();
    for (facts, action, name) in [
        ("client-id=p1 thing=p1 thing-type=pump", Action::Connect, "p1"),
        ("client-id=p1 thing=p1 thing-type=fan", Action::Connect, "p1"),
        ("client-id=p1", Action::Connect, "p1"),
        ("client-id=p1", Action::Publish, "p1/telemetry"),
        ("client-id=p1", Action::Publish, "p1/secret"),
        ("client-id=p1", Action::Publish, "p2/telemetry"),
        ("client-id=p1", Action::Subscribe, "p1/commands"),
        ("client-id=p1", Action::Receive, "p1/commands"),
    ] {
        let owned = OwnedFacts::parse(facts).unwrap();
        let explanation = explain(&policies, Request::new(action, name), &owned.facts(&account), semantics());
        report.push_str(&format!("as {facts}\n{explanation}\n"));
    }
    insta::assert_snapshot!(report);
}

fn resource() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "/",
        "*",
        "?",
        "ü",
        "+",
        "#",
        "$",
        "${iot:ClientId}",
        "${iot:Connection.Thing.ThingName}",
        "${iot:Certificate.Subject.Country.1}",
        "${iot:Certificate.Subject.Country.List}",
        "$(*)",
        "${?}",
    ]);
    let head = prop::sample::select(vec![
        "arn:aws:iot:us-east-1:123456789012:topic/",
        "arn:aws:iot:us-east-1:123456789012:topicfilter/",
        "arn:aws:iot:us-east-1:123456789012:client/",
        "arn:aws:iot:*:topic/",
        "arn:aws:iot:us-east-?:123456789012:t*/",
        "*",
    ]);
    (head, prop::collection::vec(piece, 0..8)).prop_map(|(head, pieces)| head.to_owned() + &pieces.concat())
}

fn any_condition() -> impl Strategy<Value = (String, String, Vec<String>)> {
    let text_operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
    ]);
    let quantifier = prop::sample::select(vec!["", "ForAllValues:", "ForAnyValue:"]);
    let suffix = prop::sample::select(vec!["", "IfExists"]);
    let key = prop::sample::select(vec![
        "iot:ClientId",
        "iot:ConnectAttributes",
        "iot:Connection.Thing.ThingName",
        "iot:Certificate.Subject.Country.List",
        "iot:LastWillTopic",
        "iot:Connection.Thing.IsAttached",
    ]);
    let value = prop::sample::select(vec![
        "a",
        "A",
        "a*",
        "?",
        "b",
        "PersistentConnect",
        "LastWill",
        "true",
        "${iot:ClientId}",
        "*topic/a",
        "ab",
    ]);
    (quantifier, text_operator, suffix, key, prop::collection::vec(value, 1..3)).prop_map(
        |(quantifier, operator, suffix, key, values)| {
            let values = values.into_iter().map(str::to_owned).collect();
            (format!("{quantifier}{operator}{suffix}"), key.to_owned(), values)
        },
    )
}

fn any_statement() -> impl Strategy<Value = Value> {
    let effect = prop::sample::select(vec!["Allow", "Allow", "Deny"]);
    let action =
        prop::sample::select(vec!["iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive", "iot:*"]);
    let key = prop::sample::select(vec!["Resource", "Resource", "Resource", "NotResource"]);
    let resources = prop::collection::vec(resource(), 1..4);
    let conditions = prop::collection::vec(any_condition(), 0..2);
    (effect, prop::collection::vec(action, 1..3), key, resources, conditions).prop_map(
        |(effect, actions, key, resources, conditions)| {
            let mut statement = json!({"Effect": effect, "Action": actions, key: resources});
            for (operator, key, values) in conditions {
                statement["Condition"][operator][key] = json!(values);
            }
            statement
        },
    )
}

fn any_facts() -> impl Strategy<Value = String> {
    let id = || prop::sample::select(vec!["a", "b", "ab", "*", "a?", "+", "ü"]);
    let optional = |text: &'static str| prop::sample::select(vec!["", text]);
    let client = prop::option::of(id());
    (
        client,
        prop::option::of(id()),
        optional("exclusive"),
        optional("persistent"),
        prop::option::of(id()),
        0..3_usize,
    )
        .prop_map(|(client, thing, exclusive, persistent, will, countries)| {
            let mut facts = format!("{persistent} ");
            client.into_iter().for_each(|id| facts.push_str(&format!("client-id={id} ")));
            if let Some(thing) = thing {
                facts.push_str(&format!("thing={thing} {exclusive} "));
            }
            will.into_iter().for_each(|topic| facts.push_str(&format!("will={topic} ")));
            ["US", "DE"][..countries].iter().for_each(|c| facts.push_str(&format!("subject.Country={c} ")));
            facts
        })
}

fn any_semantics() -> impl Strategy<Value = Semantics> {
    let unresolved = prop::sample::select(vec![UnresolvedVariable::Text, UnresolvedVariable::Fail]);
    let wildcards = prop::sample::select(vec![SubstitutedWildcard::Text, SubstitutedWildcard::Act]);
    (unresolved, wildcards).prop_map(|(unresolved_variable, substituted_wildcard)| Semantics {
        unresolved_variable,
        substituted_wildcard,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn both_evaluators_agree(
        statements in prop::collection::vec(any_statement(), 1..5),
        facts in any_facts(),
        action in prop::sample::select(vec![Action::Connect, Action::Publish, Action::Subscribe, Action::Receive]),
        name in "[ab/*?+#ü$]{0,6}",
        semantics in any_semantics(),
    ) {
        let account = Account::default();
        let documents: Vec<Value> = statements
            .chunks(2)
            .map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
            .collect();
        let policies: Vec<Policy> = documents
            .iter()
            .map(|document| Policy::parse(&document.to_string(), &account).unwrap())
            .collect();
        let owned = OwnedFacts::parse(&facts).unwrap();
        let request = Request::new(action, &name);
        let found = evaluate(&policies, request, &owned.facts(&account), semantics).decision.as_str();
        let arn = request.resource.arn(&account).to_string();
        let documents: Vec<Document> = documents.iter().map(naive).collect();
        let second =
            naive_policy::decide(&documents, action.text(), &arn, &known(&facts), rules(semantics));
        prop_assert_eq!(found, second.as_str());
    }

    #[test]
    fn no_document_brings_the_parser_down(text in ".{0,80}", resource in ".{0,40}") {
        let account = Account::default();
        let _ = Policy::parse(&text, &account);
        let document = json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "*", "Resource": format!("arn:aws:iot:r:a:topic/{resource}")}});
        if let Ok(policy) = Policy::parse(&document.to_string(), &account) {
            let owned = OwnedFacts::parse("client-id=a").unwrap();
            let request = Request::new(Action::Publish, &resource);
            let _ = explain(&[("p", &policy)], request, &owned.facts(&account), semantics()).to_string();
        }
    }
}
