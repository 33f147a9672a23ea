//! Server functions of routes and preferences.

use crate::{fault::Fault, page_data::Packed};
use domain::alerts::{Preference, PreferenceForm, RouteForm, RoutesScreen};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The routes with what they name; `query` may hold a sample alert to be tried.
#[server(prefix = "/fn", endpoint = "alerts/routes", input = GetUrl)]
pub async fn load_routes(query: String) -> Result<Packed<RoutesScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        alerts::{NotificationsPort, ProbeRoutes, RoutesPort},
        query::pairs,
    };
    let (routes, who) = (port::<dyn RoutesPort>()?, principal()?);
    let asked = pairs(&query);
    let probe = if asked.iter().any(|(name, _)| name == "alert_type") {
        Some(match ProbeRoutes::parse(&asked) {
            Ok(sample) => routes.probe(&who, &sample).await,
            Err(faults) => Err(AppError::validation(faults)),
        })
    } else {
        None
    };
    let channels = port::<dyn NotificationsPort>()?.channels(&who).await?;
    let (list, people) = (routes.routes(&who).await?, routes.people(&who).await?);
    Packed::of(&RoutesScreen { list, channels, people, probe })
}

/// Makes a route at the end of the list (`id` is `new`), or changes one.
#[server(prefix = "/fn", endpoint = "alerts/save_route")]
pub async fn save_route(id: String, version: i32, #[server(default)] route: RouteForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError, FieldError,
        alerts::{RoutesPort, SetRoutes},
        ids::RouteId,
    };
    let (routes, who) = (port::<dyn RoutesPort>()?, principal()?);
    let id: Option<RouteId> = match id.as_str() {
        "new" => None,
        text => Some(text.parse().map_err(|_| AppError::not_found("Route"))?),
    };
    let mut list = routes.routes(&who).await?.routes;
    let read = route.read(id, &routes.people(&who).await?).map_err(AppError::validation)?;
    let at = match id {
        None => {
            list.push(read);
            list.len() - 1
        }
        Some(_) => {
            let at = list.iter().position(|one| one.id == id).ok_or_else(|| AppError::not_found("Route"))?;
            list[at] = read;
            at
        }
    };
    let placed = |error: AppError| {
        let fields = error.fields.iter().map(|f| FieldError::new(route.field_of(&f.path, at), f.message.clone()));
        AppError { fields: fields.collect(), ..error }
    };
    routes.set_routes(&who, &SetRoutes { version, routes: list }).await.map_err(placed)?;
    redirect("/alerts/routes");
    Ok(())
}

/// Moves a route `up` or `down`, switches it on (`enable`) or off (`disable`), or takes it away (`delete`).
#[server(prefix = "/fn", endpoint = "alerts/move_route")]
pub async fn move_route(id: String, version: i32, how: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        alerts::{RouteMove, RoutesPort, SetRoutes},
    };
    let (routes, who) = (port::<dyn RoutesPort>()?, principal()?);
    let how = RouteMove::parse(&how).ok_or_else(|| AppError::field("how", "Choose what to do."))?;
    let id = id.parse().map_err(|_| AppError::not_found("Route"))?;
    let list = routes.routes(&who).await?.moved(id, how).ok_or_else(|| AppError::not_found("Route"))?;
    routes.set_routes(&who, &SetRoutes { version, routes: list }).await?;
    redirect("/alerts/routes");
    Ok(())
}

/// What the caller wants to be told.
#[server(prefix = "/fn", endpoint = "inbox/preferences", input = GetUrl)]
pub async fn load_preferences() -> Result<Packed<Vec<Preference>>, Fault> {
    use crate::context::{port, principal};
    use domain::alerts::RoutesPort;
    Packed::of(&port::<dyn RoutesPort>()?.preferences(&principal()?).await?)
}

/// Keeps what the caller wants to be told.
#[server(prefix = "/fn", endpoint = "inbox/set_preferences")]
pub async fn set_preferences(#[server(default)] preferences: Vec<PreferenceForm>) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, alerts::RoutesPort};
    let command = PreferenceForm::read(&preferences).map_err(AppError::validation)?;
    port::<dyn RoutesPort>()?.set_preferences(&principal()?, &command).await?;
    redirect("/inbox/preferences?saved");
    Ok(())
}
