//! Transactions whose opener goes away.

use sqlx::{PgPool, postgres::PgPoolOptions};
use std::pin::pin;

/// A page that is left, or a deadline, drops the future at any point of the opening. Who gets the connection next must not
/// find itself in somebody else's transaction: graphile's worker begins none of its own and died of that.
#[sqlx::test(migrations = "../migrations")]
async fn who_goes_away_while_a_transaction_opens_leaves_none_open(db: PgPool) {
    let pool = PgPoolOptions::new().max_connections(1).connect_with((*db.connect_options()).clone()).await.unwrap();
    let (mut opened, mut left) = (0, 0);
    // One look longer each time, so that every step of the opening is left once, however fast the machine.
    while opened < 20 {
        let ready = {
            let mut opening = pin!(store::snapshot(&pool));
            let mut ready = futures::poll!(opening.as_mut()).is_ready();
            for _ in 0..left {
                if ready {
                    break;
                }
                tokio::task::yield_now().await;
                ready = futures::poll!(opening.as_mut()).is_ready();
            }
            ready
        };
        if ready {
            opened += 1;
        }
        left += 1;
        let mut connection = pool.acquire().await.unwrap();
        let level: String = sqlx::query_scalar("show transaction_isolation").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(level, "read committed", "left after {left} looks");
    }
    assert!(left > opened, "some were left before they had opened");
}
