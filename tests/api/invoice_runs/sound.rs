//! What always holds in the database.

use onaccount::id::Id;
use onaccount::verify::verify_tenant;

use crate::harness::Service;

#[track_caller]
pub fn assert_sound(service: &Service, tenant_id: Id) {
    let differences = service
        .state
        .db
        .read_blocking(|connection| verify_tenant(connection, (tenant_id, 719)))
        .unwrap();
    let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(named.is_empty(), "{}", named.join("\n"));
}
