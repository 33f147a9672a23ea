//! Server functions of sign-in, one's own account, and users. Forms post to them and load the next
//! page whole, with and without script, because who looks at the page may have changed.

mod account;
mod session;
mod users;

pub use account::{CreateToken, EndOtherSessions, EndSession, RevokeToken, RotateToken, load_account, load_tokens};
pub use session::{ChangePassword, ChooseAutoRefresh, ChooseTheme, SetUp, SignIn, SignOut, setup_is_open};
pub use users::{AddUser, SetActive, SetRole, load_users};

/// `next` if it is a path of ours, else the first page.
#[must_use]
pub fn own_path(next: &str) -> &str {
    let is_ours =
        next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    if is_ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn sign_in_leads_nowhere_else() {
        for good in ["/", "/transactions?q=1", "/account/tokens"] {
            assert_eq!(own_path(good), good);
        }
        for bad in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\n/evil.example"]
        {
            assert_eq!(own_path(bad), "/", "{bad:?}");
        }
    }
}
