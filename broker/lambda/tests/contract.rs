//! What a function may do, what it may not, and how each failure is told.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_lambda::{CompileError, Lambda, LambdaError, Limits};

fn invoke(source: &str, event: &Value) -> Result<Value, LambdaError> {
    Lambda::compile("f", source).unwrap_or_else(|error| panic!("{source}: {error}")).invoke(event)
}

fn failed(message: &str, line: usize) -> LambdaError {
    LambdaError::Failed { message: message.to_owned(), line }
}

#[test]
fn a_handler_answers_with_json() {
    for (source, event, answer) in [
        ("fn handler(event) { event.a + event.b }", json!({"a": 2, "b": 3}), json!(5)),
        ("fn handler(event) { }", json!(1), json!(null)),
        ("fn handler(event) { event?.a?.b }", json!({}), json!(null)),
        ("fn twice(n) { n * 2 } fn handler(event) { twice(event) }", json!(21), json!(42)),
        ("fn handler(event) { 'x' }", json!(null), json!("x")),
        ("fn handler(event) { event.keys() }", json!({"b": 1, "a": 2, "C": 3}), json!(["C", "a", "b"])),
        ("fn handler(event) { event.to_upper() }", json!("abc"), json!("ABC")),
        (
            "fn is_big(n) { n > 2 } fn handler(event) { event.filter(Fn(\"is_big\")) }",
            json!([1, 3]),
            json!([3]),
        ),
        ("fn handler(event) { base64_encode(event) }", json!("test"), json!("dGVzdA==")),
        ("fn handler(event) { base64_decode(event) }", json!("dGVzdA=="), json!("test")),
        ("fn handler(event) { parse_json(event).a }", json!("{\"a\":[1,null]}"), json!([1, null])),
        (
            "fn handler(event) { to_json(event) }",
            json!({"b": "\n", "a": 1.5}),
            json!("{\"a\":1.5,\"b\":\"\\n\"}"),
        ),
        ("fn handler(event) { to_json(event) }", json!([1, "x"]), json!("[1,\"x\"]")),
        ("fn handler(event) { parse_int(event) + 1 }", json!("41"), json!(42)),
        ("fn handler(event) { to_int(round(event)) }", json!(2.5), json!(3)),
        ("fn handler(event) { event.t > 20.0 }", json!({"t": 21.5}), json!(true)),
        ("fn handler(event) { try { throw 1 } catch(e) { return e + 1; } }", json!(null), json!(2)),
    ] {
        assert_eq!(invoke(source, &event), Ok(answer), "{source}");
    }
}

#[test]
fn a_failure_names_its_message_and_line() {
    for (source, error) in [
        ("fn handler(event) {\n throw \"no\";\n}", failed("no", 2)),
        ("fn handler(event) {\n throw #{code: 7};\n}", failed("{\"code\":7}", 2)),
        ("fn inner() {\n throw \"deep\";\n}\nfn handler(event) {\n inner()\n}", failed("deep", 2)),
        ("fn handler(event) {\n missing(1)\n}", failed("Function not found: missing (i64)", 2)),
        ("fn handler(event) {\n\n 1 / 0 }", failed("Division by zero: 1 / 0", 3)),
        (
            "fn handler(event) { base64_decode(\"gA==\") }",
            failed("base64_decode: the bytes are no UTF-8 text", 1),
        ),
    ] {
        assert_eq!(invoke(source, &Value::Null), Err(error), "{source}");
    }
}

#[test]
fn an_endless_loop_times_out() {
    for source in [
        "fn handler(event) {\n loop {}\n}",
        "fn handler(event) {\n loop { try { loop {} } catch { } }\n}",
        "fn handler(event) { let n = 0;\n while true { n += 1; } n }",
        "loop {} fn handler(event) { }",
    ] {
        let error = invoke(source, &Value::Null).unwrap_err();
        let LambdaError::TimedOut { operations, .. } = &error else { panic!("{source}: {error:?}") };
        assert_eq!(*operations, Limits::DEFAULT_OPERATIONS);
        assert!(error.to_string().starts_with("timed out after 100000 operations"), "{error}");
    }
}

#[test]
fn recursion_is_bounded() {
    for source in ["fn f(n) { f(n + 1) } fn handler(event) { f(0) }", "fn handler(event) { handler(event) }"]
    {
        let error = invoke(source, &Value::Null).unwrap_err();
        assert!(matches!(error, LambdaError::CallsTooDeep { levels: 32, .. }), "{source}: {error:?}");
    }
    let deep_enough = "fn f(n) { if n == 0 { 0 } else { 1 + f(n - 1) } } fn handler(event) { f(30) }";
    assert_eq!(invoke(deep_enough, &Value::Null), Ok(json!(30)));
}

#[test]
fn sizes_are_bounded() {
    for source in [
        "fn handler(event) { let s = \"x\"; loop { s += s; } }",
        "fn handler(event) { let s = \"\"; s.pad(100000000, 'x'); s }",
        "fn handler(event) { let a = []; loop { a.push(1); } }",
        "fn handler(event) { let a = []; a.pad(100000000, 1); a }",
        "fn handler(event) { let a = []; loop { a = [a]; } }",
        "fn handler(event) { let a = 1; loop { a = #{ x: [a] }; } }",
        "fn handler(event) { let m = #{}; loop { let n = #{}; n.x = m; m = n; } }",
    ] {
        let error = invoke(source, &Value::Null).unwrap_err();
        assert!(matches!(error, LambdaError::TooLarge { .. }), "{source}: {error:?}");
    }
}

#[test]
fn an_answer_that_is_no_json_has_its_own_error() {
    for (source, place) in [
        ("fn g() {} fn handler(event) { Fn(\"g\") }", "$: "),
        ("fn handler(event) { #{ a: [1, 0.0 / 0.0] } }", "$.a[1]: "),
        ("fn handler(event) { 1.0 / 0.0 }", "$: "),
        ("fn handler(event) { let a = 1; for i in 0..200 { a = [a]; } a }", "it is nested"),
    ] {
        let error = invoke(source, &Value::Null).unwrap_err();
        let LambdaError::Answer { message } = &error else { panic!("{source}: {error:?}") };
        assert!(message.starts_with(place), "{message}");
    }
}

#[test]
fn an_event_that_no_script_can_hold_is_refused() {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    for (event, place) in [
        (json!(u64::MAX), "$: "),
        (json!({"a": {"b": [0, 9_223_372_036_854_775_808_u64]}}), "$.a.b[1]: "),
        (deep, "it is nested"),
    ] {
        let error = invoke("fn handler(event) { event }", &event).unwrap_err();
        let LambdaError::Event { message } = &error else { panic!("{error:?}") };
        assert!(message.starts_with(place), "{message}");
    }
    assert_eq!(invoke("fn handler(event) { event }", &json!(i64::MIN)), Ok(json!(i64::MIN)));
}

#[test]
fn what_would_make_runs_differ_does_not_compile() {
    for source in [
        "fn handler(event) { eval(\"1\") }",
        "import \"os\" as os; fn handler(event) { }",
        "export x; fn handler(event) { }",
        "fn handler(event) { [1].map(|x| x) }",
        "fn handler(event) { Fn(\"handler\").curry(1) }",
        "fn handler(event) { 2.0 ** 0.5 }",
        "fn handler(event) { not_declared }",
    ] {
        assert!(Lambda::compile("f", source).is_err(), "{source}");
    }
}

#[test]
fn what_would_make_runs_differ_cannot_be_called_either() {
    for call in [
        "timestamp()",
        "sleep(1)",
        "sleep(0.1)",
        "exit()",
        "sin(1.0)",
        "exp(1.0)",
        "get_fn_metadata_list()",
        "rand()",
        "call(Fn(\"eval\"), \"1\")",
        "Fn(\"sleep\").call(1)",
        "Fn(\"timestamp\").call()",
        "Fn(\"**\").call(2.0, 0.5)",
        "Fn(\"curry\").call(Fn(\"handler\"), 1)",
    ] {
        let source = format!("fn handler(event) {{ {call} }}");
        // A name that the parser knows is refused at once, any other when it is called.
        if let Ok(lambda) = Lambda::compile("f", &source) {
            let answer = lambda.invoke(&Value::Null);
            assert!(matches!(answer, Err(LambdaError::Failed { .. })), "{call}: {answer:?}");
        }
    }
}

#[test]
fn print_says_nothing_and_does_no_harm() {
    assert_eq!(invoke("fn handler(event) { print(event); debug(event); 1 }", &json!("x")), Ok(json!(1)));
}

#[test]
fn no_state_survives_an_invocation() {
    let source = "let count = 0; fn handler(event) { let seen = [event]; seen.push(seen.len()); seen }";
    let lambda = Lambda::compile("f", source).unwrap();
    for event in [json!(1), json!(2), json!(1)] {
        assert_eq!(lambda.invoke(&event), Ok(json!([event, 1])));
    }
}

#[test]
fn a_script_without_a_handler_is_no_function() {
    let check = |source: &str, line, column, message: &str| {
        let error = Lambda::compile("auth", source).unwrap_err();
        let expected = CompileError { function: "auth".into(), line, column, message: message.into() };
        assert_eq!(error, expected, "{source}");
    };
    check("", 0, 0, "there is no `fn handler(event)`");
    check("fn handle(event) { }", 0, 0, "there is no `fn handler(event)`");
    check("private fn handler(event) { }", 0, 0, "there is no `fn handler(event)`");
    check("fn handler() { }", 0, 0, "`fn handler` takes 0 arguments; it takes one, the event");
    check("fn handler(a, b) { }", 0, 0, "`fn handler` takes 2 arguments; it takes one, the event");
    check("fn handler(event) {\n  let = 3;\n}", 2, 7, "Expecting name of a variable");
}

#[test]
fn a_compile_error_reads_as_a_sentence() {
    let error = Lambda::compile("auth", "fn handler(event) {\n  1 +\n}").unwrap_err();
    assert!(error.to_string().starts_with("function \"auth\", line 3, column 1: "), "{error}");
}

#[test]
fn limits_are_the_function_s_own() {
    let limits = Limits { operations: 50, ..Limits::DEFAULT };
    let source = "fn handler(event) { for i in 0..event { } event }";
    let lambda = Lambda::compile_with("f", source, limits).unwrap();
    assert_eq!(lambda.limits(), limits);
    assert_eq!(lambda.invoke(&json!(1)), Ok(json!(1)));
    assert!(matches!(lambda.invoke(&json!(100)), Err(LambdaError::TimedOut { operations: 50, .. })));
}

#[test]
fn a_function_can_be_handed_to_another_thread() {
    fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Lambda>();
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has finite numbers", |float| float.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn an_event_comes_back_as_it_went_in(event in arbitrary_json()) {
        let answer = invoke("fn handler(event) { event }", &event);
        prop_assert_eq!(answer, Ok(event));
    }

    #[test]
    fn the_same_event_gives_the_same_text(event in arbitrary_json()) {
        let source = "fn handler(event) { #{ again: event, text: to_json(event), kind: type_of(event) } }";
        let first = invoke(source, &event).map(|answer| answer.to_string());
        let second = invoke(source, &event).map(|answer| answer.to_string());
        prop_assert!(first.is_ok());
        prop_assert_eq!(first, second);
    }

    #[test]
    fn no_source_makes_the_compiler_panic(source in "[ -~\\n]{0,200}") {
        if let Ok(lambda) = Lambda::compile("f", &source) {
            let _ = lambda.invoke(&Value::Null);
        }
    }
}
