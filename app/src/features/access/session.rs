//! Signing in and out, set-up, password, theme.

use crate::{fault::Fault, page_data::Packed};
use domain::access::Password;
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// Signs the browser in and goes to `next`.
#[server(prefix = "/fn", endpoint = "access/sign_in")]
pub async fn sign_in(
    #[server(default)] name: String,
    #[server(default)] password: Password,
    #[server(default)] next: String,
) -> Result<(), Fault> {
    use crate::context::{port, redirect};
    use domain::access::{SessionPort, SignIn};
    let must_change = port::<dyn SessionPort>()?.sign_in(SignIn { name, password }).await?;
    redirect(if must_change { "/account" } else { super::own_path(&next) });
    Ok(())
}

#[server(prefix = "/fn", endpoint = "access/sign_out")]
pub async fn sign_out() -> Result<(), Fault> {
    use crate::context::{port, redirect};
    use domain::access::SessionPort;
    port::<dyn SessionPort>()?.sign_out().await?;
    redirect("/login");
    Ok(())
}

/// Whether the set-up link still works.
#[server(prefix = "/fn", endpoint = "access/setup_is_open", input = GetUrl)]
pub async fn setup_is_open(#[server(default)] link: String) -> Result<Packed<bool>, Fault> {
    use crate::context::port;
    use domain::access::SessionPort;
    Packed::of(&port::<dyn SessionPort>()?.may_set_up(&link).await?)
}

/// Makes the first administrator and signs in.
#[server(prefix = "/fn", endpoint = "access/set_up")]
pub async fn set_up(
    #[server(default)] link: Password,
    #[server(default)] email: String,
    #[server(default)] display_name: String,
    #[server(default)] password: Password,
    #[server(default)] zone: String,
    #[server(default)] currency: String,
) -> Result<(), Fault> {
    use crate::context::{port, redirect};
    use domain::access::{SessionPort, SetUp};
    port::<dyn SessionPort>()?.set_up(SetUp { link, email, display_name, password, zone, currency }).await?;
    redirect("/");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "access/change_password")]
pub async fn change_password(
    #[server(default)] old_password: Password,
    #[server(default)] new_password: Password,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::access::{ChangePassword, SessionPort};
    port::<dyn SessionPort>()?.change_password(&principal()?, ChangePassword { old_password, new_password }).await?;
    redirect("/account?done=password");
    Ok(())
}

/// Keeps the colour scheme for this browser.
#[server(prefix = "/fn", endpoint = "access/choose_theme")]
pub async fn choose_theme(#[server(default)] theme: String) -> Result<(), Fault> {
    use crate::context::port;
    use domain::access::{SessionPort, Theme};
    port::<dyn SessionPort>()?.choose_theme(Theme::parse(&theme));
    Ok(())
}

/// Keeps how often the pages of figures look again, in seconds; a form without script comes back to `back`.
#[server(prefix = "/fn", endpoint = "access/choose_auto_refresh")]
pub async fn choose_auto_refresh(
    #[server(default)] every: String,
    #[server(default)] back: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        access::{AutoRefresh, SessionPort},
    };
    let every = AutoRefresh::parse(&every).map_err(AppError::validation)?;
    port::<dyn SessionPort>()?.choose_auto_refresh(&principal()?, every).await?;
    if !back.is_empty() {
        redirect(super::own_path(&back));
    }
    Ok(())
}
