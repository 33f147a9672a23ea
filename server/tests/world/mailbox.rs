//! A mail server that speaks SMTP, keeps what it was given, and misbehaves when it is told to.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// How it ends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 451: not now.
    Later,
    /// 550: never.
    Refused,
    /// Keeps the message and is gone before it has said so.
    Gone,
    /// Keeps the message and says nothing for so long.
    Late(Duration),
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    /// Of the envelope.
    pub to: Vec<String>,
    /// Head and body.
    pub text: String,
}

/// The server; it lives as long as the test.
#[derive(Clone)]
pub struct Mailbox {
    /// `smtp://127.0.0.1:port`
    pub url: String,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    received: Arc<Mutex<Vec<Mail>>>,
}

impl Mailbox {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let mailbox = Self { url, answers: Arc::default(), received: Arc::default() };
        let shared = mailbox.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mailbox = shared.clone();
                // Who hangs up in the middle has said nothing.
                std::thread::spawn(move || drop(mailbox.converse(&stream)));
            }
        });
        mailbox
    }

    /// The next messages end so, then all are taken again.
    pub fn answering(&self, answers: &[Answer]) {
        self.answers.lock().expect("lock").extend(answers);
    }

    pub fn received(&self) -> Vec<Mail> {
        self.received.lock().expect("lock").clone()
    }

    /// Until so many have come, 30 s at most.
    pub fn wait_for(&self, number: usize) -> Vec<Mail> {
        let begun = Instant::now();
        while self.received().len() < number && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.received()
    }

    fn converse(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut say = stream.try_clone()?;
        let mut lines = BufReader::new(stream);
        let (mut from, mut to) = (String::new(), Vec::new());
        say.write_all(b"220 mailbox ready\r\n")?;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => say.write_all(b"250-mailbox\r\n250 8BITMIME\r\n")?,
                "MAIL" => {
                    (from, to) = (address(), Vec::new());
                    say.write_all(b"250 go on\r\n")?;
                }
                "RCPT" => {
                    to.push(address());
                    say.write_all(b"250 go on\r\n")?;
                }
                "DATA" => {
                    say.write_all(b"354 end with a dot\r\n")?;
                    let mut text = String::new();
                    loop {
                        let mut part = String::new();
                        if lines.read_line(&mut part)? == 0 {
                            return Ok(());
                        }
                        if part == ".\r\n" {
                            break;
                        }
                        text.push_str(part.strip_prefix('.').unwrap_or(&part));
                    }
                    let answer = self.answers.lock().expect("lock").pop_front();
                    let mail = Mail { from: from.clone(), to: to.clone(), text };
                    match answer {
                        Some(Answer::Later) => say.write_all(b"451 not now\r\n")?,
                        Some(Answer::Refused) => say.write_all(b"550 never\r\n")?,
                        Some(Answer::Gone) => {
                            self.received.lock().expect("lock").push(mail);
                            return Ok(());
                        }
                        Some(Answer::Late(time)) => {
                            self.received.lock().expect("lock").push(mail);
                            std::thread::sleep(time);
                            say.write_all(b"250 taken\r\n")?;
                        }
                        None => {
                            self.received.lock().expect("lock").push(mail);
                            say.write_all(b"250 taken\r\n")?;
                        }
                    }
                }
                "QUIT" => {
                    say.write_all(b"221 bye\r\n")?;
                    return Ok(());
                }
                _ => say.write_all(b"250 well\r\n")?,
            }
        }
    }
}
