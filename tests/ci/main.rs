//! The documents for CI: valid by their schemas, and of the right content. The schemas are the official ones:
//! SARIF 2.1.0 of OASIS, and the schema of JUnit results of the Jenkins xUnit plugin (MIT).

#[path = "../common/mod.rs"]
mod common;
mod json_schema;
mod xml_schema;

use std::fs;

use common::{DEADLOCK, ENDLESS, LOCKED, STORE_BUFFERING, file, folder, racevm, root};
use roxmltree::Document;
use serde_json::{Value, json};

/// What fails only where stores are buffered.
const NOT_BOTH: &str = "\
expect finally p.r + q.r > 0
expect under tso finally p.r + q.r > 0
expect no deadlock
";

/// What holds with a lock less too.
const WEAK: &str = "\
queue q max 1
expect finally x > 0
expect always len(q) <= 1
";

/// Checks files of every kind, and returns the JUnit and the SARIF document.
fn documents(test: &str) -> (String, Value) {
    let folder = folder(test);
    let strange = "shared x\nthread t\n    LOAD x\n    ASSERT \"<&\u{1}\\\"'>\"\nend\n".replace("\\\"", "");
    for (name, text) in [
        ("a lock & more.rvm", DEADLOCK),
        ("buffers.rvm", &format!("{STORE_BUFFERING}{NOT_BOTH}")),
        ("broken.rvm", "mutex m\nthread t\n    LAOD x\n    LOCK k\nend\nthread t\nend\n"),
        ("endless.rvm", ENDLESS),
        ("strange.rvm", &strange),
        ("weak.rvm", &format!("{LOCKED}{WEAK}")),
    ] {
        file(&folder, name, text);
    }
    file(&folder, "latin.rvm", b"; \xe9\n");
    let at = |name: &str| folder.join(name).to_str().expect("the path is UTF-8").to_owned();
    let (junit, sarif) = (at("results.xml"), at("results.sarif"));
    let mut arguments =
        vec!["check", "--mutants", "--max-states", "500", "--junit", &junit, "--sarif", &sarif];
    let folder = folder.to_str().expect("the path is UTF-8").to_owned();
    arguments.extend([folder.as_str(), "programs/deadlock"]);
    let run = racevm(&arguments);
    assert_eq!(run.code, 2, "one file is not UTF-8\n{}", run.stderr);
    let sarif = fs::read_to_string(sarif).expect("the file was written");
    let junit = fs::read_to_string(junit).expect("the file was written");
    (junit, serde_json::from_str(&sarif).expect("SARIF is JSON"))
}

fn schema(name: &str) -> String {
    fs::read_to_string(root().join("tests/schemas").join(name)).expect("the schema is there")
}

#[test]
fn sarif_is_valid_and_the_checker_sees_what_is_not() {
    let schema: Value = serde_json::from_str(&schema("sarif-2.1.0.json")).expect("the schema is JSON");
    let (_, document) = documents("sarif_is_valid");
    assert_eq!(json_schema::violations(&schema, &document), Vec::<String>::new());
    let broken: [(&str, Value); 6] = [
        ("/runs/0/results/0/level", json!("bad")),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/results/0/codeFlows/0/threadFlows", json!([])),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
        ("/runs/0/tool/driver/rules/0", json!({"id": "x", "name": "y", "other": 1})),
    ];
    for (place, value) in broken {
        let mut document = document.clone();
        *document.pointer_mut(place).unwrap_or_else(|| panic!("there is no {place}")) = value;
        assert_ne!(json_schema::violations(&schema, &document), Vec::<String>::new(), "{place}");
    }
}

#[test]
fn junit_is_valid_and_the_checker_sees_what_is_not() {
    let schema = schema("junit-10.xsd");
    let schema = Document::parse(&schema).expect("the schema is XML");
    let (text, _) = documents("junit_is_valid");
    let check = |text: &str| xml_schema::violations(&schema, &Document::parse(text).expect("JUnit is XML"));
    assert_eq!(check(&text), Vec::<String>::new(), "{text}");
    for (right, wrong) in [
        (" tests=", " test="),
        ("<testcase name=", "<testcase title="),
        ("<failure", "<properties/><failure"),
        ("</testsuites>", "text</testsuites>"),
        ("</testsuites>", "<testcase name=\"x\"/></testsuites>"),
        (" time=\"0.", " time=\"0.12345"),
    ] {
        let broken = text.replacen(right, wrong, 1);
        assert_ne!(broken, text, "{right} stands in the document");
        assert_ne!(check(&broken), Vec::<String>::new(), "{right} → {wrong}");
    }
}

#[test]
fn junit_counts_and_tells() {
    let (text, _) = documents("junit_counts");
    let document = Document::parse(&text).expect("JUnit is XML");
    let suite = |name: &str| {
        let mut suites = document.descendants().filter(|node| node.has_tag_name("testsuite"));
        suites.find(|node| node.attribute("name").is_some_and(|file| file.ends_with(name))).expect("a suite")
    };
    let counts = |name: &str| {
        ["tests", "failures", "errors"].map(|count| suite(name).attribute(count).expect("a count").to_owned())
    };
    assert_eq!(counts("a lock & more.rvm"), ["1", "1", "0"]);
    assert_eq!(counts("broken.rvm"), ["1", "0", "1"]);
    assert_eq!(counts("endless.rvm"), ["1", "0", "1"], "a search that was cut is no success");
    assert_eq!(counts("latin.rvm"), ["1", "0", "1"]);
    // Two expectations and the search itself under sc, three and the search under tso.
    assert_eq!(counts("buffers.rvm"), ["7", "2", "0"]);
    let failure = suite("buffers.rvm").descendants().find(|node| node.has_tag_name("failure"));
    let failure = failure.and_then(|node| node.text()).expect("it says why");
    assert!(failure.contains("buffers.rvm --memory tso '"), "{failure}");
    assert!(failure.contains("(buffered)"), "the timeline stands there\n{failure}");
    let strange = suite("strange.rvm").descendants().find(|node| node.has_tag_name("failure"));
    let message = strange.and_then(|node| node.attribute("message")).expect("it says why");
    assert!(message.ends_with("<&\u{fffd}'>."), "{message}");
    let remarks = suite("weak.rvm").children().find(|node| node.has_tag_name("system-out"));
    let remarks = remarks.and_then(|node| node.text()).expect("a remark");
    assert!(remarks.contains("vacuous") && remarks.contains("- LOCK m"), "{remarks}");
    let totals = document.root_element();
    let sum = |count: &str| {
        let suites = totals.children().filter(|node| node.is_element());
        suites
            .map(|suite| suite.attribute(count).expect("a count").parse::<u32>().expect("a number"))
            .sum::<u32>()
    };
    for count in ["tests", "failures", "errors"] {
        assert_eq!(totals.attribute(count), Some(sum(count).to_string().as_str()), "{count}");
    }
}

#[test]
fn sarif_points_at_what_happens_in_which_order() {
    let (_, document) = documents("sarif_points");
    let run = &document["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let notified = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("a list");
    assert_eq!(notified.len(), 1, "the file that is not UTF-8");
    let results = run["results"].as_array().expect("a list");
    let of = |rule: &str| results.iter().find(|result| result["ruleId"] == rule).expect("such a result");
    for result in results {
        let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{}", result["ruleId"]);
    }
    let place = &of("deadlock")["locations"][0]["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().expect("a text");
    assert!(uri.starts_with("file:///") && uri.ends_with("a%20lock%20%26%20more.rvm"), "{uri}");
    assert_eq!(place["region"]["startLine"], 5, "where the first thread is stuck");
    let flows = of("deadlock")["codeFlows"][0]["threadFlows"].as_array().expect("a list");
    assert_eq!(flows.iter().map(|flow| &flow["id"]).collect::<Vec<_>>(), ["A left", "B right"]);
    let steps = |flow: &Value| {
        let step = |step: &Value| {
            let line = &step["location"]["physicalLocation"]["region"]["startLine"];
            let text = step["location"]["message"]["text"].as_str().expect("a text").to_owned();
            (step["executionOrder"].as_u64().expect("a number"), line.as_u64().expect("a number"), text)
        };
        flow["locations"].as_array().expect("a list").iter().map(step).collect::<Vec<_>>()
    };
    let stuck = "LOCK b: blocked, waits for b, which B holds".to_owned();
    assert_eq!(steps(&flows[0]), [(1, 4, "LOCK a".to_owned()), (3, 5, stuck)]);
    assert_eq!(of("undecided")["kind"], "open");
    assert_eq!(of("E0101")["locations"][0]["physicalLocation"]["region"]["startColumn"], 10);
    let survivor = of("survivor");
    assert_eq!(survivor["level"], "note");
    let vacuous = &of("vacuous")["message"]["text"];
    assert_eq!(vacuous, "Vacuous: it is true whatever the values are.");
    let weak = &of("expectation")["codeFlows"][0]["threadFlows"];
    let state = weak.to_string();
    assert!(state.contains(r#""state":{"x":{"text":"1"}}"#), "a flush changes memory\n{state}");
}

#[test]
fn a_document_that_cannot_be_written_is_said_before_the_work() {
    let run = racevm(&["check", "programs/deadlock", "--junit", "/nowhere/at/all.xml"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: cannot write `/nowhere/at/all.xml`"), "{}", run.stderr);
}
