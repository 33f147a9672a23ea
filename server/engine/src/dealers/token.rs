//! The token of a request.

use sha2::{Digest, Sha256};

/// Lower-case hex SHA-256 of key ‖ separator ‖ secret ‖ separator ‖ unix seconds. Good for ± the main dealer's tolerance,
/// so every attempt signs anew.
#[must_use]
pub fn token(api_key: &str, secret_key: &str, separator: &str, unix_seconds: i64) -> String {
    let text = format!("{api_key}{separator}{secret_key}{separator}{unix_seconds}");
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_documented_one_with_and_without_a_separator() {
        let plain = "fbec7942bca6a31316fc1d0a293bed29ed6ae59faed6cd5963bd643425b1a116";
        let joined = "9845c84c099368914e26e9410d7bb5d3f18bc51e1cbcb017574896944b719d1c";
        assert_eq!(token("k", "s", "", 1_700_000_000), plain);
        assert_eq!(token("k", "s", ":", 1_700_000_000), joined);
    }
}
