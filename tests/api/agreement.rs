//! `/v1/agreement`: nothing works before it, and it is accepted once.

use serde_json::json;

use crate::harness::Venue;

#[test]
fn a_director_accepts_the_version_that_stands_once() {
    let venue = Venue::before_agreement();
    let status = venue.director.get("/v1/agreement").expect(200);
    assert_eq!(status["is_accepted"], false);
    let version = json!({"version": status["version"]});
    venue
        .clerk
        .post("/v1/agreement/acceptances", version.clone())
        .problem(403, "forbidden");
    let outdated = json!({"version": "2020-01-01"});
    venue
        .director
        .post("/v1/agreement/acceptances", outdated)
        .problem(409, "agreement_version_outdated");
    let acceptance = venue
        .director
        .post("/v1/agreement/acceptances", version.clone())
        .expect(201);
    assert_eq!(acceptance["user_name"], "Dirk Director");
    assert_eq!(acceptance["accepted_at"], "2026-10-15T10:00:00Z");
    venue
        .director
        .post("/v1/agreement/acceptances", version)
        .problem(409, "already_accepted");
    let status = venue.clerk.get("/v1/agreement").expect(200);
    assert_eq!(status["is_accepted"], true);
    assert_eq!(status["acceptances"], json!([acceptance]));
}
