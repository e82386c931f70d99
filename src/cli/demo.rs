//! `onaccount demo`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;

use super::{CliError, Server};
use crate::auth::{NewKey, Password};
use crate::clock::Clock;
use crate::config::{DatabaseOptions, MailOptions, ServerOptions};
use crate::db::DatabaseUrl;
use crate::demo::{Cast, Ending, Narrator, tell};
use crate::mail::MailUrl;
use crate::retention::Retention;
use crate::text::{Email, Name};

/// How the demo is told.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Stop after the story; exit code 0 only if every step gave what it should
    #[arg(long)]
    exit: bool,
    /// A folder for its data, made if need be, in which no demo has been before; a fresh one when left out
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The port on 127.0.0.1; a free one when left out
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
}

const EMAIL: &str = "portal@boathouse.example";

pub(super) fn demo(options: &DemoOptions) -> Result<(), CliError> {
    let clock = Clock::system();
    let folder = fresh_folder(options.dir.as_deref(), &clock)?;
    let server = Server::prepare(&server_options(&folder, options.port)?, clock.clone())?;
    let address = server.address()?;
    let password = NewKey::try_new("")?.secret;
    let (email, name) = (Email::try_new(EMAIL)?, Name::try_new("Petra Portal")?);
    super::user::create_portal_admin(&server.state, &email, &name, &Password::try_new(&password)?)?;
    println!(
        "The story of a venue, told over HTTP. Its data is in {}.",
        folder.display()
    );

    let serving = start(server)?;
    let base = format!("http://{address}");
    let mut narrator = Narrator::new(&base);
    let cast = Cast {
        email: EMAIL,
        password: &password,
        clock: &clock,
        folder: &folder,
    };
    let ending = tell(&mut narrator, &cast)?;
    let (steps, wrong) = (narrator.steps(), narrator.wrong());
    println!("\nThe end: {steps} steps, {wrong} not as expected.");
    if options.exit {
        serving.stop()?;
    } else {
        invite(&base, &ending, &password);
        serving.wait()?;
    }
    if wrong == 0 {
        Ok(())
    } else {
        Err(format!("{wrong} answers were not as expected").into())
    }
}

fn fresh_folder(dir: Option<&Path>, clock: &Clock) -> Result<PathBuf, CliError> {
    let folder = match dir {
        Some(dir) => dir.to_path_buf(),
        None => std::env::temp_dir().join(format!("onaccount-demo-{}", clock.new_id())),
    };
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    if database(&folder).exists() {
        return Err(format!("{} has the data of another demo: name another folder", folder.display()).into());
    }
    Ok(folder)
}

fn database(folder: &Path) -> PathBuf {
    folder.join("demo.db")
}

fn server_options(folder: &Path, port: u16) -> Result<ServerOptions, CliError> {
    Ok(ServerOptions {
        database: DatabaseOptions {
            database_url: DatabaseUrl::Sqlite(database(folder)),
            database_connections: 1,
        },
        mail: MailOptions {
            mail_url: MailUrl::Folder(folder.join("mail")),
            mail_from: None,
            invitation_url: Url::parse("http://127.0.0.1:8080/invitation")?,
            invitations_per_day: 2000,
        },
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        secret: None,
        cors_origins: Vec::new(),
        trusted_proxies: Vec::new(),
        workers: Some(2),
        job_workers: 1,
        shutdown_seconds: 5,
        retention: Retention::default(),
        metrics_listen: None,
    })
}

/// A server on a thread of its own.
struct Serving {
    handle: actix_web::dev::ServerHandle,
    thread: std::thread::JoinHandle<Result<(), String>>,
}

fn start(server: Server) -> Result<Serving, CliError> {
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let running = server.start().map_err(|error| error.to_string())?;
            send.send(running.handle()).map_err(|error| error.to_string())?;
            running.finish().await.map_err(|error| error.to_string())
        })
    });
    Ok(Serving {
        handle: receive.recv()?,
        thread,
    })
}

impl Serving {
    fn stop(self) -> Result<(), CliError> {
        // The order is given when the future is made; the thread tells when it is done.
        drop(self.handle.stop(true));
        self.wait()
    }

    fn wait(self) -> Result<(), CliError> {
        self.thread
            .join()
            .map_err(|_| "the server panicked")?
            .map_err(Into::into)
    }
}

fn invite(base: &str, ending: &Ending, password: &str) {
    let Ending {
        token,
        till_key,
        account_id,
        from,
        to,
    } = ending;
    println!(
        "
It goes on serving until you press Ctrl-C.
  Documentation   {base}/docs/   (Authorize with the token below)
  Director        dirk@boathouse.example, password {password}
Paste into another terminal:
  export ONACCOUNT_URL={base}
  export ONACCOUNT_TOKEN={token}
  export ONACCOUNT_TILL_KEY={till_key}
  curl -s -H \"Authorization: Bearer $ONACCOUNT_TOKEN\" $ONACCOUNT_URL/v1/accounts
  curl -s -H \"Authorization: Bearer $ONACCOUNT_TOKEN\" \"$ONACCOUNT_URL/v1/accounts/{account_id}/statement?from={from}&to={to}\"
  curl -s -H \"Authorization: Bearer $ONACCOUNT_TILL_KEY\" $ONACCOUNT_URL/v1/till/accounts
The token lives 15 minutes; the till's key does not end."
    );
}
