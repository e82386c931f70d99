//! A PostgreSQL of our own, with full durability, to be ended and started as roughly as a proof needs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use crate::server::{free_port, is_alive, signal};

pub struct Cluster {
    programs: PathBuf,
    /// Who owns the data: PostgreSQL refuses to run as root.
    user: Option<String>,
    pub data: PathBuf,
    log: PathBuf,
    port: u16,
    postmaster: Option<Child>,
    /// Environment of its processes.
    environment: Vec<(String, String)>,
}

impl Cluster {
    /// Makes it in `folder` and starts it. `options` go to `initdb`.
    pub fn start(folder: &Path, options: &[&str]) -> Self {
        let mut cluster = Cluster {
            programs: programs(),
            user: user(),
            data: folder.join("data"),
            log: folder.join("log"),
            port: free_port(),
            postmaster: None,
            environment: Vec::new(),
        };
        fs::create_dir(folder).unwrap();
        cluster.give_away(folder);
        let made = cluster
            .program("initdb")
            .arg("-D")
            .arg(&cluster.data)
            .args([
                "-U",
                "onaccount",
                "--auth=trust",
                "--locale=C",
                "--encoding=UTF8",
                "--no-sync",
            ])
            .args(options)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "initdb failed");
        cluster.resume();
        cluster
    }

    /// Its processes get this environment from the next start on.
    pub fn set_environment(&mut self, environment: Vec<(String, String)>) {
        self.environment = environment;
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://onaccount@127.0.0.1:{}/{database}", self.port)
    }

    pub fn execute(&self, sql: &str) {
        let mut connection = PgConnection::establish(&self.url("postgres")).unwrap();
        connection.batch_execute(sql).unwrap();
    }

    /// Starts it, and answers when it does.
    pub fn resume(&mut self) {
        let log = File::options().append(true).create(true).open(&self.log).unwrap();
        let postmaster = self
            .program("postgres")
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-c", "max_connections=100", "-c", "shared_buffers=64MB"])
            .envs(self.environment.iter().cloned())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.postmaster = Some(postmaster.unwrap());
        let began = Instant::now();
        while let Err(error) = PgConnection::establish(&self.url("postgres")) {
            let ended = self.postmaster.as_mut().unwrap().try_wait().unwrap();
            let is_hopeless = ended.is_some() || began.elapsed() > Duration::from_secs(30);
            assert!(!is_hopeless, "PostgreSQL does not start: {error}\n{}", self.log_end());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it with a signal: `INT` for a clean end, `QUIT` for an immediate one that leaves recovery to the next start.
    pub fn stop(&mut self, name: &str) {
        let mut postmaster = self.postmaster.take().unwrap();
        signal(name, &[postmaster.id()]);
        postmaster.wait().unwrap();
    }

    /// Kills every process of it at once.
    pub fn kill(&mut self) {
        let mut postmaster = self.postmaster.take().unwrap();
        // stopped, it makes no further ones
        signal("STOP", &[postmaster.id()]);
        let mut processes = children_of(postmaster.id());
        processes.push(postmaster.id());
        signal("KILL", &processes);
        postmaster.wait().unwrap();
        while processes.iter().any(|process| is_alive(*process)) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Makes the cluster's user the owner of a file or folder and all in it.
    pub fn give_away(&self, path: &Path) {
        if let Some(user) = &self.user {
            let given = Command::new("chown").args(["-R", user]).arg(path).status();
            assert!(given.unwrap().success());
        }
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let Some(user) = &self.user else {
            return Command::new(program);
        };
        let mut command = Command::new("setpriv");
        command
            .args([&format!("--reuid={user}"), "--init-groups", &format!("--regid={user}")])
            .arg(program)
            .current_dir("/");
        command
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.postmaster.is_some() {
            self.stop("QUIT");
        }
    }
}

/// The folder with `initdb` and `postgres`, as `./test` says it or as Debian has it.
fn programs() -> PathBuf {
    if let Ok(folder) = std::env::var("ONACCOUNT_TEST_POSTGRES_BIN") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| {
        panic!("no PostgreSQL found: name the folder of its programs in ONACCOUNT_TEST_POSTGRES_BIN, or say --database sqlite")
    })
}

/// As whom it runs when we are root.
fn user() -> Option<String> {
    let is_root = fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .any(|line| line.starts_with("Uid:\t0\t"));
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let has_postgres = users.lines().any(|line| line.starts_with("postgres:"));
    is_root.then(|| if has_postgres { "postgres" } else { "nobody" }.to_owned())
}

fn children_of(parent: u32) -> Vec<u32> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|process| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            // after the name in brackets: state, parent
            let parent_field = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
            parent_field == Some(parent.to_string().as_str())
        })
        .collect()
}
