//! `onaccount serve` in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

use super::onaccount;
use crate::harness::TestDatabase;

/// A server that serves; killed if the test forgets it.
pub struct Serving {
    pub process: Child,
    pub address: String,
    pub log: BufReader<ChildStderr>,
}

impl Serving {
    /// On a database of the tests.
    pub fn start(database: &TestDatabase) -> Self {
        let mut command = onaccount();
        command
            .args([
                "serve",
                "--database-url",
                &database.raw_url(),
                "--shutdown-seconds",
                "20",
            ])
            .env("ONACCOUNT_SECRET", "a secret for tests, of thirty-two characters");
        Self::run(&mut command)
    }

    /// As the command says, on a free port.
    pub fn run(command: &mut Command) -> Self {
        let mut process = command
            .args(["--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("\"address\"") {
            line.clear();
            assert!(
                log.read_line(&mut line).unwrap() > 0,
                "the server ended without serving"
            );
        }
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = line["address"].as_str().unwrap().to_owned();
        Serving { process, address, log }
    }

    pub fn terminate(&self) {
        super::terminate(&self.process);
    }

    /// How it ended, as soon as it has.
    pub fn ended(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
