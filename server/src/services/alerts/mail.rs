//! E-mail through the SMTP server of the configuration.

use super::webhook::Attempt;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
};
use serde_json::Value;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(15);

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

    /// One message to all addresses; `lines` are texts with their links.
    pub async fn send(&self, to: &[String], subject: &str, lines: &[(String, String)]) -> Attempt {
        let message = match self.message(to, subject, lines) {
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

    fn message(&self, to: &[String], subject: &str, lines: &[(String, String)]) -> Result<Message, String> {
        let plain: Vec<String> = lines.iter().map(|(text, url)| format!("{text}\n{url}\n")).collect();
        let html: Vec<String> = lines
            .iter()
            .map(|(text, url)| format!("<p><a href=\"{}\">{}</a></p>", escaped(url), escaped(text)))
            .collect();
        let mut builder = Message::builder().from(self.from.clone()).subject(subject.replace(['\r', '\n'], " "));
        for address in to {
            builder = builder.bcc(address.parse().map_err(|_| "One of the addresses is none.".to_owned())?);
        }
        builder
            .to(self.from.clone())
            .multipart(MultiPart::alternative_plain_html(plain.join("\n"), html.concat()))
            .map_err(|_| "The message could not be written.".to_owned())
    }
}

/// Subject and lines of a message about alerts. It holds no personal data: what there is to know stands behind the link.
pub(super) fn of_alerts(event: &str, alerts: &[Value]) -> (String, Vec<(String, String)>) {
    let text = |alert: &Value, key: &str| alert[key].as_str().unwrap_or_default().to_owned();
    let subject = match alerts {
        [one] if event == "resolved" => format!("[RESOLVED] {}", text(one, "title")),
        [one] => format!("[{}] {}", text(one, "severity").to_uppercase(), text(one, "title")),
        [] => "Test of a Millrace channel".to_owned(),
        many => format!("{} alerts, {}", many.len(), event.replace('_', " ")),
    };
    (subject, alerts.iter().map(|alert| (text(alert, "title"), text(alert, "url"))).collect())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
