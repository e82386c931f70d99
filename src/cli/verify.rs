//! `onaccount verify`: computes every sum and link anew and names each difference.

use super::CliError;
use crate::config::DatabaseOptions;
use crate::db::Db;
use crate::verify;

/// Prints each difference; the error says how many there are.
pub(super) fn verify(options: &DatabaseOptions) -> Result<(), CliError> {
    let db = Db::connect(&options.database_url, options.database_connections)?;
    let tenants = db.read_blocking(verify::list_tenants)?;
    let mut differences = 0;
    for tenant in &tenants {
        let found = db.read_blocking(|connection| verify::verify_tenant(connection, *tenant))?;
        for difference in &found {
            println!("{difference}");
        }
        differences += found.len();
    }
    match differences {
        0 => println!(
            "{} tenants, {} checks: the books are sound.",
            tenants.len(),
            verify::checks().count()
        ),
        1 => return Err("1 difference".into()),
        more => return Err(format!("{more} differences").into()),
    }
    Ok(())
}
