//! Who may use which operation: the contract, the permission table and the running service agree.

use onaccount::auth::operations::{Needs, OPERATIONS};
use onaccount::auth::{Permission, Role, TERMINAL};
use std::collections::BTreeSet;
use ureq::http::Method;

use super::{Operation, document, operations};
use crate::harness::{Actor, Answer, Venue, key};

const SOME_ID: &str = "019a5f3e-3c00-7000-8000-00000000dead";

/// Sends the operation with a path that fits, and a body that is refused after the permission is checked: so nothing is
/// changed by anybody who may.
fn ask(actor: &Actor, operation: &Operation) -> Answer {
    let path = operation.path_with(|_| SOME_ID.to_owned());
    let takes_body = operation.value["requestBody"].is_object();
    let body = takes_body.then(|| br#"{"no_such_field":true}"#.to_vec());
    let has_effect_without_body = !takes_body && operation.method != Method::GET;
    let actor = actor.with("Idempotency-Key", key());
    if has_effect_without_body {
        // An unknown query parameter is refused after the permission, too.
        return actor.send(operation.method.clone(), &format!("{path}?no_such_parameter=1"), body);
    }
    actor.send(operation.method.clone(), &path, body)
}

fn needs_of(operation: &Operation) -> Needs {
    let found = OPERATIONS.iter().find(|(id, _)| *id == operation.id);
    found
        .unwrap_or_else(|| panic!("{} is not in the permission table", operation.label()))
        .1
}

#[test]
fn the_permission_table_and_the_contract_have_the_same_operations() {
    let contract: BTreeSet<String> = operations(&document())
        .into_iter()
        .map(|operation| operation.id)
        .collect();
    let table: BTreeSet<String> = OPERATIONS.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(contract, table);
    assert_eq!(table.len(), OPERATIONS.len(), "an operation stands in the table twice");
}

#[test]
fn an_operation_without_security_is_one_that_needs_nothing() {
    for operation in operations(&document()) {
        assert_eq!(
            operation.is_public(),
            needs_of(&operation) == Needs::Nothing,
            "{}",
            operation.label()
        );
    }
}

#[test]
fn every_operation_refuses_a_request_without_a_token() {
    let venue = Venue::open();
    let mut asked = 0;
    for operation in operations(&document()) {
        for actor in [venue.service.anybody(), venue.service.with_token("nonsense")] {
            let answer = ask(&actor, &operation);
            if operation.is_public() {
                assert_ne!(
                    answer.header("www-authenticate"),
                    "Bearer",
                    "{}: {}",
                    operation.label(),
                    answer.text()
                );
            } else {
                assert_eq!(answer.status, 401, "{}: {}", operation.label(), answer.text());
                answer.problem(401, "unauthorized");
                assert_eq!(answer.header("www-authenticate"), "Bearer", "{}", operation.label());
                asked += 1;
            }
        }
    }
    assert!(asked > 2, "hardly anything was asked");
}

/// Someone of every kind, and what they may.
fn people(venue: &Venue) -> Vec<(&'static str, Actor, Vec<Permission>)> {
    let of = |role: Role| role.permissions().iter().collect::<Vec<_>>();
    let acting = venue.portal_admin.with("Onaccount-Tenant", venue.tenant_id.to_string());
    let mut acting_permissions = of(Role::Director);
    acting_permissions.push(Permission::PortalManage);
    vec![
        (
            "portal_admin",
            venue.portal_admin.clone(),
            vec![Permission::PortalManage],
        ),
        ("portal_admin in a tenant", acting, acting_permissions),
        ("director", venue.director.clone(), of(Role::Director)),
        ("superuser", venue.superuser.clone(), of(Role::Superuser)),
        ("clerk", venue.clerk.clone(), of(Role::Clerk)),
        ("backoffice", venue.backoffice.clone(), of(Role::Backoffice)),
        ("customer", venue.customer_user.clone(), of(Role::Customer)),
        ("till", venue.till.clone(), TERMINAL.to_vec()),
    ]
}

#[test]
fn every_operation_agrees_with_the_permission_table_for_every_role() {
    let venue = Venue::open();
    let mut wrong = Vec::new();
    for operation in operations(&document()) {
        for (name, actor, permissions) in people(&venue) {
            let answer = ask(&actor, &operation);
            if let Some(reason) = disagreement(needs_of(&operation), &permissions, &answer) {
                wrong.push(format!(
                    "{} as {name}: {reason}: {} {}",
                    operation.label(),
                    answer.status,
                    answer.text()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What is wrong with an answer, given what the operation needs and what the asker has.
fn disagreement(needs: Needs, permissions: &[Permission], answer: &Answer) -> Option<String> {
    let code = if answer.status == 403 {
        answer.json()["code"].clone()
    } else {
        serde_json::Value::Null
    };
    match needs {
        _ if answer.status == 401 && needs != Needs::Nothing => Some("their token was refused".to_owned()),
        Needs::Permission(permission) if permissions.contains(&permission) => {
            (answer.status == 403).then(|| format!("they have {permission} and were refused"))
        }
        Needs::Permission(permission) if code == "forbidden" => {
            let says = answer.json()["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(permission.as_str()));
            (!says).then(|| format!("the refusal does not name {permission}"))
        }
        // Whoever has no tenant has no permission in one.
        Needs::Permission(_) if code == "tenant_not_chosen" => None,
        Needs::Permission(permission) => Some(format!("they have no {permission} and were not refused")),
        // A till's key has no session; everybody else here has signed in.
        Needs::User if permissions == TERMINAL => (code != "forbidden").then(|| "a key was not refused".to_owned()),
        Needs::Nothing | Needs::SignIn | Needs::User => {
            (code == "forbidden").then(|| "nobody is refused here".to_owned())
        }
    }
}

/// What needs a permission and works in a venue that has not accepted the agreement: to accept it, to make the people who
/// do, and to manage the portal.
const BEFORE_AGREEMENT: [&str; 14] = [
    "accept_agreement",
    "create_api_key",
    "create_tenant",
    "create_user",
    "get_tenant",
    "get_user",
    "grant_roles",
    "list_api_keys",
    "list_tenants",
    "list_users",
    "revoke_api_key",
    "set_user_roles",
    "update_tenant",
    "update_user",
];

#[test]
fn before_the_agreement_an_operation_of_a_venue_is_refused_whoever_may_use_it() {
    let venue = Venue::before_agreement();
    let (mut let_in, mut wrong) = (BTreeSet::new(), Vec::new());
    for operation in operations(&document()) {
        let Needs::Permission(permission) = needs_of(&operation) else {
            continue;
        };
        for (name, actor, _) in people(&venue).into_iter().filter(|(.., may)| may.contains(&permission)) {
            let answer = ask(&actor, &operation);
            if answer.status != 403 {
                let_in.insert(operation.id.clone());
            } else if answer.json()["code"] != "gdpr_agreement_required" {
                wrong.push(format!("{} as {name}: {}", operation.label(), answer.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert_eq!(let_in, BEFORE_AGREEMENT.map(str::to_owned).into());
}
