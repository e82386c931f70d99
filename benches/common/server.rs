//! The server under load: the real binary, in a process of its own, with what it and its database use of the machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A secret of this run only.
const SECRET: &str = "only-for-benchmarks-0123456789abcdef0123456789abcdef";

pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(database_url: &str) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut child = Command::new(env!("CARGO_BIN_EXE_onaccount"))
            .args([
                "serve",
                "--database-url",
                database_url,
                "--listen",
                &address.to_string(),
            ])
            .env("ONACCOUNT_SECRET", SECRET)
            .env("ONACCOUNT_LOG", "warn")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                eprintln!("server: {line}");
            }
        });
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Server { child, address }
    }

    pub fn usage(&self) -> Usage {
        Usage {
            server: cpu_seconds(self.child.id()),
            postgres: process_ids()
                .filter(|id| name(*id) == "postgres")
                .map(cpu_seconds)
                .sum(),
            load: cpu_seconds(std::process::id()),
        }
    }

    /// The most memory the server ever had, in MiB.
    pub fn peak_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    /// Stops it as an operator would; it must end well.
    pub fn stop(mut self) {
        let stopped = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(stopped.unwrap().success());
        assert!(self.child.wait().unwrap().success(), "the server did not end well");
    }
}

/// Processor time used so far, in seconds. Of PostgreSQL: all its processes on this machine.
#[derive(Clone, Copy)]
pub struct Usage {
    pub server: f64,
    pub postgres: f64,
    pub load: f64,
}

fn process_ids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn name(id: u32) -> String {
    fs::read_to_string(format!("/proc/{id}/comm"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// User and system time, from clock ticks of 1/100 s. Nothing for a process that has gone meanwhile.
fn cpu_seconds(id: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
        return 0.0;
    };
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
