//! Alerts of screening: that it does not answer, and who is stopped by it.

use crate::services::{
    alerts::{Ended, Signal, clear, raise},
    transactions::JudgedSale,
};
use chrono::Duration;
use domain::{
    AppError,
    access::Principal,
    alerts::{Resolution, Severity, kind_of},
    clock::Clock,
    money::Money,
};
use sqlx::PgConnection;
use store::fraud::cases::{self, Suspect};
use uuid::Uuid;

/// The third sale stopped within this time is critical.
const RUSH: Duration = Duration::minutes(60);
const MANY: i64 = 3;

/// Screening did not answer; sales go to people instead.
pub async fn unavailable(connection: &mut PgConnection, clock: &dyn Clock, who: &Principal) -> Result<(), AppError> {
    let kind = kind_of("screening_unavailable").ok_or_else(AppError::internal)?;
    let signal = Signal::of(kind, Severity::Critical, "screening", "Screening")
        .saying("Sales are not screened", "Screening failed or took too long; these sales wait for a person's review.")
        .acting("/fraud");
    raise(connection, clock, who.label(), &signal).await?;
    Ok(())
}

/// A sale was held or declined.
pub async fn stopped(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    sale: &JudgedSale<'_>,
) -> Result<(), AppError> {
    let kind = kind_of("fraud_detected").ok_or_else(AppError::internal)?;
    let suspect = Suspect {
        customer_id: sale.customer,
        payment_fingerprint: sale.fingerprint.map(<[u8]>::to_vec),
        terminal_id: sale.terminal.map(str::to_owned),
    };
    let (stopped, _) = cases::stopped(connection, &suspect, sale.at - RUSH).await?;
    let severity = if stopped >= MANY { Severity::Critical } else { Severity::High };
    let label = label(&suspect);
    let mut signal = Signal::of(kind, severity, entity(&suspect), label)
        .saying(
            format!("Suspicious sales: {label}"),
            format!(
                "{stopped} of the last hour held or declined; the latest is worth {} {}.",
                sale.total, sale.currency
            ),
        )
        .acting("/fraud");
    signal.money_at_risk = Some(Money::new(sale.total, sale.currency));
    raise(connection, clock, who.label(), &signal).await?;
    Ok(())
}

/// A case was closed: when it was the last of whom it is about, the alert is over.
pub async fn closed(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    transaction: Uuid,
) -> Result<(), AppError> {
    let kind = kind_of("fraud_detected").ok_or_else(AppError::internal)?;
    let suspect = cases::suspect(connection, transaction).await?;
    let (_, open) = cases::stopped(connection, &suspect, clock.now()).await?;
    if open == 0 {
        let note = Some("All its cases are decided.");
        let ended = Ended { by: who.label(), how: Resolution::Action, note };
        clear(connection, clock, &Signal::key_of(kind, &entity(&suspect)), ended).await?;
    }
    Ok(())
}

fn entity(of: &Suspect) -> String {
    match (of.customer_id, &of.payment_fingerprint, &of.terminal_id) {
        (Some(id), ..) => id.to_string(),
        (None, Some(payment), _) => format!("payment {}", &crate::access::secret::hex(payment)[..16]),
        (None, None, Some(terminal)) => format!("terminal {terminal}"),
        (None, None, None) => "guests".to_owned(),
    }
}

const fn label(of: &Suspect) -> &'static str {
    match (of.customer_id, &of.payment_fingerprint, &of.terminal_id) {
        (Some(_), ..) => "one customer",
        (None, Some(_), _) => "one means of payment",
        (None, None, Some(_)) => "one terminal",
        (None, None, None) => "guests",
    }
}
