//! `/settings/users`: who may sign in.

pub mod roles;

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::access::{AddUser, SetActive, SetRole, load_users},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::{Permission, Role, UserFilter, UserItem},
    format,
    paging::Page,
    query,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_location;

const PATH: &str = "/settings/users";

type Users = (UserFilter, Page<UserItem>);

/// The user list.
#[derive(Debug)]
pub struct UsersRoute {
    users: PageData<Users>,
}

impl LazyPage for UsersRoute {
    fn data() -> Self {
        let search = use_location().search;
        Self { users: PageData::load(move || search.get(), load_users) }
    }

    fn view(this: Self) -> AnyView {
        let may_edit = session().may(Permission::AccessUsersEdit);
        view! {
            <PageHead title="Users" scope="Who may sign in, and as what">
                <a class="btn" href="/settings/roles">"Roles and rights"</a>
            </PageHead>
            {may_edit.then(|| view! {
                <ErrorSummary state=FormState::plain(SetRole::PATH)/>
                <ErrorSummary state=FormState::plain(SetActive::PATH)/>
            })}
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(this.users.await, move |users| list(users, may_edit)) })}
            </Transition>
            {may_edit.then(add_form)}
        }
        .into_any()
    }
}

fn list((filter, page): Users, may_edit: bool) -> AnyView {
    let total = page.total;
    let noun = if total == 1 { "user" } else { "users" };
    let next = page.next_cursor.as_deref().map(|cursor| href(&filter, Some(cursor)));
    let first = filter.cursor.is_some().then(|| href(&filter, None));
    let bar = filter_bar(&filter);
    if page.items.is_empty() {
        return view! { {bar} <Empty message="No user matches these filters."><a class="btn" href=PATH>"Clear the filters"</a></Empty> }.into_any();
    }
    let rows = page.items.into_iter().map(|user| row(user, may_edit)).collect_view();
    view! {
        {bar}
        <section class="card">
            <p class="total" role="status">{total}" "{noun}</p>
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th>"Name"</th><th>"Role"</th><th>"Sets"</th><th>"Last sign-in"</th><th>"State"</th><th><span class="visually-hidden">"Actions"</span></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager first next/>
        </section>
    }
    .into_any()
}

/// The address of the list with the filter.
fn href(filter: &UserFilter, cursor: Option<&str>) -> String {
    let active = filter.active.map(|active| active.to_string());
    let pairs = [
        ("q", filter.q.as_deref()),
        ("role", filter.role.map(Role::as_str)),
        ("active", active.as_deref()),
        ("cursor", cursor),
    ];
    let text =
        query::write(pairs.iter().filter_map(|(name, value)| value.filter(|v| !v.is_empty()).map(|v| (*name, v))));
    if text.is_empty() { PATH.to_owned() } else { format!("{PATH}?{text}") }
}

fn filter_bar(filter: &UserFilter) -> impl IntoView + use<> {
    let (role, active) = (filter.role, filter.active);
    let roles = Role::ALL
        .map(|r| view! { <option value=r.as_str() selected=role == Some(r)>{r.as_str()}</option> })
        .collect_view();
    view! {
        <form class="filters" method="get" action=PATH>
            <div class="field">
                <label for="q">"Name or e-mail"</label>
                <input id="q" name="q" type="search" maxlength="100" value=filter.q.clone().unwrap_or_default()/>
            </div>
            <div class="field">
                <label for="filter-role">"Role"</label>
                <select id="filter-role" name="role"><option value="">"Any"</option>{roles}</select>
            </div>
            <div class="field">
                <label for="active">"State"</label>
                <select id="active" name="active">
                    <option value="">"Any"</option>
                    <option value="true" selected=active == Some(true)>"Active"</option>
                    <option value="false" selected=active == Some(false)>"Disabled"</option>
                </select>
            </div>
            <button class="btn" type="submit">"Filter"</button>
        </form>
    }
}

fn row(user: UserItem, may_edit: bool) -> impl IntoView {
    let sets = user.grants.iter().map(|grant| grant.permission_set.as_str()).collect::<Vec<_>>().join(", ");
    let last = user.last_login_at.map_or_else(|| "never".to_owned(), format::date_time);
    let state = if user.is_active { ("badge good", "Active") } else { ("badge neutral", "Disabled") };
    let role = if may_edit { role_form(&user).into_any() } else { user.role.map_or("none", |r| r.as_str()).into_any() };
    let switch = may_edit.then(|| active_form(&user));
    view! {
        <tr>
            <td data-label="Name">{user.display_name}" "<small>{user.email}</small></td>
            <td data-label="Role">{role}</td>
            <td data-label="Sets">{if sets.is_empty() { "–".to_owned() } else { sets }}</td>
            <td data-label="Last sign-in">{last}</td>
            <td data-label="State"><span class=state.0>{state.1}</span></td>
            <td>{switch}</td>
        </tr>
    }
}

fn role_form(user: &UserItem) -> impl IntoView + use<> {
    let current = user.role;
    let options = Role::ALL
        .map(|r| view! { <option value=r.as_str() selected=current == Some(r)>{r.as_str()}</option> })
        .collect_view();
    view! {
        <form method="post" action=SetRole::PATH>
            <CsrfField/>
            <input type="hidden" name="id" value=user.id.to_string()/>
            <input type="hidden" name="version" value=user.version/>
            <select name="role" aria-label=format!("Role of {}", user.display_name)>
                <option value="" selected=current.is_none()>"none"</option>
                {options}
            </select>
            <button class="btn quiet" type="submit" aria-label=format!("Set the role of {}", user.display_name)>"Set"</button>
        </form>
    }
}

fn active_form(user: &UserItem) -> impl IntoView + use<> {
    let (class, words) = if user.is_active { ("btn danger", "Disable") } else { ("btn", "Enable") };
    view! {
        <form method="post" action=SetActive::PATH>
            <CsrfField/>
            <input type="hidden" name="id" value=user.id.to_string()/>
            <input type="hidden" name="version" value=user.version/>
            <input type="hidden" name="active" value=(!user.is_active).to_string()/>
            <button class=class type="submit" aria-label=format!("{words} {}", user.display_name)>{words}</button>
        </form>
    }
}

fn add_form() -> impl IntoView {
    let state = FormState::plain(AddUser::PATH);
    let typed = state.typed("role", "viewer");
    let options = Role::ALL
        .map(|r| view! { <option value=r.as_str() selected=typed == r.as_str()>{r.as_str()}</option> })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"Add a user"</h2></header>
            <ErrorSummary state/>
            <form class="form" method="post" action=AddUser::PATH>
                <CsrfField/>
                <div class="form-grid">
                    <Field state name="email" label="E-mail" kind="email" required=true/>
                    <Field state name="display_name" label="Name" required=true/>
                    <Field state name="username" label="User name (optional)" help="A second name to sign in with."/>
                    <div class="field">
                        <label for="role">"Role"</label>
                        <select id="role" name="role"><option value="" selected=typed.is_empty()>"none"</option>{options}</select>
                    </div>
                    <Field state name="password" label="First password" kind="password" autocomplete="new-password" required=true
                        help="At least 12 characters. The user is asked to change it."/>
                </div>
                <div class="form-actions"><button class="btn primary" type="submit">"Add user"</button></div>
            </form>
        </section>
    }
}
