//! `/settings/roles`: which role and which set holds which right.

use crate::components::page::PageHead;
use crate::pages::LazyPage;
use domain::access::{Role, permission_table};
use leptos::prelude::*;

/// The page of roles.
#[derive(Debug)]
pub struct RolesRoute;

impl LazyPage for RolesRoute {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        table().into_any()
    }
}

fn table() -> impl IntoView {
    let rows = permission_table()
        .into_iter()
        .map(|row| {
            let held = Role::ALL
                .map(|role| {
                    let words = if row.roles.contains(&role) { "Yes" } else { "–" };
                    view! { <td data-label=role.as_str()>{words}</td> }
                })
                .collect_view();
            let sets = row.sets.iter().map(|set| set.as_str()).collect::<Vec<_>>().join(", ");
            view! {
                <tr>
                    <th scope="row">{row.key.key()}</th>
                    {held}
                    <td data-label="Sets">{if sets.is_empty() { "–".to_owned() } else { sets }}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <PageHead title="Roles and rights" scope="Rights are the sum of a user's role and permission sets">
            <a class="btn" href="/settings/users">"Users"</a>
        </PageHead>
        <section class="card">
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th>"Right"</th><th>"admin"</th><th>"planner"</th><th>"viewer"</th><th>"Sets"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
