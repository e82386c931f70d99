//! `onaccount serve`.

use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use futures_util::future::{Either, select};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CliError;
use crate::app::{self, AppState};
use crate::clock::Clock;
use crate::config::{self, MailOptions, ServerOptions};
use crate::db::{self, Db};
use crate::http::waiting::{Connection, HEAD_WAIT_MAX};
use crate::jobs::{Services, Workers};
use crate::mail::{MailTransport, PostOffice, Postman};
use crate::retention::Retention;
use crate::{metrics, users};

/// What is kept of the files that a process may open for the database and what it writes.
const FILES_KEPT: u64 = 200;
/// A connection, and the watch over it.
const FILES_PER_CONNECTION: u64 = 2;

/// More than this are not worth their memory.
const CONNECTIONS_PER_WORKER_MAX: usize = 25_600;

/// Why a server cannot start.
pub type ServeError = CliError;

/// A server that has its port and its database, ready to run.
pub struct Server {
    listener: TcpListener,
    workers: Option<usize>,
    job_workers: usize,
    shutdown_seconds: u64,
    /// Where metrics are asked for.
    metrics_listener: Option<TcpListener>,
    /// Sends mail, unless another process does.
    postman: Option<Postman>,
    retention: Retention,
    /// What the server shares with whoever started it.
    pub state: Arc<AppState>,
}

impl Server {
    /// Brings the schema up to date, opens the database, and takes the port.
    ///
    /// # Errors
    /// What is missing or wrong, and what to do about it.
    pub fn prepare(options: &ServerOptions, clock: Clock) -> Result<Self, ServeError> {
        let url = &options.database.database_url;
        let secret = config::secret(options.secret.as_deref(), url)?;
        for name in db::migrate(url).map_err(|error| format!("cannot open {url}: {error}"))? {
            tracing::info!(name, "migrated");
        }
        let db = Db::connect(url, options.database.database_connections)
            .map_err(|error| format!("cannot open {url}: {error}"))?;
        let state = AppState::try_new(
            db,
            clock,
            &secret,
            options.cors_origins.clone(),
            options.trusted_proxies.clone(),
            options.mail.invitations_per_day,
        )?;
        let postman = postman(&options.mail, &state)?;
        let listener = TcpListener::bind(options.listen)
            .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
        let metrics_listener = options.metrics_listen.map(|address| {
            TcpListener::bind(address).map_err(|error| format!("cannot listen on {address} for metrics: {error}"))
        });
        let metrics_listener = metrics_listener.transpose()?;
        Ok(Server {
            listener,
            workers: options.workers,
            job_workers: options.job_workers,
            shutdown_seconds: options.shutdown_seconds,
            metrics_listener,
            postman,
            retention: options.retention,
            state,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is told to stop, then finishes what it accepted.
    ///
    /// # Errors
    /// When the port is lost.
    pub fn run(self) -> Result<(), ServeError> {
        // actix's server is made within the system that runs it
        actix_web::rt::System::new().block_on(async { Ok(self.start()?.finish().await?) })
    }

    /// Starts serving, working on jobs, and sending mail.
    ///
    /// # Errors
    /// When the port is lost, or the system has no more threads.
    pub fn start(self) -> Result<RunningServer, ServeError> {
        // before any work is begun that a signal should not cut off
        let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let state = Arc::clone(&self.state);
        let workers = match self.workers {
            Some(workers) => workers,
            None => available_parallelism()?.get(),
        };
        let server = HttpServer::new(move || app::application(Arc::clone(&state)))
            .workers(workers)
            .max_connections(connections_max(workers)?)
            .client_request_timeout(HEAD_WAIT_MAX)
            .on_connect(Connection::watch)
            .disable_signals()
            .shutdown_timeout(self.shutdown_seconds);
        let server = server.listen(self.listener)?.run();
        let services = Services {
            db: self.state.db.clone(),
            clock: self.state.clock.clone(),
            metrics: self.state.metrics.jobs.clone(),
            sheets: self.state.sheets.clone(),
            live: self.state.live_progress.clone(),
        };
        if let Some(listener) = self.metrics_listener {
            let metrics = metrics::serve(listener, &self.state.metrics, &self.state.db.waits)?;
            actix_web::rt::spawn(metrics);
        }
        let workers = Workers::start(&services, &self.state.job_bell, self.job_workers, self.retention)?;
        actix_web::rt::spawn(stop_when_told(signals, server.handle(), workers.stopper()));
        let post_office = self.postman.map(PostOffice::open).transpose()?;
        Ok(RunningServer {
            server,
            workers,
            post_office,
            state: self.state,
        })
    }
}

/// How many connections each worker may have, after the limit of open files was raised as far as it may be. What comes then
/// waits until one is closed; without this, nobody could open a file any more, the database neither.
fn connections_max(workers: usize) -> std::io::Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // where that is refused (macOS, without a maximum), what there is must do
    let files = if setrlimit(Resource::Nofile, raised).is_ok() {
        limit.maximum
    } else {
        limit.current
    };
    let connections = files.unwrap_or(u64::MAX).saturating_sub(FILES_KEPT) / FILES_PER_CONNECTION;
    let connections = usize::try_from(connections).map_err(std::io::Error::other)?;
    Ok((connections / workers.max(1)).clamp(1, CONNECTIONS_PER_WORKER_MAX))
}

/// SIGTERM lets requests finish; SIGINT, somebody at a terminal, does not wait for them. Either way a job stops at the end of
/// its chunk, at once and not when the last request is done.
async fn stop_when_told((mut terminate, mut interrupt): (Signal, Signal), server: ServerHandle, stop_jobs: impl Fn()) {
    let waits_for_requests = matches!(
        select(pin!(terminate.recv()), pin!(interrupt.recv())).await,
        Either::Left(_)
    );
    stop_jobs();
    server.stop(waits_for_requests).await;
}

fn postman(options: &MailOptions, state: &AppState) -> Result<Option<Postman>, ServeError> {
    let from = options.sender()?;
    let transport = MailTransport::try_new(&options.mail_url)
        .map_err(|error| format!("cannot send mail to {}: {error}", options.mail_url))?;
    Ok(transport.map(|transport| Postman {
        db: state.db.clone(),
        clock: state.clock.clone(),
        transport,
        from,
        invitation_url: options.invitation_url.clone(),
        link_tokens: state.link_tokens.clone(),
        metrics: state.metrics.mail.clone(),
        is_stopping: Arc::default(),
    }))
}

/// A server that serves.
pub struct RunningServer {
    server: actix_web::dev::Server,
    workers: Workers,
    post_office: Option<PostOffice>,
    state: Arc<AppState>,
}

impl RunningServer {
    /// Stops it.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Ends when the server was told to stop and has finished what it accepted; a job stops at the end of its chunk, and
    /// another process goes on.
    ///
    /// # Errors
    /// When the port is lost.
    pub async fn finish(self) -> std::io::Result<()> {
        let ended = self.server.await;
        self.state.postings.drain();
        self.workers.stop();
        if let Some(post_office) = self.post_office {
            post_office.close();
        }
        ended
    }
}

pub(super) fn serve(options: &ServerOptions) -> Result<(), ServeError> {
    let server = Server::prepare(options, Clock::system())?;
    let address = server.address()?;
    tracing::info!(%address, database = %options.database.database_url, "serving; the documentation is at /docs");
    if !server
        .state
        .db
        .read_blocking(|connection| Ok(users::store::has_users(connection)?))?
    {
        tracing::warn!(
            "nobody can sign in yet: make the first user with onaccount user create --portal-admin --email .. --name .. \
             (and the same --database-url)"
        );
    }
    server.run()
}
