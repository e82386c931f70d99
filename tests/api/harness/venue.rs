//! A service in this process, and a venue with people and a till.

use std::sync::Arc;
use std::thread::JoinHandle;

use diesel::prelude::*;
use onaccount::app::AppState;
use onaccount::auth::{NewKey, Role, key_hash};
use onaccount::cli::Server;
use onaccount::clock::{Clock, Timestamp};
use onaccount::config::{DatabaseOptions, MailOptions, ServerOptions};
use onaccount::db::DbConnection;
use onaccount::db::schema::{agreement_acceptances, api_keys, sessions, tenants, terminals, user_roles, users};
use onaccount::id::Id;
use onaccount::mail::MailUrl;
use onaccount::retention::Retention;

use super::{Actor, NOON, TestDatabase, at};

/// The service, serving on a port of its own until the test ends.
pub struct Service {
    pub base: String,
    pub state: Arc<AppState>,
    pub clock: Clock,
    pub database: Arc<TestDatabase>,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    pub fn start() -> Self {
        Self::with_job_workers(1)
    }

    /// With 0, jobs wait until the test works on them itself.
    pub fn with_job_workers(job_workers: usize) -> Self {
        Self::on(TestDatabase::new(), job_workers)
    }

    pub fn on(database: TestDatabase, job_workers: usize) -> Self {
        Self::process(Arc::new(database), Clock::manual(at(NOON)), job_workers)
    }

    /// Another process of the same service: its database and its clock, nothing else in common. It works on no jobs.
    pub fn beside(&self) -> Self {
        Self::process(Arc::clone(&self.database), self.clock.clone(), 0)
    }

    fn process(database: Arc<TestDatabase>, clock: Clock, job_workers: usize) -> Self {
        let options = ServerOptions {
            database: DatabaseOptions {
                database_url: database.url.clone(),
                database_connections: 8,
            },
            // a test that wants its mail sent has a postman of its own
            mail: MailOptions {
                mail_url: MailUrl::None,
                mail_from: None,
                invitation_url: "https://portal.test/invitation".parse().unwrap(),
                invitations_per_day: 10,
            },
            listen: ([127, 0, 0, 1], 0).into(),
            secret: Some("a secret for tests, of thirty-two characters".into()),
            cors_origins: vec!["https://backoffice.example".into()],
            trusted_proxies: vec![[127, 0, 0, 1].into()],
            workers: Some(2),
            job_workers,
            shutdown_seconds: 5,
            retention: Retention::default(),
            metrics_listen: None,
        };
        let server = Server::prepare(&options, clock.clone()).unwrap();
        let base = format!("http://{}", server.address().unwrap());
        let state = Arc::clone(&server.state);
        // A test is another program than the one that reads spreadsheets.
        state.sheets.use_program(env!("CARGO_BIN_EXE_onaccount").into());
        let (send, receive) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = server.start().unwrap();
                send.send(server.handle()).unwrap();
                server.finish().await.unwrap();
            });
        });
        let handle = receive.recv().unwrap();
        Service {
            base,
            state,
            clock,
            database,
            handle,
            thread: Some(thread),
        }
    }

    /// Someone without a token.
    pub fn anybody(&self) -> Actor {
        Actor::new(&self.base, None)
    }

    /// Someone with this token or key.
    pub fn with_token(&self, token: &str) -> Actor {
        Actor::new(&self.base, Some(token.to_owned()))
    }

    /// Lets time pass.
    pub fn advance(&self, by: chrono::TimeDelta) {
        self.clock.set(self.clock.now().plus(by));
    }

    /// Writes to the database behind the service's back.
    pub fn write<T>(&self, mut work: impl FnMut(&mut DbConnection) -> QueryResult<T>) -> T {
        self.state
            .db
            .write_blocking(|connection| Ok(work(connection)?))
            .unwrap()
    }

    /// A user with roles in a tenant, signed in to it. The password hash fits no password.
    pub fn user(&self, name: &str, is_portal_admin: bool, tenant: Option<(Id, &[Role])>) -> (Id, Actor) {
        let now = self.clock.now();
        let (user_id, session_id) = (self.clock.new_id(), self.clock.new_id());
        let email = format!("{}.{}@example.com", name.to_lowercase().replace(' ', "."), user_id);
        self.write(|connection| {
            diesel::insert_into(users::table)
                .values((
                    users::id.eq(user_id),
                    users::email.eq(&email),
                    users::email_key.eq(&email),
                    users::name.eq(name),
                    users::name_key.eq(name.to_lowercase()),
                    users::password_hash.eq("none"),
                    users::is_portal_admin.eq(is_portal_admin),
                    users::created_at.eq(now),
                ))
                .execute(connection)?;
            for role in tenant.map(|(_, roles)| roles).unwrap_or_default() {
                diesel::insert_into(user_roles::table)
                    .values((
                        user_roles::tenant_id.eq(tenant.map(|(id, _)| id).unwrap()),
                        user_roles::user_id.eq(user_id),
                        user_roles::role.eq(*role),
                        user_roles::granted_at.eq(now),
                    ))
                    .execute(connection)?;
            }
            insert_session(connection, session_id, user_id, tenant.map(|(id, _)| id), now)
        });
        let token = self.state.tokens.issue(user_id, session_id, now).unwrap();
        (user_id, self.with_token(&token))
    }

    /// A tenant that has not accepted the agreement.
    pub fn tenant(&self, number: i64) -> Id {
        let id = self.clock.new_id();
        let now = self.clock.now();
        self.write(|connection| {
            diesel::insert_into(tenants::table)
                .values((
                    tenants::id.eq(id),
                    tenants::number.eq(number),
                    tenants::name.eq(format!("Venue {number}")),
                    tenants::currency.eq("EUR"),
                    tenants::time_zone.eq("Europe/Amsterdam"),
                    tenants::locale.eq("nl-NL"),
                    tenants::created_at.eq(now),
                ))
                .execute(connection)
        });
        id
    }
}

fn insert_session(
    connection: &mut DbConnection,
    session_id: Id,
    user_id: Id,
    tenant_id: Option<Id>,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session_id),
            sessions::user_id.eq(user_id),
            sessions::tenant_id.eq(tenant_id),
            sessions::refresh_hash.eq(key_hash(&session_id.to_string())),
            sessions::created_at.eq(now),
            sessions::refreshed_at.eq(now),
            sessions::expires_at.eq(now.plus(chrono::TimeDelta::days(30))),
        ))
        .execute(connection)
}

impl Drop for Service {
    fn drop(&mut self) {
        let stopped = self.handle.stop(false);
        let _ = std::thread::spawn(move || actix_web::rt::System::new().block_on(stopped)).join();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Tenant 719 with one person of each role and a till called "Bar".
pub struct Venue {
    pub service: Service,
    pub tenant_id: Id,
    pub portal_admin: Actor,
    pub director: Actor,
    pub superuser: Actor,
    pub clerk: Actor,
    pub backoffice: Actor,
    /// Has the role, and no customer that is linked.
    pub customer_user: Actor,
    pub till: Actor,
    pub till_id: Id,
}

impl Venue {
    /// Ready to work: the agreement is accepted.
    pub fn open() -> Self {
        let venue = Venue::before_agreement();
        venue.accept_agreement();
        venue
    }

    /// As it is before anybody accepts the agreement.
    pub fn before_agreement() -> Self {
        Self::in_service(Service::start(), 719)
    }

    /// A venue in a service that runs already.
    pub fn in_service(service: Service, number: i64) -> Self {
        let tenant_id = service.tenant(number);
        let person = |name: &str, role| service.user(name, false, Some((tenant_id, &[role]))).1;
        let (_, portal_admin) = service.user("Petra Portal", true, None);
        let director = person("Dirk Director", Role::Director);
        let superuser = person("Suus Superuser", Role::Superuser);
        let clerk = person("Klaas Clerk", Role::Clerk);
        let backoffice = person("Bea Backoffice", Role::Backoffice);
        let customer_user = person("Carla Customer", Role::Customer);
        let (till_id, till) = terminal(&service, tenant_id, "Bar");
        Venue {
            service,
            tenant_id,
            portal_admin,
            director,
            superuser,
            clerk,
            backoffice,
            customer_user,
            till,
            till_id,
        }
    }

    /// Records the acceptance of the version that stands.
    pub fn accept_agreement(&self) {
        accept_agreement(&self.service, self.tenant_id);
    }

    /// Another till of this venue.
    pub fn another_till(&self, name: &str) -> (Id, Actor) {
        terminal(&self.service, self.tenant_id, name)
    }

    /// Another tenant of the same portal with a director and a till, the agreement accepted.
    pub fn neighbour(&self, number: i64) -> (Id, Actor, Actor) {
        let tenant_id = self.service.tenant(number);
        accept_agreement(&self.service, tenant_id);
        let (_, director) = self
            .service
            .user("Nina Neighbour", false, Some((tenant_id, &[Role::Director])));
        let (_, till) = terminal(&self.service, tenant_id, "Bar");
        (tenant_id, director, till)
    }
}

fn accept_agreement(service: &Service, tenant_id: Id) {
    let acceptance = (
        agreement_acceptances::tenant_id.eq(tenant_id),
        agreement_acceptances::id.eq(service.clock.new_id()),
        agreement_acceptances::version.eq(onaccount::agreement::CURRENT.version),
        agreement_acceptances::user_id.eq(service.user("Agnes Agreement", false, None).0),
        agreement_acceptances::user_name.eq("Agnes Agreement"),
        agreement_acceptances::accepted_at.eq(service.clock.now()),
    );
    service.write(|connection| {
        diesel::insert_into(agreement_acceptances::table)
            .values(acceptance)
            .execute(connection)
    });
    service.state.actors.clear();
}

fn terminal(service: &Service, tenant_id: Id, name: &str) -> (Id, Actor) {
    let (id, key_id) = (service.clock.new_id(), service.clock.new_id());
    let key = NewKey::access().unwrap();
    let now = service.clock.now();
    service.write(|connection| {
        diesel::insert_into(terminals::table)
            .values((
                terminals::tenant_id.eq(tenant_id),
                terminals::id.eq(id),
                terminals::name.eq(name),
                terminals::created_at.eq(now),
            ))
            .execute(connection)?;
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::tenant_id.eq(tenant_id),
                api_keys::id.eq(key_id),
                api_keys::terminal_id.eq(Some(id)),
                api_keys::name.eq(name),
                api_keys::key_hash.eq(&key.hash),
                api_keys::permissions.eq("till.list,till.post,till.totals"),
                api_keys::created_by.eq(Id::NIL),
                api_keys::created_at.eq(now),
            ))
            .execute(connection)
    });
    (id, service.with_token(&key.secret))
}
