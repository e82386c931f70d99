//! `onaccount user`, with the real binary.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::json;

use super::onaccount;
use crate::harness::Service;

const PASSWORD: &str = "correct horse battery";

fn create(service: &Service, arguments: &[&str], input: &str) -> Output {
    let all = [&["create", "--name", "Vera de Vries"], arguments].concat();
    user(service, &all, input)
}

fn user(service: &Service, arguments: &[&str], input: &str) -> Output {
    let mut child = onaccount()
        .arg("user")
        .args(arguments)
        .env("ONACCOUNT_DATABASE_URL", service.database.raw_url())
        .env("ONACCOUNT_LOG", "warn")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its flags does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn says(output: &Output, is_success: bool, words: &str) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), is_success, "{text}");
    assert!(text.contains(words), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
}

#[test]
fn the_first_user_gets_a_first_tenant_and_signs_in() {
    let service = Service::start();
    let first = [
        "--email",
        "vera@example.com",
        "--portal-admin",
        "--password-stdin",
        "--tenant-number",
        "719",
        "--tenant-name",
        "Sportclub Noord",
        "--currency",
        "EUR",
        "--time-zone",
        "Europe/Amsterdam",
    ];
    says(
        &create(&service, &first, &format!("{PASSWORD}\n")),
        true,
        "Sportclub Noord",
    );
    let body = json!({"email": "vera@example.com", "password": PASSWORD});
    let session = service.anybody().post("/v1/sessions", body).expect(201);
    let vera = service.with_token(session["access_token"].as_str().unwrap());
    let me = vera.get("/v1/me").expect(200);
    assert_eq!(
        (&me["is_portal_admin"], &me["roles"]),
        (&json!(true), &json!(["director"]))
    );
    assert_eq!(
        (&me["tenant"]["number"], &me["tenant"]["currency"]),
        (&json!(719), &json!("EUR"))
    );
    assert_eq!(
        vera.get("/v1/tenants").expect(200)["items"].as_array().unwrap().len(),
        1
    );

    says(
        &create(&service, &first, &format!("{PASSWORD}\n")),
        false,
        "email_taken",
    );
    let second = [
        "--email",
        "dirk@example.com",
        "--password-stdin",
        "--tenant-number",
        "719",
    ];
    says(&create(&service, &second, &format!("{PASSWORD}\n")), true, "director");
    let taken = [
        "--email",
        "x@example.com",
        "--password-stdin",
        "--tenant-number",
        "719",
        "--tenant-name",
        "Other",
    ];
    says(
        &create(&service, &taken, &format!("{PASSWORD}\n")),
        false,
        "tenant_number_taken",
    );
    let unknown = ["--email", "x@example.com", "--password-stdin", "--tenant-number", "999"];
    says(
        &create(&service, &unknown, &format!("{PASSWORD}\n")),
        false,
        "unknown_tenant",
    );
}

#[test]
fn what_is_missing_or_wrong_is_said_and_nothing_is_made() {
    let service = Service::start();
    for (arguments, input, words) in [
        (
            vec!["--email", "vera@example.com", "--portal-admin"],
            "",
            "--password-stdin",
        ),
        (
            vec!["--email", "vera@example.com", "--portal-admin", "--password-stdin"],
            "short\n",
            "10 to 200",
        ),
        (
            vec!["--email", "vera@example.com", "--password-stdin"],
            "",
            "--tenant-number",
        ),
        (
            vec!["--email", "vera", "--portal-admin", "--password-stdin"],
            "",
            "e-mail address",
        ),
        (
            vec!["--email", "vera@example.com", "--portal-admin", "--currency", "EURO"],
            "",
            "ISO 4217",
        ),
        (
            vec!["--email", "vera@example.com", "--portal-admin", "--time-zone", "Mars"],
            "",
            "IANA",
        ),
    ] {
        says(&create(&service, &arguments, input), false, words);
    }
    let admin = ["--email", "vera@example.com", "--portal-admin", "--password-stdin"];
    says(&create(&service, &admin, PASSWORD), true, "manages the portal");
}

#[test]
fn without_a_terminal_nothing_is_made_before_everything_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("venue.db");
    let create = |more: &[&str]| {
        let mut child = onaccount()
            .args([
                "user",
                "create",
                "--name",
                "Vera",
                "--email",
                "vera@example.com",
                "--database-url",
            ])
            .arg(format!("sqlite:{}", path.display()))
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(b"short\n");
        child.wait_with_output().unwrap()
    };
    says(&create(&["--portal-admin"]), false, "use --password-stdin");
    says(&create(&["--password-stdin"]), false, "--tenant-number");
    says(&create(&["--portal-admin", "--password-stdin"]), false, "10 to 200");
    says(
        &create(&["--portal-admin", "--tenant-number", "0"]),
        false,
        "from 1 to 999999999",
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn who_forgot_the_password_gets_a_new_one_and_old_sessions_end() {
    let service = Service::start();
    let admin = ["--email", "vera@example.com", "--portal-admin", "--password-stdin"];
    says(&create(&service, &admin, PASSWORD), true, "manages the portal");
    let sign_in = |password: &str| {
        let body = json!({"email": "vera@example.com", "password": password});
        service.anybody().post("/v1/sessions", body)
    };
    let session = sign_in(PASSWORD).expect(201);
    let set = |email: &str| {
        let arguments = ["set-password", "--email", email, "--password-stdin"];
        user(&service, &arguments, "staple of a new one\n")
    };
    says(&set("Vera@example.com"), true, "new password");
    says(&set("nobody@example.com"), false, "no user has this e-mail");
    let vera = service.with_token(session["access_token"].as_str().unwrap());
    vera.get("/v1/me").problem(401, "unauthorized");
    sign_in(PASSWORD).problem(401, "sign_in_failed");
    sign_in("staple of a new one").expect(201);
}

#[test]
fn a_disabled_user_is_out_at_once_and_an_enabled_one_signs_in_again() {
    let service = Service::start();
    let admin = ["--email", "vera@example.com", "--portal-admin", "--password-stdin"];
    says(&create(&service, &admin, PASSWORD), true, "manages the portal");
    let sign_in = || {
        let body = json!({"email": "vera@example.com", "password": PASSWORD});
        service.anybody().post("/v1/sessions", body)
    };
    let session = sign_in().expect(201);
    let switch = |command: &str, email: &str| user(&service, &[command, "--email", email], "");
    says(
        &switch("disable", "nobody@example.com"),
        false,
        "no user has this e-mail",
    );
    says(&switch("disable", "Vera@example.com"), true, "cannot sign in");
    says(&switch("disable", "vera@example.com"), true, "cannot sign in");
    let vera = service.with_token(session["access_token"].as_str().unwrap());
    vera.get("/v1/me").problem(401, "unauthorized");
    let refresh = json!({"refresh_token": session["refresh_token"]});
    assert_eq!(service.anybody().post("/v1/sessions/refresh", refresh).status, 401);
    sign_in().problem(401, "sign_in_failed");
    says(&switch("enable", "vera@example.com"), true, "can sign in");
    sign_in().expect(201);
    vera.get("/v1/me").problem(401, "unauthorized");
}
