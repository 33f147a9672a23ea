//! Transactions whose opener goes away.

use sqlx::{PgPool, postgres::PgPoolOptions};
use std::time::Duration;

/// A page that is left, or a deadline, drops the future at any point of the opening. Who gets the connection next must not
/// find itself in somebody else's transaction: graphile's worker begins none of its own and died of that.
#[sqlx::test(migrations = "../migrations")]
async fn who_goes_away_while_a_transaction_opens_leaves_none_open(db: PgPool) {
    let pool = PgPoolOptions::new().max_connections(1).connect_with((*db.connect_options()).clone()).await.unwrap();
    let mut opened = 0;
    for micros in (0..1_500).step_by(5) {
        let opening = tokio::time::timeout(Duration::from_micros(micros), store::snapshot(&pool));
        opened += usize::from(opening.await.is_ok());
        let mut connection = pool.acquire().await.unwrap();
        let level: String = sqlx::query_scalar("show transaction_isolation").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(level, "read committed", "left after {micros} µs");
    }
    assert!(opened < 300, "some were left before they had opened");
}
