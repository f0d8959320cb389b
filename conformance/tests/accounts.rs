//! The account of a case: what is wrong in one is told with its place, and what is right counts.

use std::net::TcpListener;

use squall_conformance::case::{self, Case};
use squall_conformance::deviation::Deviations;
use squall_conformance::run::RunOptions;
use squall_conformance::target::{Sim, Socket, Target};
use squall_conformance::verdict::judge;
use squall_results::{CaseResult, CaseVerdict};

fn file(account: &str, steps: &str) -> String {
    format!(
        "suite = \"aws-policy\"\nabout = \"A file.\"\n\n[[case]]\naddress = \"aws-policy/a/1\"\n\
         requirement = [\"broker.md 9.1\"]\nlevel = \"must\"\nabout = \"A case.\"\n\
         account = '''\n{account}\n'''\nsteps = '''\n{steps}\n'''\n"
    )
}

fn problems(account: &str, steps: &str) -> Vec<String> {
    match case::parse("f.toml", &file(account, steps)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

fn run(account: &str, steps: &str, target: &dyn Target) -> CaseResult {
    let cases = case::parse("f.toml", &file(account, steps)).unwrap();
    let cases: Vec<&Case> = cases.iter().collect();
    judge(&cases, target, &Deviations::none(), &RunOptions::default(), |_| true).unwrap().remove(0)
}

#[test]
fn mistakes_have_a_place() {
    for (account, problem) in [
        ("polcy p Allow iot:Connect *", "no line of an account is called 'polcy'; did you mean 'policy'?"),
        ("policy", "'policy' needs a name"),
        ("policy p Allow iot:Connect", "'Allow iot:Connect' is no statement"),
        ("policy p", "'' is no statement"),
        ("certificate s status=OFF", "no state of certificates is called 'OFF'"),
        ("certificate s ip=here", "'here' is no address"),
        ("certificate s subject.Shoe=44", "no certificate has a 'subject.Shoe'"),
        ("certificate s policy=p", "'certificate' has no 'policy' here"),
        ("link s", "a link has certificate=NAME, iam=POLICY, 'credentials' or 'trusted'"),
        ("thing t exclusive", "'thing' has no 'exclusive' here"),
        ("ca c template=a body=b", "a CA has template=NAME or body=NAME, not both"),
        ("ca c stopped", "'ca' has no 'stopped' here"),
        ("certificate s ends=soon", "'soon' is no duration"),
        ("template t", "a template has thing=NAME, policy=NAME or both, or is written in JSON"),
        ("template t jtip thing=x", "'template' has no 'jtip' here"),
        ("rule r filter=a/+", "a rule has function=..."),
    ] {
        let found = problems(&format!("# A comment.\n{account}"), "s open");
        assert_eq!(found.len(), 1, "{account}: {found:#?}");
        let start = format!("f.toml:11: aws-policy/a/1: account: {problem}");
        assert!(found[0].starts_with(&start), "{}\n{start}", found[0]);
    }
}

#[test]
fn steps_and_account_fit_together() {
    for (account, steps, problem) in [
        ("link x trusted", "s open", "account: no step opens the link 'x'"),
        ("certificate s", "s open\nauthorizer s refuses", "steps: no authorizer is asked about 's'"),
        ("certificate s", "s open\nasked s == 0", "steps: no authorizer is asked about 's'"),
        ("certificate s", "s open\nhook check allows", "steps: neither a hook nor a rule invokes 'check'"),
        ("certificate s", "s open\ninvoked check == 0", "steps: neither a hook nor a rule invokes 'check'"),
    ] {
        let found = problems(account, steps);
        assert!(found.len() == 1 && found[0].contains(problem), "{found:#?}");
    }
    assert_eq!(problems("link c2 trusted", "c# > 2 x CONNECT id=c# clean"), Vec::<String>::new());
}

#[test]
fn an_account_that_cannot_be_set_up_fails_its_case() {
    for (account, word) in [
        ("certificate s policies=p", "ResourceNotFoundException"),
        ("group a in=b\ncertificate s", "ResourceNotFoundException"),
        ("policy p {}\ncertificate s", "MalformedPolicyException"),
        ("link s iam=p", "no policy 'p'"),
        ("template t {}\ncertificate s", "InvalidRequestException"),
        ("ca c body=none\ncertificate s", "the account has no template 'none'"),
        ("ca c\nca c\ncertificate s", "ResourceAlreadyExistsException"),
        ("link s certificate=$none", "nothing was noted as $none so far"),
    ] {
        let result = run(account, "s open", &Sim::default());
        assert_eq!(result.verdict, CaseVerdict::Failed, "{account}");
        let actual = result.failure.unwrap().actual;
        assert!(actual.contains(word), "{actual}");
    }
}

/// A link that opens again shows the certificate that it showed before; one without an account a new one each time.
#[test]
fn a_link_keeps_its_certificate() {
    let steps = "o > CONNECT id=o clean\no < CONNACK code=00\n\
                 o > SUBSCRIBE id=1 filter=$aws/events/presence/connected/+:0\no < SUBACK id=1 codes=00\n\
                 s > CONNECT id=s clean\ns < CONNACK code=00\no < PUBLISH json.principalIdentifier=$id\n\
                 s drop\nadvance 1s\ns open\ns > CONNECT id=s clean\ns < CONNACK code=00\n\
                 o < PUBLISH json.principalIdentifier=$id";
    let known = "policy p Allow iot:* *\ncertificate s policies=p";
    for (account, verdict) in [(known, CaseVerdict::Ok), ("link s trusted", CaseVerdict::Failed)] {
        let result = run(account, steps, &Sim::default());
        assert_eq!(result.verdict, verdict, "{account}: {:#?}", result.failure);
    }
}

/// Each case holds as it is, and fails with one expectation turned round.
#[test]
fn wrong_expectations_are_caught() {
    let account = "policy p Allow iot:Connect *\nauthorizer house default\ncertificate s policies=p\nlink t credentials";
    let steps = "s > CONNECT v5 id=s clean\ns < CONNACK code=00\n\
                 s > PUBLISH topic=t qos=1 id=1 payload=m\ns < PUBACK code=87\n\
                 denial IMPLICIT_DENY == 1\n\
                 call AttachPolicy policy=q certificate=s -> ResourceNotFoundException\n\
                 t > CONNECT v4 id=t clean user=ada\nasked t == 1\nauthorizer t heard protocolData.mqtt.username=ada\n\
                 authorizer t refuses\nt < close AUTH_ERROR\nreason NOT_AUTHENTICATED == 1";
    assert_eq!(run(account, steps, &Sim::default()).verdict, CaseVerdict::Ok);
    for (from, to) in [
        ("PUBACK code=87", "PUBACK code=00"),
        ("denial IMPLICIT_DENY == 1", "denial EXPLICIT_DENY == 1"),
        (" -> ResourceNotFoundException", ""),
        ("ResourceNotFoundException", "LimitExceededException"),
        ("asked t == 1", "asked t == 2"),
        ("username=ada\nauthorizer", "username=eve\nauthorizer"),
        ("t refuses", "t grants policies=p"),
        ("NOT_AUTHENTICATED == 1", "NOT_AUTHENTICATED == 0"),
    ] {
        let wrong = steps.replacen(from, to, 1);
        assert_ne!(wrong, steps, "{from}");
        assert_eq!(run(account, &wrong, &Sim::default()).verdict, CaseVerdict::Failed, "{to}");
    }
}

#[test]
fn a_target_of_others_has_no_account_to_set_up() {
    // Nobody answers there, and nobody is asked.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let socket = Socket::new(&format!("mqtt://{address}")).unwrap();
    let result = run("certificate s", "s open\ns < nothing", &socket);
    assert_eq!(result.verdict, CaseVerdict::Skipped);
    let word = "needs an account of its own: policies, certificates, authorizers";
    assert_eq!(result.why.as_deref(), Some(word));
}
