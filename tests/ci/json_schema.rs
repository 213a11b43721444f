//! A checker of JSON documents against a JSON Schema (draft 7), which it reads itself. It knows the keywords
//! that the schema of SARIF uses, and refuses a schema with any other: nothing passes because it was not
//! understood.

use serde_json::Value;

/// Keywords that say nothing about validity.
const REMARKS: &[&str] = &["$schema", "$id", "title", "description", "default", "definitions"];

/// Returns everything in a document that the schema does not allow, each with its path.
pub fn violations(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, document, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let mut wrong = |what: String| found.push(format!("{path}: {what}"));
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "type" => {
                if !is_of_type(wanted.as_str().expect("one type"), value) {
                    wrong(format!("{value} is no {wanted}"));
                }
            }
            "enum" => {
                if !list(wanted).contains(value) {
                    wrong(format!("{value} is none of {wanted}"));
                }
            }
            "minimum" => {
                if value.as_f64().is_some_and(|number| number < wanted.as_f64().expect("a number")) {
                    wrong(format!("{value} is less than {wanted}"));
                }
            }
            "minItems" => {
                let len = value.as_array().map(|items| items.len() as u64);
                if len.is_some_and(|len| len < wanted.as_u64().expect("a number")) {
                    wrong(format!("it has fewer than {wanted} items"));
                }
            }
            "uniqueItems" => {
                let items = value.as_array().filter(|_| wanted == &Value::Bool(true));
                let repeats =
                    |items: &Vec<Value>| (1..items.len()).any(|at| items[..at].contains(&items[at]));
                if items.is_some_and(repeats) {
                    wrong("it has an item twice".to_owned());
                }
            }
            "required" => {
                for name in list(wanted) {
                    if value.is_object() && value.get(name.as_str().expect("a name")).is_none() {
                        wrong(format!("{name} is missing"));
                    }
                }
            }
            "format" => {
                if value.as_str().is_some_and(|text| !is_of_format(wanted.as_str().expect("a name"), text)) {
                    wrong(format!("{value} is no {wanted}"));
                }
            }
            "pattern" => assert!(!value.is_string(), "{path}: patterns are not checked, and {value} has one"),
            "$ref" | "properties" | "additionalProperties" | "items" | "anyOf" | "oneOf" => {}
            remark if REMARKS.contains(&remark) => {}
            other => panic!("the schema has a keyword that is not known here: {other}"),
        }
    }
    check_parts(root, schema, value, path, found);
}

/// Checks a value against the schemas that stand inside a schema.
fn check_parts(root: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema.get("$ref") {
        let reference =
            reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
        let target = root.pointer(reference).expect("the reference leads somewhere");
        check(root, target, value, path, found);
    }
    let holds = |one: &Value| {
        let mut found = Vec::new();
        check(root, one, value, path, &mut found);
        found.is_empty()
    };
    if let Some(any) = schema.get("anyOf")
        && !list(any).iter().any(holds)
    {
        found.push(format!("{path}: it is none of what it may be"));
    }
    if let Some(one) = schema.get("oneOf")
        && list(one).iter().filter(|one| holds(one)).count() != 1
    {
        found.push(format!("{path}: it is not exactly one of what it may be"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(items) = schema.get("items") {
            check(root, items, item, &format!("{path}/{index}"), found);
        }
    }
    for (name, property) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        match (schema.get("properties").and_then(|known| known.get(name)), schema.get("additionalProperties"))
        {
            (Some(known), _) => check(root, known, property, &path, found),
            (None, Some(Value::Bool(false))) => found.push(format!("{path}: it is not known")),
            (None, Some(additional @ Value::Object(_))) => check(root, additional, property, &path, found),
            (None, _) => {}
        }
    }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("the keyword has a list")
}

fn is_of_type(wanted: &str, value: &Value) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("a type that is not known here: {other}"),
    }
}

/// Checks what formats a text may have, as far as a URI is concerned its characters and its scheme.
fn is_of_format(wanted: &str, text: &str) -> bool {
    let is_uri = || text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    match wanted {
        "uri-reference" => is_uri(),
        "uri" => is_uri() && text.contains(':'),
        other => panic!("a format that is not known here: {other}"),
    }
}
