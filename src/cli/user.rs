//! `onaccount user`: the first users of a portal are made here, by who can reach its database.

use std::io::{self, IsTerminal};

use clap::{Args, Subcommand};

use super::ask::{ask, ask_for_password};
use super::{CliError, is_missing, require_database};
use crate::app::AppState;
use crate::audit::{self, Author, Changes, PORTAL, Subject, SubjectKind};
use crate::auth::{NewKey, Password, Passwords, Role};
use crate::clock::Clock;
use crate::config::DatabaseOptions;
use crate::db::{self, Db, DbConnection};
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::money::Currency;
use crate::sessions;
use crate::tenants::{self, NewTenant, TenantRow};
use crate::text::{Email, Name, sort_key};
use crate::users::{self, NewUserRow, UserLanguage, UserRow, email_key};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make a user; on an empty database, the first tenant too
    Create(CreateOptions),
    /// Give a user who cannot sign in any more a new password; every session of theirs ends
    SetPassword(SetPasswordOptions),
    /// Keep a user out: they cannot sign in, and every session of theirs ends
    Disable(KnownUser),
    /// Let a disabled user sign in again
    Enable(KnownUser),
}

#[derive(Debug, Args)]
pub(super) struct CreateOptions {
    #[command(flatten)]
    database: DatabaseOptions,
    /// The e-mail address to sign in with
    #[arg(long, value_parser = parse_email)]
    email: Email,
    /// What the user is called
    #[arg(long, value_parser = parse_name)]
    name: Name,
    /// The user manages the portal: its tenants, and every tenant by the header Onaccount-Tenant
    #[arg(long)]
    portal_admin: bool,
    /// Read the password from standard input, one line; without it the password is asked for on a terminal
    #[arg(long)]
    password_stdin: bool,
    /// Number of the tenant in which the user is a director; with --tenant-name it is made first
    #[arg(long, value_parser = parse_number)]
    tenant_number: Option<i64>,
    /// Name of a tenant to make
    #[arg(long, value_parser = parse_name, requires = "tenant_number")]
    tenant_name: Option<Name>,
    /// Currency of the tenant to make, ISO 4217
    #[arg(long, default_value = "EUR", value_parser = parse_currency)]
    currency: Currency,
    /// Time zone of the tenant to make (IANA)
    #[arg(long, default_value = "Europe/Amsterdam", value_parser = parse_time_zone)]
    time_zone: chrono_tz::Tz,
}

#[derive(Debug, Args)]
pub(super) struct KnownUser {
    #[command(flatten)]
    database: DatabaseOptions,
    /// The e-mail address they sign in with
    #[arg(long, value_parser = parse_email)]
    email: Email,
}

#[derive(Debug, Args)]
pub(super) struct SetPasswordOptions {
    #[command(flatten)]
    user: KnownUser,
    /// Read the password from standard input, one line; without it the password is asked for on a terminal
    #[arg(long)]
    password_stdin: bool,
}

fn parse_email(text: &str) -> Result<Email, String> {
    Email::try_new(text).map_err(str::to_owned)
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::try_new(text).map_err(str::to_owned)
}

fn parse_number(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| (1..=999_999_999).contains(number));
    number.ok_or_else(|| "expected a number from 1 to 999999999".to_owned())
}

fn parse_currency(text: &str) -> Result<Currency, String> {
    Currency::try_from_code(text).ok_or_else(|| "expected the ISO 4217 code of a currency in use".to_owned())
}

fn parse_time_zone(text: &str) -> Result<chrono_tz::Tz, String> {
    text.parse()
        .map_err(|_| "expected a time zone of the IANA database, such as Europe/Amsterdam".to_owned())
}

/// Where the user gets to work.
enum Place {
    /// In the portal only.
    Portal,
    /// In a tenant that is there.
    Tenant(i64),
    /// In a tenant to make.
    NewTenant(NewTenant),
}

pub(super) fn run(command: UserCommand) -> Result<(), CliError> {
    match command {
        UserCommand::Create(options) => create(&options),
        UserCommand::SetPassword(options) => set_password(&options),
        UserCommand::Disable(user) => set_active(&user, false),
        UserCommand::Enable(user) => set_active(&user, true),
    }
}

fn create(options: &CreateOptions) -> Result<(), CliError> {
    // A database is made when everything is known: a question that nobody answers leaves no file behind.
    let existing = if is_missing(&options.database.database_url) {
        None
    } else {
        Some(open(&options.database)?)
    };
    let is_empty = match &existing {
        Some(db) => db.read_blocking(|connection| Ok(tenants::store::list_tenants(connection, None, 1)?.is_empty()))?,
        None => true,
    };
    let place = place(options, is_empty)?;
    let (password, is_generated) = password(options.password_stdin)?;
    let db = match existing {
        Some(db) => db,
        None => open(&options.database)?,
    };
    let clock = Clock::system();
    let new = new_user(
        &options.email,
        &options.name,
        options.portal_admin,
        &password.hashed,
        &clock,
    );
    let tenant = db
        .write_blocking(|connection| insert(connection, &clock, &new, &place))
        .map_err(|error| error.to_string())?;

    println!("user    {} {}", new.id, new.email);
    if options.portal_admin {
        println!("        manages the portal");
    }
    if let Some(tenant) = tenant {
        println!("tenant  {} {} {}", tenant.id, tenant.number, tenant.name);
        println!("        the user is a director of it");
    }
    if is_generated {
        show(&password);
    }
    Ok(())
}

fn show(password: &ChosenPassword) {
    println!("password {}", password.text);
    println!("        it is shown this once: change it with POST /v1/me/password");
}

fn open(options: &DatabaseOptions) -> Result<Db, CliError> {
    let url = &options.database_url;
    db::migrate(url).map_err(|error| format!("cannot open {url}: {error}"))?;
    Ok(Db::connect(url, 1).map_err(|error| format!("cannot open {url}: {error}"))?)
}

impl KnownUser {
    fn find(&self, db: &Db) -> Result<UserRow, CliError> {
        let email_key = email_key(&self.email);
        let known = db.read_blocking(|connection| Ok(users::store::find_user_by_email(connection, &email_key)?))?;
        Ok(known.ok_or("no user has this e-mail address")?)
    }
}

fn set_active(known: &KnownUser, is_active: bool) -> Result<(), CliError> {
    require_database(&known.database.database_url)?;
    let db = open(&known.database)?;
    let user = known.find(&db)?;
    let clock = Clock::system();
    db.write_blocking(|connection| {
        if users::store::set_active(connection, user.id, is_active)? == 0 {
            return Ok(());
        }
        if !is_active {
            sessions::store::revoke_all(connection, user.id, clock.now())?;
        }
        let changes = Changes::new().field("is_active", !is_active, is_active);
        record(connection, &clock, PORTAL, user.id, &changes)
    })?;
    println!("user    {} {}", user.id, user.email);
    if is_active {
        println!("        can sign in");
    } else {
        println!("        cannot sign in; their sessions have ended");
    }
    Ok(())
}

fn set_password(options: &SetPasswordOptions) -> Result<(), CliError> {
    require_database(&options.user.database.database_url)?;
    let db = open(&options.user.database)?;
    let user = options.user.find(&db)?;
    let (password, is_generated) = password(options.password_stdin)?;
    let clock = Clock::system();
    db.write_blocking(|connection| {
        users::store::set_password_hash(connection, user.id, &password.hashed)?;
        sessions::store::revoke_all(connection, user.id, clock.now())?;
        let changes = Changes::new().field("password", "(old)", "(new)");
        record(connection, &clock, PORTAL, user.id, &changes)
    })?;
    println!("user    {} {}", user.id, user.email);
    println!("        has a new password; their sessions have ended");
    if is_generated {
        show(&password);
    }
    Ok(())
}

/// Makes a portal administrator in a portal that runs in this process: the demo's.
pub(super) fn create_portal_admin(state: &AppState, email: &Email, name: &Name, password: &Password) -> ApiResult<()> {
    let password_hash = state.passwords.hash_blocking(password)?;
    let new = new_user(email, name, true, &password_hash, &state.clock);
    let insert = |connection: &mut DbConnection| insert(connection, &state.clock, &new, &Place::Portal);
    state.db.write_blocking(insert).map(drop)
}

fn new_user(email: &Email, name: &Name, is_portal_admin: bool, password_hash: &str, clock: &Clock) -> NewUserRow {
    let name = name.as_str().to_owned();
    NewUserRow {
        id: clock.new_id(),
        email: email.as_str().to_owned(),
        email_key: email_key(email),
        name_key: sort_key(&name),
        name,
        password_hash: password_hash.to_owned(),
        is_portal_admin,
        language: UserLanguage::En,
        created_at: clock.now(),
    }
}

/// Reads the flags; on an empty database and a terminal, asks for a first tenant.
fn place(options: &CreateOptions, is_empty: bool) -> Result<Place, CliError> {
    let new = |number, name| NewTenant {
        number,
        name,
        currency: options.currency,
        time_zone: tenants::TimeZone(options.time_zone),
        locale: None,
    };
    match (options.tenant_number, &options.tenant_name) {
        (Some(number), Some(name)) => return Ok(Place::NewTenant(new(number, name.clone()))),
        (Some(number), None) => return Ok(Place::Tenant(number)),
        (None, _) => {}
    }
    if is_empty && io::stdin().is_terminal() {
        let (mut answers, mut questions) = (io::stdin().lock(), io::stdout());
        let question = "There is no tenant yet. Name of the first one (empty: none): ";
        let name = ask((&mut answers, &mut questions), question, |answer| match answer {
            "" => Ok(None),
            name => parse_name(name).map(Some),
        })?;
        if let Some(name) = name {
            let question = "Its number, such as 719: ";
            let number = ask((&mut answers, &mut questions), question, parse_number)?;
            return Ok(Place::NewTenant(new(number, name)));
        }
    }
    if options.portal_admin {
        return Ok(Place::Portal);
    }
    Err("name the user's tenant with --tenant-number (and --tenant-name to make it), or make a portal administrator with \
         --portal-admin"
        .into())
}

struct ChosenPassword {
    text: String,
    hashed: String,
}

/// The password, and whether it was generated. A generated one is shown, so it is made only on a terminal.
fn password(from_stdin: bool) -> Result<(ChosenPassword, bool), CliError> {
    let (text, is_generated) = if from_stdin {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        (line.trim_end_matches(['\r', '\n']).to_owned(), false)
    } else if io::stdin().is_terminal() && io::stdout().is_terminal() {
        match ask_for_password(|question| rpassword::prompt_password(question), &mut io::stdout())? {
            Some(typed) => (typed, false),
            None => (NewKey::try_new("")?.secret, true),
        }
    } else {
        return Err("there is no terminal to ask for a password: use --password-stdin".into());
    };
    let hashed = Passwords::try_new()?.hash_blocking(&Password::try_new(&text)?)?;
    Ok((ChosenPassword { text, hashed }, is_generated))
}

fn insert(
    connection: &mut DbConnection,
    clock: &Clock,
    user: &NewUserRow,
    place: &Place,
) -> ApiResult<Option<TenantRow>> {
    users::store::insert_user(connection, user)
        .map_err(|error| ApiError::taken(error, crate::error::Code::EmailTaken))?;
    let tenant = match place {
        Place::Portal => None,
        Place::Tenant(number) => Some(
            tenants::store::find_tenant_by_number(connection, *number)?
                .ok_or_else(|| ApiError::new(crate::error::Code::UnknownTenant))?,
        ),
        Place::NewTenant(new) => {
            let row = new.clone().row(clock.new_id(), clock.now());
            tenants::http::insert(connection, clock, &Author::system(row.id), &row)?;
            Some(row)
        }
    };
    let tenant_id = tenant.as_ref().map_or(PORTAL, |tenant| tenant.id);
    let mut changes = Changes::new().created("email", &user.email).created("name", &user.name);
    if user.is_portal_admin {
        changes = changes.created("is_portal_admin", true);
    }
    if tenant.is_some() {
        let roles: (&[Role], &[Role]) = (&[], &[Role::Director]);
        users::store::replace_roles(connection, tenant_id, user.id, roles, user.created_at)?;
        changes = changes.created("roles", Role::Director);
    }
    record(connection, clock, tenant_id, user.id, &changes)?;
    Ok(tenant)
}

fn record(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant_id: Id,
    user_id: Id,
    changes: &Changes,
) -> ApiResult<()> {
    let subject = Subject::new(SubjectKind::User, user_id);
    audit::record(connection, clock, &Author::system(tenant_id), subject, changes)?;
    Ok(())
}
