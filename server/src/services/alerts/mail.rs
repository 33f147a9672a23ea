//! E-mail through the SMTP server of the configuration.

use super::webhook::Attempt;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Attachment, Mailbox, MultiPart, header::ContentType},
};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

const TIMEOUT: Duration = Duration::from_secs(15);

/// What a mail says.
#[derive(Debug, Clone)]
pub struct Letter {
    pub subject: String,
    /// Texts, with their links where they have one.
    pub lines: Vec<(String, Option<String>)>,
    /// Name, media type and content of a file.
    pub attached: Option<(String, &'static str, Vec<u8>)>,
}

/// Sends e-mail.
#[derive(Clone, Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// # Errors
    /// What is wrong with the address of the server or the sender.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "the address of the mail server is none; write smtps://user:password@host".to_owned())?;
        let from = from.parse().map_err(|_| "the sender is no e-mail address".to_owned())?;
        Ok(Self { transport: transport.timeout(Some(TIMEOUT)).build(), from })
    }

    /// One message to all addresses. A repeat carries the same `id`, so that who has it already can tell.
    pub async fn send(&self, id: Uuid, to: &[String], letter: &Letter) -> Attempt {
        let message = match self.message(id, to, letter) {
            Ok(message) => message,
            Err(error) => return Attempt::Never { code: None, error },
        };
        match self.transport.send(message).await {
            Ok(_) => Attempt::Delivered { code: 250 },
            Err(error) => {
                let code = error.status().map(|code| i32::from(u16::from(code)));
                if error.is_permanent() {
                    Attempt::Never { code, error: "The mail server refused the message.".to_owned() }
                } else {
                    Attempt::Again { code, after: None, error: "The mail server could not be reached.".to_owned() }
                }
            }
        }
    }

    fn message(&self, id: Uuid, to: &[String], letter: &Letter) -> Result<Message, String> {
        let plain = |(text, url): &(String, Option<String>)| match url {
            Some(url) => format!("{text}\n{url}\n"),
            None => format!("{text}\n"),
        };
        let html = |(text, url): &(String, Option<String>)| match url {
            Some(url) => format!("<p><a href=\"{}\">{}</a></p>", escaped(url), escaped(text)),
            None => format!("<p>{}</p>", escaped(text)),
        };
        let plain: Vec<String> = letter.lines.iter().map(plain).collect();
        let html: Vec<String> = letter.lines.iter().map(html).collect();
        let body = MultiPart::alternative_plain_html(plain.join("\n"), html.concat());
        let body = match &letter.attached {
            None => body,
            Some((name, media_type, bytes)) => {
                let media_type = ContentType::parse(media_type).map_err(|_| "The file has no type.".to_owned())?;
                let file = Attachment::new(name.clone()).body(bytes.clone(), media_type);
                MultiPart::mixed().multipart(body).singlepart(file)
            }
        };
        let mut builder = Message::builder()
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .from(self.from.clone())
            .subject(letter.subject.replace(['\r', '\n'], " "));
        // Several do not see each other: their message is to the house itself.
        if to.len() > 1 {
            builder = builder.to(self.from.clone());
        }
        for address in to {
            let address = address.parse().map_err(|_| "One of the addresses is none.".to_owned())?;
            builder = if to.len() > 1 { builder.bcc(address) } else { builder.to(address) };
        }
        builder.multipart(body).map_err(|_| "The message could not be written.".to_owned())
    }
}

/// A message about alerts. It holds no personal data: what there is to know stands behind the link.
pub(super) fn of_alerts(event: &str, alerts: &[Value]) -> Letter {
    let text = |alert: &Value, key: &str| alert[key].as_str().unwrap_or_default().to_owned();
    let subject = match alerts {
        [one] if event == "resolved" => format!("[RESOLVED] {}", text(one, "title")),
        [one] => format!("[{}] {}", text(one, "severity").to_uppercase(), text(one, "title")),
        [] => "Test of a Millrace channel".to_owned(),
        many => format!("{} alerts, {}", many.len(), event.replace('_', " ")),
    };
    let lines = alerts.iter().map(|alert| (text(alert, "title"), Some(text(alert, "url")))).collect();
    Letter { subject, lines, attached: None }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
