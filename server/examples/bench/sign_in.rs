//! Whether the time of a refused sign-in tells if the name exists (`platform.md` 3.4: medians within
//! 5 % at n = 200). The tests assert the equal work; the time of it is measured here.

use crate::{
    Failure,
    http::{Connection, post, summary},
    shop::ms,
    world::{ADDRESS, World},
};
use serde_json::json;
use std::time::{Duration, Instant};

const PAIRS: usize = 200;
/// After fifty failures an hour a name is held for unknown addresses: shared among so many names.
const NAMES: usize = 5;

pub async fn same_time(world: &World) -> Result<(), Failure> {
    for n in 0..NAMES {
        let name = format!("known{n}@millrace.test");
        world
            .millrace(&["user", "add", &name, "--name", "Known", "--role", "viewer"], "a long bench passphrase\n")
            .await?;
    }
    let mut connection = Connection::open(ADDRESS).await?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..PAIRS {
        // In turns first, so that what the one leaves behind (memory, threads) helps neither more often.
        let mut pair = [("known", &mut known), ("nobody", &mut unknown)];
        if n % 2 == 0 {
            pair.reverse();
        }
        for (i, (name, times)) in pair.into_iter().enumerate() {
            let body =
                json!({"username": format!("{name}{}@millrace.test", n % NAMES), "password": "wrong wrong wrong"});
            // Each from an address of its own, which the limits count by.
            let from = format!("X-Forwarded-For: 10.{i}.{}.{}\r\n", n / 250, n % 250 + 1);
            let began = Instant::now();
            let answer = connection.call(&post("/api/v1/auth/login", "", &body.to_string(), &from)).await?;
            times.push(began.elapsed());
            if answer.status != 401 {
                return Err(format!("a wrong sign-in was answered {}", answer.status).into());
            }
        }
    }
    let median = |times: Vec<Duration>| summary(times, 1.0, 0).p50;
    let (known, unknown) = (median(known), median(unknown));
    let apart = (known.as_secs_f64() - unknown.as_secs_f64()).abs() / known.as_secs_f64() * 100.0;
    println!(
        "{PAIRS} pairs: known name p50 {:.1} ms, unknown {:.1} ms, {apart:.1} % apart (target below 5)",
        ms(known),
        ms(unknown)
    );
    Ok(())
}
