//! `onaccount serve`: starts with clear words or not at all, and finishes what it accepted.

use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use super::onaccount;
use super::serving::Serving;
use crate::harness::{Actor, TestDatabase};

#[test]
fn a_stopping_server_finishes_what_it_accepted() {
    let database = TestDatabase::new();
    let mut serving = Serving::start(&database);
    let body = r#"{"email":"nobody@example.com","password":"nobody has this password"}"#;
    let (begun, rest) = body.split_at(20);
    let mut connection = TcpStream::connect(&serving.address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(
        connection,
        "POST /v1/sessions HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    )
    .unwrap();
    let mut accepted = [0; 25];
    connection.read_exact(&mut accepted).unwrap();
    assert_eq!(&accepted, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.write_all(begun.as_bytes()).unwrap();
    serving.terminate();
    std::thread::sleep(Duration::from_millis(500));
    assert!(
        serving.process.try_wait().unwrap().is_none(),
        "it waits for the request it accepted"
    );
    connection.write_all(rest.as_bytes()).unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    drop(connection);
    let status = serving.ended();
    let mut log = String::new();
    serving.log.read_to_string(&mut log).unwrap();
    assert!(status.success(), "{status}: {log}");
    assert!(TcpStream::connect(&serving.address).is_err(), "nobody listens any more");
}

#[test]
fn a_log_line_says_whose_request_it_was_and_what_it_asked() {
    let database = TestDatabase::new();
    let password = "correct horse battery";
    let mut create = onaccount()
        .args([
            "user",
            "create",
            "--name",
            "Vera",
            "--email",
            "vera@example.com",
            "--password-stdin",
        ])
        .args(["--tenant-number", "719", "--tenant-name", "Sportclub Noord"])
        .env("ONACCOUNT_DATABASE_URL", database.raw_url())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    create.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    assert!(create.wait().unwrap().success());

    let mut serving = Serving::start(&database);
    let base = format!("http://{}", serving.address);
    let body = serde_json::json!({"email": "vera@example.com", "password": password});
    let session = Actor::new(&base, None).post("/v1/sessions", body).expect(201);
    let vera = Actor::new(&base, session["access_token"].as_str().map(str::to_owned));
    let me = vera.with("X-Request-Id", "who-am-i").get("/v1/me").expect(200);
    let mut line = String::new();
    while !line.contains("who-am-i") {
        line.clear();
        assert!(
            serving.log.read_line(&mut line).unwrap() > 0,
            "the request is not in the log"
        );
    }
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["message"], "answered");
    assert_eq!(line["operation"], "get_me");
    assert_eq!(line["span"]["tenant"], me["tenant"]["id"]);
}

#[test]
fn postgres_without_a_secret_says_what_to_set() {
    let serve = onaccount()
        .args(["serve", "--database-url", "postgres://127.0.0.1:1/venue"])
        .output()
        .unwrap();
    assert!(!serve.status.success());
    let words = String::from_utf8_lossy(&serve.stderr);
    assert!(words.contains("set ONACCOUNT_SECRET"), "{words}");
}

#[test]
fn a_database_that_cannot_be_opened_is_named_without_its_password() {
    let url = "postgres://u:hidden@127.0.0.1:1/venue";
    let serve = onaccount()
        .args(["serve", "--database-url", url])
        .env("ONACCOUNT_SECRET", "a secret for tests, of thirty-two characters")
        .output()
        .unwrap();
    assert!(!serve.status.success());
    let words = String::from_utf8_lossy(&serve.stderr);
    assert!(words.contains("postgres://127.0.0.1/venue"), "{words}");
    assert!(!words.contains("hidden"), "{words}");
}

#[test]
fn a_wrong_origin_is_refused_at_the_start() {
    let serve = onaccount()
        .args(["serve", "--cors-origins", "https://a.example,backoffice.example"])
        .output()
        .unwrap();
    assert!(!serve.status.success());
    let words = String::from_utf8_lossy(&serve.stderr);
    assert!(
        words.contains("'backoffice.example'") && words.contains("such as https://"),
        "{words}"
    );
}

#[test]
fn a_portal_without_users_logs_how_to_make_one() {
    let database = TestDatabase::new();
    let mut serving = Serving::start(&database);
    let mut line = String::new();
    serving.log.read_line(&mut line).unwrap();
    assert!(
        line.contains("nobody can sign in yet") && line.contains("onaccount user create"),
        "{line}"
    );
}

#[test]
fn help_lists_every_command() {
    let help = onaccount().arg("--help").output().unwrap();
    let words = String::from_utf8_lossy(&help.stdout);
    for command in ["serve", "migrate", "openapi", "verify", "user", "demo"] {
        assert!(words.contains(command), "{command} is missing: {words}");
    }
}
