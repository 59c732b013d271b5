//! Receivers of mails and syslog lines that keep what they are sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// What was received, in order.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    fn keep(&self, text: String) {
        self.0.lock().expect("nobody panicked").push(text);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panicked").clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }
}

/// A mail server. It puts off the first mails with 451, as a busy one does.
pub(crate) async fn mail_server(put_off: usize) -> (SocketAddr, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let kept = Kept::default();
    let mails = kept.clone();
    tokio::spawn(async move {
        let mut refusals = put_off;
        while let Ok((stream, _)) = listener.accept().await {
            let _ = take_mails(stream, &mails, &mut refusals).await;
        }
    });
    (address, kept)
}

async fn take_mails(stream: TcpStream, mails: &Kept, refusals: &mut usize) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 here\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            "DATA" if *refusals > 0 => {
                *refusals -= 1;
                b"451 4.3.0 come again\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    mail.push_str(&line);
                    mail.push('\n');
                }
                mails.keep(mail);
                b"250 kept\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 fine\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}

/// A syslog server over UDP.
pub(crate) async fn syslog_udp() -> (SocketAddr, Kept) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    let kept = Kept::default();
    let lines = kept.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(length) = socket.recv(&mut buffer).await {
            lines.keep(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
    });
    (address, kept)
}

/// A syslog server over TCP that reads counted frames, on an address that is free.
pub(crate) async fn syslog_tcp(address: SocketAddr) -> Kept {
    let listener = TcpListener::bind(address).await.expect("the port is free");
    let kept = Kept::default();
    let lines = kept.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let lines = lines.clone();
            tokio::spawn(async move { take_frames(stream, &lines).await });
        }
    });
    kept
}

async fn take_frames(stream: TcpStream, lines: &Kept) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut count = Vec::new();
        stream.read_until(b' ', &mut count).await.ok()?;
        let count: usize = String::from_utf8(count).ok()?.trim_end().parse().ok()?;
        let mut frame = vec![0; count];
        stream.read_exact(&mut frame).await.ok()?;
        lines.keep(String::from_utf8(frame).ok()?);
    }
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address")
}
