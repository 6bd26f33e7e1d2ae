//! An upstream that keeps every byte that it receives and answers 200.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// An upstream on a free port of loopback, on threads of its own.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Upstream {
    /// Starts it.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let received = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, &kept));
            }
        });
        Self { address, received }
    }

    /// Its address, as catalogue files write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that it received.
    pub fn received(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// How many requests it received.
    pub fn requests(&self) -> usize {
        self.received().lines().filter(|line| line.ends_with(" HTTP/1.1")).count()
    }
}

/// Answers requests without a body until the other side closes.
fn serve(mut stream: TcpStream, kept: &Mutex<Vec<u8>>) {
    let (mut buffer, mut piece) = (Vec::new(), [0; 8_192]);
    loop {
        while let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            buffer.drain(..end + 4);
            let body = br#"{"header":{"statut":200,"message":"OK"}}"#;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            if stream.write_all(&[head.as_bytes(), body].concat()).is_err() {
                return;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(n) => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..n]);
                buffer.extend_from_slice(&piece[..n]);
            }
        }
    }
}
