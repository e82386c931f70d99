//! A small SMTP server that does as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use base64::Engine;

/// What the server does with one mail.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    Accept,
    /// Answers `MAIL FROM` so.
    RefuseSender(&'static str),
    /// Answers `RCPT TO` so.
    RefuseRecipient(&'static str),
    /// Takes the whole mail and hangs up without an answer.
    CutAfterData,
    /// Takes the whole mail and answers when it is told to ([`SmtpServer::answer`]).
    Wait,
}

/// A mail that reached the server whole, whatever it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub recipient: String,
    pub text: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {head}"))
    }

    /// The text as its reader sees it.
    pub fn body(&self) -> String {
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap();
        let bytes = match self.header("Content-Transfer-Encoding") {
            "7bit" => body.as_bytes().to_vec(),
            "base64" => {
                let digits: String = body.split_whitespace().collect();
                base64::engine::general_purpose::STANDARD.decode(digits).unwrap()
            }
            "quoted-printable" => from_quoted_printable(body),
            other => panic!("{other}"),
        };
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
    }

    /// What stands after the # of its link.
    pub fn link_token(&self) -> String {
        let body = self.body();
        let link = body
            .lines()
            .find(|line| line.starts_with("https://portal.test/"))
            .unwrap();
        link.split_once('#').unwrap().1.to_owned()
    }
}

fn from_quoted_printable(body: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let body = body.replace("=\r\n", "");
    let mut pieces = body.split('=');
    bytes.extend_from_slice(pieces.next().unwrap().as_bytes());
    for piece in pieces {
        let (code, rest) = piece.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

struct Shared {
    acts: Mutex<VecDeque<Act>>,
    received: Mutex<Vec<Received>>,
    answers: Mutex<Receiver<()>>,
}

pub struct SmtpServer {
    pub url: String,
    shared: Arc<Shared>,
    answer: Sender<()>,
}

impl SmtpServer {
    /// Does these things with the mails that come, one by one, and accepts all that come after them.
    pub fn start(acts: &[Act]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (answer, answers) = channel();
        let shared = Arc::new(Shared {
            acts: Mutex::new(acts.iter().copied().collect()),
            received: Mutex::default(),
            answers: Mutex::new(answers),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, serving) = (stream.unwrap(), Arc::clone(&serving));
                // a client that hangs up ends the conversation
                std::thread::spawn(move || serving.converse(stream).ok());
            }
        });
        SmtpServer { url, shared, answer }
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until a mail is there.
    pub fn await_mail(&self) -> Received {
        for _ in 0..500 {
            if let Some(mail) = self.received().pop() {
                return mail;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("no mail came");
    }

    /// Lets a mail that waits for its answer be accepted.
    pub fn answer(&self) {
        self.answer.send(()).unwrap();
    }
}

impl Shared {
    fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        stream.write_all(b"220 mail.portal.test ESMTP\r\n")?;
        let (mut act, mut recipient) = (Act::Accept, String::new());
        while let Some(line) = lines.next() {
            let line = line?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let reply = match verb.as_str() {
                "EHLO" => "250-mail.portal.test\r\n250 8BITMIME",
                "MAIL" => {
                    act = self.acts.lock().unwrap().pop_front().unwrap_or(Act::Accept);
                    match act {
                        Act::RefuseSender(words) => words,
                        _ => "250 2.1.0 ok",
                    }
                }
                "RCPT" => {
                    line.split(['<', '>'])
                        .nth(1)
                        .unwrap_or_default()
                        .clone_into(&mut recipient);
                    match act {
                        Act::RefuseRecipient(words) => words,
                        _ => "250 2.1.5 ok",
                    }
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n")?;
                    let mut text = String::new();
                    for line in lines.by_ref() {
                        let line = line?;
                        if line == "." {
                            break;
                        }
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push_str("\r\n");
                    }
                    let recipient = std::mem::take(&mut recipient);
                    self.received.lock().unwrap().push(Received { recipient, text });
                    match act {
                        Act::CutAfterData => return Ok(()),
                        Act::Wait => drop(self.answers.lock().unwrap().recv()),
                        _ => {}
                    }
                    "250 2.0.0 taken over"
                }
                "RSET" | "NOOP" => "250 ok",
                "QUIT" => "221 bye",
                _ => "502 not here",
            };
            stream.write_all(format!("{reply}\r\n").as_bytes())?;
        }
        Ok(())
    }
}
