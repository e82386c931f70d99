//! `onaccount verify`: computes every sum and link anew and names each difference.

use super::{CliError, counted, require_database};
use crate::config::DatabaseOptions;
use crate::db::{DatabaseUrl, Db};
use crate::error::{ApiError, Code};
use crate::verify;

/// Prints each difference; the error says how many there are.
pub(super) fn verify(options: &DatabaseOptions) -> Result<(), CliError> {
    let url = &options.database_url;
    require_database(url)?;
    let db = Db::connect(url, options.database_connections).map_err(|error| format!("cannot open {url}: {error}"))?;
    let unreadable = |error| say_what_is_missing(url, &error);
    let tenants = db.read_blocking(verify::list_tenants).map_err(unreadable)?;
    let mut differences: u32 = 0;
    for tenant in &tenants {
        let found = db
            .read_blocking(|connection| verify::verify_tenant(connection, *tenant))
            .map_err(unreadable)?;
        for difference in &found {
            println!("{difference}");
            differences = differences.saturating_add(1);
        }
    }
    if differences > 0 {
        return Err(counted(differences, "difference", "differences").into());
    }
    let (tenants, checks) = (u32::try_from(tenants.len())?, verify::checks().count());
    let tenants = counted(tenants, "tenant", "tenants");
    println!("{tenants}, {checks} checks: the books are sound.");
    Ok(())
}

/// A table or column that is not there: another program's database, or one that an older version made.
fn say_what_is_missing(url: &DatabaseUrl, error: &ApiError) -> CliError {
    match error.cause_text() {
        Some(cause) if error.code() == Code::Internal => format!(
            "cannot read {url}: {cause}. Is it the database of this service (--database-url)? onaccount migrate brings \
             its tables up to date"
        )
        .into(),
        _ => error.to_string().into(),
    }
}
