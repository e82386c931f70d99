//! The list of customers: search, filter, sort, pages.

use serde_json::{Value, json};

use crate::harness::{Venue, walk};

fn names(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn names_are_found_without_case_and_accents_and_numbers_too() {
    let venue = Venue::open();
    for name in ["Zoë Çelik", "Ana 100% Club", "Under_score Jansen", "Brouwerij"] {
        venue.customer(name);
    }
    let numbered = json!({"kind": "company", "company_name": "Kantine", "customer_number": "Ab-77"});
    venue.clerk.post("/v1/customers", numbered).expect(201);
    let found = |q: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", q)
            .finish();
        names(&venue.clerk.get(&format!("/v1/customers?{query}")).expect(200))
    };
    for q in ["celik", "ÇEL", "zoe celik", "ë"] {
        let expected: &[&str] = if q == "ë" {
            &["Brouwerij", "Kantine", "Under_score Jansen", "Zoë Çelik"]
        } else {
            &["Zoë Çelik"]
        };
        assert_eq!(found(q), expected, "{q}");
    }
    assert_eq!(found("100%"), ["Ana 100% Club"]);
    assert_eq!(found("%"), ["Ana 100% Club"]);
    assert_eq!(found("r_s"), ["Under_score Jansen"]);
    assert_eq!(found("ab-7"), ["Kantine"]);
    assert_eq!(found("AB-77"), ["Kantine"]);
    assert_eq!(found("\\"), Vec::<String>::new());
    assert_eq!(found("\u{301}"), Vec::<String>::new());
}

#[test]
fn the_list_is_sorted_and_filtered() {
    let venue = Venue::open();
    for name in ["b Bakker", "Á Bakker", "Club", "a Aalders"] {
        venue.customer(name);
    }
    let list = |query: &str| names(&venue.clerk.get(&format!("/v1/customers?{query}")).expect(200));
    let by_name = ["a Aalders", "Á Bakker", "b Bakker", "Club"];
    assert_eq!(list(""), by_name);
    assert_eq!(list("sort=name"), by_name);
    assert_eq!(list("sort=-name"), ["Club", "b Bakker", "Á Bakker", "a Aalders"]);
    assert_eq!(list("sort=created_at"), ["b Bakker", "Á Bakker", "Club", "a Aalders"]);
    assert_eq!(list("sort=-created_at"), ["a Aalders", "Club", "Á Bakker", "b Bakker"]);
    assert_eq!(list("kind=company"), ["Club"]);
    assert_eq!(list("kind=person&q=bakker&sort=-name"), ["b Bakker", "Á Bakker"]);
}

#[test]
fn a_wrong_parameter_is_named() {
    let venue = Venue::open();
    for (query, parameter) in [
        ("sort=age", "sort"),
        ("kind=club", "kind"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("q=", "q"),
    ] {
        let problem = venue
            .clerk
            .get(&format!("/v1/customers?{query}"))
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}");
    }
    let problem = venue
        .clerk
        .get("/v1/customers?page=2")
        .problem(400, "unknown_query_parameter");
    assert_eq!(problem["errors"][0]["parameter"], "page");
    venue.clerk.get("/v1/customers?cursor=abc").problem(400, "bad_cursor");
}

#[test]
fn pages_miss_nobody_and_show_nobody_twice() {
    let venue = Venue::open();
    let ids: Vec<String> = (0..23)
        .map(|number| venue.customer(if number % 3 == 0 { "Vera Bos" } else { "Jan Jansen" }))
        .map(|customer| customer["id"].as_str().unwrap().to_owned())
        .collect();
    for sort in ["name", "-name", "created_at", "-created_at"] {
        let mut walked = walk(&venue.clerk, &format!("/v1/customers?limit=4&sort={sort}"));
        assert_eq!(walked.len(), 23, "{sort}");
        if sort == "created_at" {
            assert_eq!(walked, ids);
        }
        walked.sort();
        let mut expected = ids.clone();
        expected.sort();
        assert_eq!(walked, expected, "{sort}");
    }
}

#[test]
fn a_cursor_belongs_to_its_list() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    for name in ["Jan Bos", "Jan Bosch", "Jan Jansen"] {
        venue.customer(name);
    }
    let answer = venue.clerk.get("/v1/customers?limit=1&q=bos");
    let page = answer.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/v1/customers?limit=1&q=bos&cursor={cursor}");
    assert_eq!(answer.header("link"), format!("<{next}>; rel=\"next\""));
    assert_eq!(names(&venue.clerk.get(&next).expect(200)), ["Jan Bosch"]);
    let other = |query: &str| venue.clerk.get(&format!("/v1/customers?{query}&cursor={cursor}"));
    other("q=jan").problem(400, "bad_cursor");
    other("q=bos&sort=-name").problem(400, "bad_cursor");
    other("q=bos&kind=person").problem(400, "bad_cursor");
    other("q=bos&limit=7").expect(200);
    neighbour.get(&next).problem(400, "bad_cursor");
    let last = venue.clerk.get("/v1/customers?limit=3");
    assert_eq!(
        (last.expect(200)["next_cursor"].clone(), last.header("link")),
        (Value::Null, "")
    );
}
