//! A client that asks once on each connection and reads to its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

pub struct Client {
    address: SocketAddr,
    key: String,
}

impl Client {
    pub fn new(address: SocketAddr, key: String) -> Self {
        Client { address, key }
    }

    /// The body of a 200.
    pub fn get(&self, path: &str, accept: &str) -> Vec<u8> {
        let mut body = Vec::new();
        self.stream(path, accept, |part| {
            body.extend_from_slice(part);
            true
        });
        body
    }

    /// Hands the body of a 200 over as it comes, until there is no more of it or `take` says that it is enough.
    pub fn stream(&self, path: &str, accept: &str, mut take: impl FnMut(&[u8]) -> bool) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\naccept: {accept}\r\nconnection: close\r\n\r\n",
            self.key
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let head = read_head(&mut reader);
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        if head.contains("transfer-encoding: chunked") {
            while let Some(part) = read_chunk(&mut reader) {
                if !take(&part) {
                    return;
                }
            }
            return;
        }
        let mut part = vec![0; 64 << 10];
        loop {
            let length = reader.read(&mut part).unwrap();
            if length == 0 || !take(&part[..length]) {
                return;
            }
        }
    }
}

fn read_head(reader: &mut impl BufRead) -> String {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        assert!(
            reader.read_line(&mut line).unwrap() > 0,
            "the server closed the connection"
        );
        if line == "\r\n" {
            return head.to_ascii_lowercase();
        }
        head.push_str(&line);
    }
}

/// The next chunk; nothing after the last one.
fn read_chunk(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut size = String::new();
    reader.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim(), 16).unwrap();
    let mut part = vec![0; size + 2];
    reader.read_exact(&mut part).unwrap();
    part.truncate(size);
    (size > 0).then_some(part)
}
