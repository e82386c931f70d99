//! What holds for every request: problems, headers, methods, bodies, languages.

use serde_json::json;
use ureq::http::Method;

use crate::harness::{Service, Venue};

#[test]
fn an_unknown_route_is_a_problem() {
    let service = Service::start();
    service.anybody().get("/v1/nothing").problem(404, "not_found");
    service.anybody().get("/").problem(404, "not_found");
}

#[test]
fn a_known_path_lists_its_methods() {
    let service = Service::start();
    let answer = service.anybody().delete("/v1/agreement");
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET");
}

#[test]
fn a_path_without_parameters_is_not_taken_for_an_id() {
    let venue = Venue::open();
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/sessions/refresh", "POST"),
        (Method::PATCH, "/v1/accounts/number-proposal", "GET"),
        (Method::GET, "/v1/invoice-runs/preview?limit=5", "POST"),
    ] {
        let answer = venue.director.send(method, path, None);
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

#[test]
fn a_number_where_an_id_stands_is_told_how_to_find_the_thing() {
    let venue = Venue::open();
    for (path, words) in [
        ("/v1/accounts/12", "GET /v1/accounts?q="),
        ("/v1/customers/D-1", "GET /v1/customers?q="),
        ("/v1/invoices/2026-00001", "GET /v1/invoices?number="),
        ("/v1/sales/12", "an id is a UUID"),
    ] {
        let problem = venue.director.get(path).problem(404, "not_found");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    let by_number = venue.director.with("Onaccount-Tenant", "719").get("/v1/accounts");
    let detail = by_number.problem(400, "bad_header")["detail"].to_string();
    assert!(detail.contains("a UUID, not its number"), "{detail}");
}

#[test]
fn an_object_is_not_an_array_of_its_fields() {
    let venue = Venue::before_agreement();
    let body = serde_json::json!([onaccount::agreement::CURRENT.version]);
    venue
        .director
        .post("/v1/agreement/acceptances", body)
        .problem(422, "validation_failed");
}

#[test]
fn a_missing_or_wrong_token_is_401() {
    let service = Service::start();
    for actor in [
        service.anybody(),
        service.with_token("nonsense"),
        service.with_token("oak_nonsense"),
    ] {
        let answer = actor.get("/v1/agreement");
        answer.problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[test]
fn a_body_must_be_json_of_the_right_shape() {
    let venue = Venue::before_agreement();
    let path = "/v1/agreement/acceptances";
    let post = |content_type: &str, body: &str| {
        venue
            .director
            .with("Content-Type", content_type)
            .send(Method::POST, path, Some(body.as_bytes().to_vec()))
    };
    post("text/plain", "{}").problem(415, "unsupported_media_type");
    post("application/json", "{").problem(400, "malformed_json");
    let problem = post("application/json", "{}").problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/version");
    let problem =
        post("application/json; charset=utf-8", r#"{"version":"x","colour":1}"#).problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/colour");
    let large = format!(r#"{{"version":"{}"}}"#, "x".repeat(2 << 20));
    post("application/json", &large).problem(413, "payload_too_large");
}

#[test]
fn an_answer_that_cannot_be_had_in_the_accepted_form_is_406() {
    let venue = Venue::before_agreement();
    venue
        .director
        .with("Accept", "text/csv")
        .get("/v1/agreement")
        .problem(406, "not_acceptable");
    venue
        .director
        .with("Accept", "text/csv, */*;q=0.1")
        .get("/v1/agreement")
        .expect(200);
}

#[test]
fn a_request_id_is_kept_when_it_is_safe() {
    let service = Service::start();
    let answer = service.anybody().with("X-Request-Id", "till-7.42").get("/livez");
    assert_eq!(answer.header("x-request-id"), "till-7.42");
    let answer = service.anybody().with("X-Request-Id", "<script>").get("/livez");
    assert_eq!(answer.header("x-request-id").len(), 36);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[test]
fn titles_follow_the_language() {
    let service = Service::start();
    let problem = service
        .anybody()
        .with("Accept-Language", "nl")
        .get("/v1/agreement")
        .problem(401, "unauthorized");
    assert_eq!(problem["title"], "Meld u eerst aan");
}

#[test]
fn every_problem_has_a_page() {
    let service = Service::start();
    let page = service.anybody().get("/problems/limit_exceeded");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("spending room"), "{}", page.text());
    assert!(
        service
            .anybody()
            .get("/problems")
            .text()
            .contains("idempotency_key_reused")
    );
    service.anybody().get("/problems/nonsense").problem(404, "not_found");
}

#[test]
fn the_documentation_is_served_from_the_binary() {
    let service = Service::start();
    assert!(service.anybody().get("/docs/").text().contains("swagger-ui"));
    let contract = service.anybody().get("/openapi.json").expect(200);
    assert_eq!(contract["openapi"], "3.1.0");
}

#[test]
fn a_browser_may_call_from_an_allowed_origin_only() {
    let service = Service::start();
    let ask = |origin: &str| {
        let asking = service
            .anybody()
            .with("Origin", origin)
            .with("Access-Control-Request-Method", "GET");
        asking.send(Method::OPTIONS, "/v1/agreement", None)
    };
    assert_eq!(
        ask("https://backoffice.example").header("access-control-allow-origin"),
        "https://backoffice.example"
    );
    assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), "");
}

#[test]
fn a_lost_database_is_503() {
    let venue = Venue::before_agreement();
    assert_eq!(venue.director.get("/v1/agreement").status, 200);
    let _away = venue.service.database.take_away();
    let answer = venue
        .director
        .post("/v1/agreement/acceptances", json!({"version": "2026-11-01"}));
    answer.problem(503, "service_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(venue.director.get("/livez").status, 200);
}

#[actix_web::test]
async fn a_panic_is_a_problem_and_tells_nothing() {
    use actix_web::{App, middleware::from_fn, test, web};
    async fn panics() -> &'static str {
        panic!("a secret")
    }
    let service = Service::start();
    let state = web::Data::from(std::sync::Arc::clone(&service.state));
    let app = App::new()
        .app_data(state)
        .route("/panics", web::get().to(panics))
        .wrap(from_fn(onaccount::http::boundary::boundary));
    let app = test::init_service(app).await;
    let request = test::TestRequest::get().uri("/panics").to_request();
    let error = test::try_call_service(&app, request).await.map(|_| ()).unwrap_err();
    let response = error.as_response_error().error_response();
    assert_eq!(response.status(), 500);
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "internal");
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
}
