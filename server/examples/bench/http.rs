//! The load generator: HTTP/1.1 over kept-alive connections, nothing that could be slower than the server.

use std::{
    io,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
};

/// One kept-alive connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// An answer: status, and the body as it came over the wire (still compressed, if it was).
pub struct Answer {
    pub status: u16,
    pub wire_bytes: usize,
    pub body: Vec<u8>,
    /// Cookies that it sets, by name.
    pub cookies: Vec<(String, String)>,
}

impl Connection {
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// Sends `request` (a whole HTTP/1.1 request) and reads the whole answer.
    pub async fn call(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request).await?;
        self.rest().await
    }

    /// Reads the answer to what was sent, or what is left of it after its first line.
    pub async fn rest(&mut self) -> io::Result<Answer> {
        let mut wire_bytes = 0;
        let mut line = String::new();
        wire_bytes += self.stream.read_line(&mut line).await?;
        let status = if line.starts_with("HTTP/") {
            line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| io::Error::other("no status line"))?
        } else {
            0
        };
        let (mut length, mut chunked, mut cookies) = (0, false, Vec::new());
        loop {
            line.clear();
            let read = self.stream.read_line(&mut line).await?;
            wire_bytes += read;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if header.starts_with("set-cookie:") {
                let pair = line.split_once(':').and_then(|(_, rest)| rest.trim().split(';').next()?.split_once('='));
                cookies.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        let mut body = vec![0; length];
        if chunked {
            loop {
                line.clear();
                wire_bytes += self.stream.read_line(&mut line).await?;
                let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                let start = body.len();
                body.resize(start + size, 0);
                self.stream.read_exact(&mut body[start..]).await?;
                line.clear();
                wire_bytes += size + self.stream.read_line(&mut line).await?;
                if size == 0 {
                    break;
                }
            }
        } else {
            self.stream.read_exact(&mut body).await?;
            wire_bytes += length;
        }
        Ok(Answer { status, wire_bytes, body, cookies })
    }

    /// The next line of a streamed answer.
    pub async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    pub async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(request).await
    }
}

/// A GET with a bearer token.
pub fn get(path: &str, token: &str, more: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{more}\r\n").into_bytes()
}

/// A POST of JSON.
pub fn post(path: &str, token: &str, body: &str, more: &str) -> Vec<u8> {
    let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\n{authorization}Content-Type: application/json\r\nContent-Length: {}\r\n{more}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What a load run gave.
#[derive(Debug, Clone)]
pub struct Load {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub errors: usize,
}

/// `clients` connections call for `time`; `request(client, n)` makes the n-th request of a client.
pub async fn load(
    address: &str,
    clients: usize,
    time: Duration,
    request: impl Fn(usize, usize) -> Vec<u8> + Clone + Send + 'static,
) -> io::Result<Load> {
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for client in 0..clients {
        let (address, request) = (address.to_owned(), request.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let (mut times, mut errors) = (Vec::new(), 0);
            let mut n = 0;
            while started.elapsed() < time {
                let bytes = request(client, n);
                let at = Instant::now();
                let answer = connection.call(&bytes).await?;
                times.push(at.elapsed());
                errors += usize::from(answer.status >= 400);
                n += 1;
            }
            io::Result::Ok((times, errors))
        });
    }
    let (mut times, mut errors) = (Vec::new(), 0);
    while let Some(joined) = tasks.join_next().await {
        let (more, failed) = joined.map_err(io::Error::other)??;
        times.extend(more);
        errors += failed;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(summary(times, seconds, errors))
}

/// Rate and percentiles (nearest rank) of `times` measured over `seconds`.
pub fn summary(mut times: Vec<Duration>, seconds: f64, errors: usize) -> Load {
    times.sort_unstable();
    let rank = |share: f64| {
        times.get(((times.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied().unwrap_or_default()
    };
    Load { per_second: times.len() as f64 / seconds, p50: rank(0.5), p99: rank(0.99), errors }
}
