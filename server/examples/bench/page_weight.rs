//! Bytes over the wire: the Wasm shell, and everything the first page loads.

use crate::{
    Failure,
    http::{Connection, get},
    world::{ADDRESS, World},
};

/// Budget of the Wasm shell, brotli.
const SHELL_BUDGET: usize = 300 * 1024;

pub async fn report(world: &World) -> Result<(), Failure> {
    let mut connection = Connection::open(ADDRESS).await?;
    let plain = connection.call(&get("/", &world.token, "")).await?;
    let html = String::from_utf8_lossy(&plain.body).into_owned();
    let page = connection.call(&get("/", &world.token, "Accept-Encoding: br\r\n")).await?;
    let mut total = page.wire_bytes;
    println!("first page {:>8} bytes (br)", page.wire_bytes);
    let mut paths: Vec<String> = html
        .split('"')
        .filter(|part| part.starts_with("/pkg/") || part.starts_with("/vendor/"))
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let answer = connection.call(&get(&path, &world.token, "Accept-Encoding: br\r\n")).await?;
        if answer.status != 200 {
            return Err(format!("{path} answered {}", answer.status).into());
        }
        total += answer.wire_bytes;
        let shell = path.ends_with(".wasm");
        let verdict = if shell { format!("  Wasm shell, budget {SHELL_BUDGET}") } else { String::new() };
        println!("{path} {:>8} bytes{verdict}", answer.wire_bytes);
    }
    println!("first page with everything it names: {total} bytes");
    Ok(())
}
