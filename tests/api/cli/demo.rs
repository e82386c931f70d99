//! `onaccount demo`: the whole story, exactly as told, and what it gives to paste.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{onaccount, terminate};

#[test]
fn the_story_ends_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let demo = onaccount()
        .args(["demo", "--exit", "--dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&demo.stdout);
    assert!(
        demo.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&demo.stderr)
    );
    assert!(told.contains("0 not as expected"), "{told}");
    assert!(
        std::fs::read_to_string(folder.path().join("statement.csv"))
            .unwrap()
            .contains("Cheese roll")
    );
    let workbook = std::fs::read(folder.path().join("statement.xlsx")).unwrap();
    assert!(workbook.starts_with(b"PK"));

    let again = onaccount()
        .args(["demo", "--exit", "--dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("name another folder"));
}

/// A demo that goes on serving; killed if the test forgets it.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Demo {
    /// On a free port.
    fn start(folder: &std::path::Path) -> Self {
        let mut demo = onaccount();
        demo.args(["demo", "--port", "0", "--dir"]).arg(folder);
        Demo(demo.stdout(Stdio::piped()).spawn().unwrap())
    }

    /// The lines to paste, as soon as all of them are there.
    fn lines_to_paste(&mut self) -> String {
        let told = BufReader::new(self.0.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let lines: Vec<String> = told
            .skip_while(|line| line != "Paste into another terminal:")
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .collect();
        lines.join("\n")
    }
}

#[test]
fn its_lines_to_paste_work_and_it_ends_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path());
    let lines = demo.lines_to_paste();
    let pasted = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &lines])
        .env_remove("ONACCOUNT_URL")
        .env_remove("ONACCOUNT_TOKEN")
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&pasted.stdout);
    let complained = String::from_utf8_lossy(&pasted.stderr);
    assert!(pasted.status.success(), "it needs curl:\n{lines}\n{complained}");
    let answers: Vec<Value> = serde_json::Deserializer::from_str(&said)
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|error| panic!("{error}: {said}")))
        .collect();
    let [accounts, statement, till] = answers.as_slice() else {
        panic!("three requests were to be pasted: {lines}\n{said}");
    };
    let account = &accounts["items"][0];
    assert!(
        account["number"]
            .as_str()
            .is_some_and(|number| number.starts_with("719")),
        "{said}"
    );
    assert!(lines.contains(&format!(
        "/v1/accounts/{}/statement",
        statement["account_id"].as_str().unwrap()
    )));
    assert!(
        statement["lines"].as_array().is_some_and(|lines| !lines.is_empty()),
        "{said}"
    );
    assert!(
        till["items"].as_array().is_some_and(|items| !items.is_empty()),
        "{said}"
    );

    terminate(&demo.0);
    let ended = demo.0.wait().unwrap();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let verified = onaccount()
        .args(["verify", "--database-url"])
        .arg(format!("sqlite:{}", folder.path().join("demo.db").display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(
        verified.status.success() && said.contains("the books are sound"),
        "{said}"
    );
}
