//! Users, for administrators.

use crate::{fault::Fault, page_data::Packed};
use domain::{
    access::{Password, UserFilter, UserItem},
    paging::Page,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// A page of the list; `query` is the query part of its address.
#[server(prefix = "/fn", endpoint = "access/users", input = GetUrl)]
pub async fn load_users(#[server(default)] query: String) -> Result<Packed<(UserFilter, Page<UserItem>)>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        access::{AccessPort, Role},
        query::pairs,
    };
    let mut filter = UserFilter::default();
    for (name, value) in pairs(&query) {
        match name.as_str() {
            "q" => filter.q = Some(value),
            "role" => filter.role = Role::parse(&value),
            "active" => filter.active = value.parse().ok(),
            "cursor" => filter.cursor = Some(value).filter(|text| !text.is_empty()),
            _ => {}
        }
    }
    let page = port::<dyn AccessPort>()?.users(&principal()?, filter.clone()).await?;
    Packed::of(&(filter, page))
}

#[server(prefix = "/fn", endpoint = "access/add_user")]
pub async fn add_user(
    #[server(default)] email: String,
    #[server(default)] display_name: String,
    #[server(default)] username: String,
    #[server(default)] role: String,
    #[server(default)] password: Password,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::access::{AccessPort, CreateUser, Role};
    let username = Some(username.trim().to_owned()).filter(|name| !name.is_empty());
    let command = CreateUser { email, username, display_name, role: Role::parse(&role), password };
    port::<dyn AccessPort>()?.create_user(&principal()?, command, None).await.value?;
    redirect("/settings/users");
    Ok(())
}

/// Gives a base role; an empty one takes it away.
#[server(prefix = "/fn", endpoint = "access/set_role")]
pub async fn set_role(
    #[server(default)] id: String,
    #[server(default)] role: String,
    version: Option<i32>,
) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        access::{AccessPort, EditUser, Role},
    };
    let id = id.parse().map_err(|_| AppError::not_found("User"))?;
    let command = EditUser { role: Some(Role::parse(&role)), version, ..EditUser::default() };
    port::<dyn AccessPort>()?.edit_user(&principal()?, id, command).await?;
    Ok(())
}

#[server(prefix = "/fn", endpoint = "access/set_active")]
pub async fn set_active(
    #[server(default)] id: String,
    #[server(default)] active: bool,
    version: Option<i32>,
) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        access::{AccessPort, EditUser},
    };
    let id = id.parse().map_err(|_| AppError::not_found("User"))?;
    let command = EditUser { is_active: Some(active), version, ..EditUser::default() };
    port::<dyn AccessPort>()?.edit_user(&principal()?, id, command).await?;
    Ok(())
}
