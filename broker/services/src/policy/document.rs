//! A policy document: JSON text read, checked and compiled in one go, or refused as a whole.

use serde_json::{Map, Value};
use squall_profile::switch::UnresolvedVariable;

use super::action::{Action, ActionSet};
use super::arn::{ARN_PARTS, Account, ResourceKind, split_arn};
use super::condition::{Condition, Expected};
use super::error::PolicyError;
use super::evaluate::{Request, Semantics};
use super::facts::Facts;
use super::operator::{self, Operator, OperatorError};
use super::pattern::{Case, Pattern, Wildcards};
use super::variable::{KNOWN, Variable};

/// The longest document, white space not counted (`broker.md` 7.2).
pub const MAX_DOCUMENT_CHARACTERS: usize = 2048;

/// The only version of the language that IoT policies have (`broker.md` 9.1).
const VERSION: &str = "2012-10-17";

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever other statements allow.
    Deny,
}

/// A compiled policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    statements: Box<[Statement]>,
    needs: Needs,
}

/// Which facts policies ask for beside the client id: who evaluates need not look up the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Anything of the certificate.
    pub certificate: bool,
    /// Whether there is a thing, and its name.
    pub thing: bool,
    /// The thing's type or attributes.
    pub thing_details: bool,
    /// The address that the connection comes from.
    pub source_ip: bool,
}

impl core::ops::BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            certificate: self.certificate | other.certificate,
            thing: self.thing | other.thing,
            thing_details: self.thing_details | other.thing_details,
            source_ip: self.source_ip | other.source_ip,
        }
    }
}

impl Needs {
    fn of(variable: &Variable) -> Self {
        match variable {
            Variable::ThingName | Variable::ThingIsAttached => Self { thing: true, ..Self::default() },
            Variable::ThingTypeName | Variable::ThingAttribute(_) => {
                Self { thing: true, thing_details: true, ..Self::default() }
            }
            Variable::CertificateId
            | Variable::CertificateSerialNumber
            | Variable::CertificateAvailableKeys
            | Variable::Certificate(..) => Self { certificate: true, ..Self::default() },
            Variable::SourceIp => Self { source_ip: true, ..Self::default() },
            Variable::ClientId
            | Variable::ConnectAttributes
            | Variable::LastWillTopic
            | Variable::VpcEndpoint => Self::default(),
        }
    }
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sid: Option<Box<str>>,
    pub(super) effect: Effect,
    actions: ActionSet,
    /// `NotResource`: applies to what none of the resources covers.
    pub(super) inverted: bool,
    pub(super) resources: Box<[ResourcePattern]>,
    pub(super) conditions: Box<[Condition]>,
    has_variables: bool,
}

/// One resource of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResourcePattern {
    /// As the document spells it, to read.
    pub(super) spelling: Box<str>,
    pub(super) whole: Pattern,
    /// Where the beginning is that of the account's ARNs of one kind: the kind, and what is left to match of the name.
    of_kind: Option<(ResourceKind, Pattern)>,
}

impl ResourcePattern {
    pub(super) fn covers(&self, request: Request<'_>, facts: &Facts<'_>, semantics: Semantics) -> bool {
        match &self.of_kind {
            Some((kind, rest)) => {
                *kind == request.resource.kind
                    && rest.matches(["", request.resource.name], Case::Counts, facts, semantics)
            }
            None => self.whole.matches(request.resource.text(facts.account), Case::Counts, facts, semantics),
        }
    }
}

impl Statement {
    pub(super) fn names(&self, action: Action) -> bool {
        self.actions.contains(action)
    }

    pub(super) fn covers(&self, request: Request<'_>, facts: &Facts<'_>, semantics: Semantics) -> bool {
        self.resources.iter().any(|resource| resource.covers(request, facts, semantics)) != self.inverted
    }

    /// D-23 `fail`: a statement with a variable that has no value does not apply.
    pub(super) fn fails_unresolved(&self, facts: &Facts<'_>, semantics: Semantics) -> bool {
        semantics.unresolved_variable == UnresolvedVariable::Fail && self.has_unresolved(facts)
    }

    fn has_unresolved(&self, facts: &Facts<'_>) -> bool {
        self.has_variables
            && self
                .patterns()
                .any(|pattern| pattern.variables().any(|variable| facts.value(variable).is_none()))
    }

    pub(super) fn applies(&self, request: Request<'_>, facts: &Facts<'_>, semantics: Semantics) -> bool {
        self.names(request.action)
            && self.covers(request, facts, semantics)
            && self.conditions.iter().all(|condition| condition.holds(facts, semantics))
            && !self.fails_unresolved(facts, semantics)
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let compared =
            self.conditions.iter().flat_map(|condition| &condition.expected).flat_map(Expected::patterns);
        self.resources.iter().map(|resource| &resource.whole).chain(compared)
    }

    /// Every variable that it names, as a key or in a text.
    fn variables(&self) -> impl Iterator<Item = &Variable> {
        let keys = self.conditions.iter().map(|condition| &condition.key);
        self.patterns().flat_map(Pattern::variables).chain(keys)
    }
}

impl Policy {
    /// Reads and compiles a document for an account.
    ///
    /// # Errors
    /// What is wrong and where. Nothing of the document is kept.
    pub fn parse(text: &str, account: &Account) -> Result<Self, PolicyError> {
        let characters = text.chars().filter(|character| !character.is_whitespace()).count();
        if characters > MAX_DOCUMENT_CHARACTERS {
            let message = format!(
                "the document has {characters} characters without white space, at most {MAX_DOCUMENT_CHARACTERS} are allowed"
            );
            return Err(PolicyError::malformed("document", message));
        }
        let root: Value = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            PolicyError::malformed(place, format!("not JSON: {error}"))
        })?;
        let root = object(&root, "document", &["Version", "Id", "Statement"])?;
        match root.get("Version") {
            Some(Value::String(version)) if version == VERSION => {}
            Some(found) => {
                return Err(PolicyError::malformed(
                    "Version",
                    format!("found {found}, only {VERSION:?} is allowed"),
                ));
            }
            None => {
                return Err(PolicyError::malformed("Version", format!("missing; it must be {VERSION:?}")));
            }
        }
        let statements: Box<[Statement]> = match root.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements
                .iter()
                .enumerate()
                .map(|(index, statement)| parse_statement(statement, &format!("Statement[{index}]"), account))
                .collect::<Result<_, _>>()?,
            Some(statement @ Value::Object(_)) => [parse_statement(statement, "Statement", account)?].into(),
            Some(found) => {
                let message = format!("found {found}, a list of at least one statement is needed");
                return Err(PolicyError::malformed("Statement", message));
            }
            None => return Err(PolicyError::malformed("Statement", "missing")),
        };
        let named = statements.iter().flat_map(Statement::variables);
        let needs = named.fold(Needs::default(), |needs, variable| needs | Needs::of(variable));
        Ok(Self { statements, needs })
    }

    pub(super) fn has_unresolved(&self, facts: &Facts<'_>) -> bool {
        self.statements.iter().any(|statement| statement.has_unresolved(facts))
    }

    /// Which facts the document asks for.
    #[must_use]
    pub const fn needs(&self) -> Needs {
        self.needs
    }

    pub(super) fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

fn parse_statement(value: &Value, place: &str, account: &Account) -> Result<Statement, PolicyError> {
    if value.get("NotAction").is_some() {
        let message = "whether IoT policies take NotAction is not known; name the actions";
        return Err(PolicyError::not_modelled(format!("{place}.NotAction"), message));
    }
    let keys = ["Sid", "Effect", "Action", "Resource", "NotResource", "Condition"];
    let statement = object(value, place, &keys)?;
    let sid = match statement.get("Sid") {
        None => None,
        Some(Value::String(sid)) => Some(sid.as_str().into()),
        Some(found) => {
            return Err(PolicyError::malformed(format!("{place}.Sid"), format!("found {found}, not text")));
        }
    };
    let effect = match statement.get("Effect") {
        Some(Value::String(effect)) if effect == "Allow" => Effect::Allow,
        Some(Value::String(effect)) if effect == "Deny" => Effect::Deny,
        found => {
            let found = found.map_or_else(|| "nothing".into(), Value::to_string);
            let message = format!("found {found}, allowed are \"Allow\" and \"Deny\"");
            return Err(PolicyError::malformed(format!("{place}.Effect"), message));
        }
    };
    let actions = parse_actions(statement, place)?;
    let (key, inverted) = match (statement.contains_key("Resource"), statement.contains_key("NotResource")) {
        (true, false) => ("Resource", false),
        (false, true) => ("NotResource", true),
        _ => return Err(PolicyError::malformed(place, "needs either Resource or NotResource")),
    };
    let mut resources = Vec::new();
    for (text, place) in texts(statement.get(key), format!("{place}.{key}"))? {
        resources
            .push(parse_resource(text, account).map_err(|message| PolicyError::malformed(place, message))?);
    }
    let conditions = match statement.get("Condition") {
        None => Box::default(),
        Some(value) => parse_conditions(value, &format!("{place}.Condition"))?.into(),
    };
    let mut statement = Statement {
        sid,
        effect,
        actions,
        inverted,
        resources: resources.into(),
        conditions,
        has_variables: false,
    };
    let has_variables = statement.patterns().any(|pattern| pattern.variables().next().is_some());
    statement.has_variables = has_variables;
    Ok(statement)
}

fn parse_actions(statement: &Map<String, Value>, place: &str) -> Result<ActionSet, PolicyError> {
    let mut actions = ActionSet::default();
    for (text, place) in texts(statement.get("Action"), format!("{place}.Action"))? {
        match (text, Action::from_text(text)) {
            ("*" | "iot:*", _) => actions.extend(ActionSet::ALL),
            (_, Some(action)) => actions.insert(action),
            (_, None) => {
                let known: Vec<_> = Action::ALL.iter().map(|action| action.text()).collect();
                let message = format!("unknown action {text:?}; known are *, iot:*, {}", known.join(", "));
                return Err(PolicyError::malformed(place, message));
            }
        }
    }
    Ok(actions)
}

fn parse_resource(text: &str, account: &Account) -> Result<ResourcePattern, String> {
    let whole = Pattern::parse(text, Wildcards::Act)?;
    // A pattern that may begin with anything needs no ARN's shape; all others must be able to be one.
    if !text.starts_with('*') {
        let is_whole = split_arn(text).len() == ARN_PARTS || text.contains('*');
        if !(text.starts_with("arn:") && is_whole) {
            return Err(format!(
                "{text:?} is no ARN: arn:PARTITION:iot:REGION:ACCOUNT:KIND/NAME or * is needed, with a KIND such as {}",
                ResourceKind::names()
            ));
        }
    }
    let of_kind = ResourceKind::NAMED
        .iter()
        .find_map(|&kind| whole.without_head(account.head(kind)).map(|rest| (kind, rest)));
    Ok(ResourcePattern { spelling: text.into(), whole, of_kind })
}

fn parse_conditions(value: &Value, place: &str) -> Result<Vec<Condition>, PolicyError> {
    let Value::Object(operators) = value else {
        return Err(PolicyError::malformed(
            place,
            format!("found {value}, an object of operators is needed"),
        ));
    };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let place = format!("{place}.{name}");
        let operator = Operator::parse(name).map_err(|error| match error {
            OperatorError::Unknown => {
                PolicyError::malformed(&place, format!("unknown operator; known are {}", operator::KNOWN))
            }
            OperatorError::NotModelled => {
                PolicyError::not_modelled(&place, "no key of an IoT policy has such values")
            }
        })?;
        let Value::Object(keys) = keys else {
            return Err(PolicyError::malformed(place, format!("found {keys}, an object of keys is needed")));
        };
        for (key, value) in keys {
            let place = format!("{place}.{key}");
            let variable = Variable::from_key(key).ok_or_else(|| {
                let message = format!(
                    "unknown key; known are iot:ConnectAttributes, iot:LastWillTopic, \
                     aws:SourceVpc, aws:SourceVpce, aws:VpcSourceIp, {KNOWN}"
                );
                PolicyError::malformed(&place, message)
            })?;
            let mut expected = Vec::new();
            for (text, place) in texts(Some(value), place)? {
                let parsed = Expected::parse(operator.comparison, text);
                expected.push(parsed.map_err(|message| PolicyError::malformed(place, message))?);
            }
            let spelling = format!("{name} {key} {value}").into();
            conditions.push(Condition { operator, key: variable, expected, spelling });
        }
    }
    Ok(conditions)
}

/// The object in `value`, if all its keys are among `allowed`.
fn object<'v>(
    value: &'v Value,
    place: &str,
    allowed: &[&str],
) -> Result<&'v Map<String, Value>, PolicyError> {
    let Value::Object(object) = value else {
        return Err(PolicyError::malformed(place, format!("found {value}, an object is needed")));
    };
    match object.keys().find(|key| !allowed.contains(&key.as_str())) {
        None => Ok(object),
        Some(key) => {
            let message = format!("unknown key {key:?}, allowed are {}", allowed.join(", "));
            Err(PolicyError::malformed(place, message))
        }
    }
}

/// One text or a list of at least one, each with its place. `true` and `false` count as text, since `Bool` takes both.
fn texts(value: Option<&Value>, place: String) -> Result<Vec<(&str, String)>, PolicyError> {
    match value {
        None => Err(PolicyError::malformed(place, "missing")),
        Some(Value::Array(list)) if list.is_empty() => {
            Err(PolicyError::malformed(place, "the list is empty"))
        }
        Some(Value::Array(list)) => {
            list.iter().enumerate().map(|(index, value)| text(value, format!("{place}[{index}]"))).collect()
        }
        Some(value) => Ok(vec![text(value, place)?]),
    }
}

fn text(value: &Value, place: String) -> Result<(&str, String), PolicyError> {
    match value {
        Value::String(text) => Ok((text, place)),
        Value::Bool(true) => Ok(("true", place)),
        Value::Bool(false) => Ok(("false", place)),
        found => Err(PolicyError::malformed(place, format!("found {found}, text is needed"))),
    }
}
