//! The own account: sessions and tokens.

use crate::{fault::Fault, page_data::Packed};
use domain::access::{Me, SessionItem, TokenView};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The signed-in person and their open sessions.
#[server(prefix = "/fn", endpoint = "access/account", input = GetUrl)]
pub async fn load_account() -> Result<Packed<(Me, Vec<SessionItem>)>, Fault> {
    use crate::context::{port, principal};
    use domain::access::AccessPort;
    let (access, who) = (port::<dyn AccessPort>()?, principal()?);
    Packed::of(&(access.me(&who).await?, access.sessions(&who).await?))
}

#[server(prefix = "/fn", endpoint = "access/end_session")]
pub async fn end_session(#[server(default)] id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::access::AccessPort;
    Ok(port::<dyn AccessPort>()?.end_session(&principal()?, &id).await?)
}

#[server(prefix = "/fn", endpoint = "access/end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::access::AccessPort;
    port::<dyn AccessPort>()?.end_other_sessions(&principal()?).await?;
    Ok(())
}

#[server(prefix = "/fn", endpoint = "access/tokens", input = GetUrl)]
pub async fn load_tokens() -> Result<Packed<Vec<TokenView>>, Fault> {
    use crate::context::{port, principal};
    use domain::access::AccessPort;
    Packed::of(&port::<dyn AccessPort>()?.tokens(&principal()?).await?)
}

/// Makes a token; the next page shows it, once.
#[server(prefix = "/fn", endpoint = "access/create_token")]
pub async fn create_token(
    #[server(default)] name: String,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] expires_in_days: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        access::{AccessPort, CreateToken, Password, SessionPort},
    };
    let expires_in_days = match expires_in_days.trim() {
        "" => None,
        text => Some(text.parse().map_err(|_| AppError::field("expires_in_days", "Enter a whole number of days."))?),
    };
    let command = CreateToken { name, scopes, expires_in_days };
    let made = port::<dyn AccessPort>()?.create_token(&principal()?, command).await?;
    port::<dyn SessionPort>()?.show_once(Password::new(made.token));
    redirect("/account/tokens");
    Ok(())
}

/// A new secret for a token; the old one works for another hour.
#[server(prefix = "/fn", endpoint = "access/rotate_token")]
pub async fn rotate_token(#[server(default)] id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        access::{AccessPort, Password, RotateToken, SessionPort},
    };
    let id = id.parse().map_err(|_| AppError::not_found("Token"))?;
    let made = port::<dyn AccessPort>()?.rotate_token(&principal()?, id, RotateToken { overlap_hours: 1 }).await?;
    port::<dyn SessionPort>()?.show_once(Password::new(made.token));
    redirect("/account/tokens");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "access/revoke_token")]
pub async fn revoke_token(#[server(default)] id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, access::AccessPort};
    let id = id.parse().map_err(|_| AppError::not_found("Token"))?;
    port::<dyn AccessPort>()?.revoke_token(&principal()?, id).await?;
    redirect("/account/tokens");
    Ok(())
}
