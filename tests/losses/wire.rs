//! HTTP by hand: what was sent and what came back is known to the byte, also when the connection breaks between.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use uuid::Uuid;

/// Longer than the service takes for anything.
const REPLY_WITHIN: Duration = Duration::from_secs(30);

pub struct Reply {
    pub status: u16,
    pub is_replayed: bool,
    pub says_when_to_retry: bool,
    pub body: String,
}

impl Reply {
    /// The code of a problem.
    pub fn has_code(&self, code: &str) -> bool {
        self.body.contains(&format!("\"code\":\"{code}\""))
    }
}

/// A connection that is made anew whenever it was lost.
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        Connection { address, stream: None }
    }

    /// # Errors
    /// When the whole reply did not come: nobody knows whether the request arrived.
    pub fn ask(&mut self, request: &str) -> io::Result<Reply> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address)?,
        };
        stream.write_all(request.as_bytes())?;
        let message = read_message(&mut stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let (head, body) = message.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        if header(head, "connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(Reply {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            says_when_to_retry: header(head, "retry-after").is_some(),
            is_replayed: header(head, "idempotent-replayed").is_some(),
            body: body.to_owned(),
        })
    }
}

pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(REPLY_WITHIN))?;
    Ok(stream)
}

/// A whole request or reply with a content-length; nothing when the connection was closed before it began.
///
/// # Errors
/// When the connection breaks within.
pub fn read_message(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut received = Vec::new();
    let mut part = [0; 16_384];
    loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received[..end]);
            let length: usize = header(&head, "content-length")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            if received.len() >= end + 4 + length {
                return String::from_utf8(received).map(Some).map_err(io::Error::other);
            }
        }
        match stream.read(&mut part)? {
            0 if received.is_empty() => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => received.extend_from_slice(&part[..read]),
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

pub fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")
}

pub fn post(path: &str, token: &str, key: Uuid, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
        prefer: wait=1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
