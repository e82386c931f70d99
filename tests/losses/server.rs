//! The real program in a process of its own.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::wire::{Connection, get};

/// A secret of these proofs only.
const SECRET: &str = "only-for-proofs-0123456789abcdef0123456789abcdef";
const READY_WITHIN: Duration = Duration::from_secs(5);

pub struct Server {
    child: Option<Child>,
    pub address: SocketAddr,
    url: String,
    environment: Vec<(String, String)>,
    log: PathBuf,
}

impl Server {
    pub fn start(url: &str) -> Self {
        Self::start_with(url, Vec::new())
    }

    /// With something in its environment besides.
    pub fn start_with(url: &str, environment: Vec<(String, String)>) -> Self {
        let port = free_port();
        let mut server = Server {
            child: None,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            url: url.to_owned(),
            environment,
            log: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("losses-{port}.log")),
        };
        server.resume();
        server
    }

    /// Starts it again at the same address, and says how long it took to be ready.
    pub fn resume(&mut self) -> Duration {
        let log = File::options().append(true).create(true).open(&self.log).unwrap();
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_onaccount"))
            .args(["serve", "--database-url", &self.url])
            .args(["--listen", &self.address.to_string(), "--log", "warn"])
            .env("ONACCOUNT_SECRET", SECRET)
            .envs(self.environment.iter().cloned())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.child = Some(child.unwrap());
        let mut connection = Connection::to(self.address);
        while !connection
            .ask(&get("/readyz", ""))
            .is_ok_and(|reply| reply.status == 200)
        {
            let waited = began.elapsed();
            assert!(
                waited < READY_WITHIN,
                "not ready after {waited:?}; see {}",
                self.log.display()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        began.elapsed()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn signal(&self, name: &str) {
        signal(name, &[self.process()]);
    }

    /// Ends it as an operator would; it must end well.
    pub fn stop(mut self) {
        self.signal("TERM");
        let ended = self.child.take().unwrap().wait().unwrap();
        assert!(
            ended.success(),
            "the server ended with {ended}; see {}",
            self.log.display()
        );
        let log = std::fs::read_to_string(&self.log).unwrap();
        assert!(
            !log.contains("panicked"),
            "the server panicked; see {}",
            self.log.display()
        );
        std::fs::remove_file(&self.log).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// Below the ports that the system gives to clients, so that nobody takes it while the server is down.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + (std::process::id() as u16 % 1_000) * 16 % 18_000 + number % 400;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Sends a signal to processes that we started; one that has gone meanwhile needs none.
pub fn signal(name: &str, processes: &[u32]) {
    Command::new("kill")
        .arg(format!("-{name}"))
        .args(processes.iter().map(u32::to_string))
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
}

/// Whether a process still runs; one that only waits to be buried does not.
pub fn is_alive(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| !rest.trim_start().starts_with('Z'))
    })
}
