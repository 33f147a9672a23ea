//! `millrace user …`: people, from the machine itself. Passwords come from a prompt or from standard
//! input, never from the command line, where other processes could read them.

use super::{Global, start};
use crate::{access::actors, failure::Failure, logs::Steps, services::access::AccessService};
use clap::{Args, Subcommand};
use domain::{
    AppError,
    access::{AccessPort, CreateUser, EditUser, Grant, Password, PermSet, Principal, Role, UserFilter, UserItem},
    paging::MAX_LIMIT,
};
use std::io::{BufRead, IsTerminal};

#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a user; asks for the first password
    Add {
        email: String,
        /// Name shown to others (default: the e-mail's first half)
        #[arg(long)]
        name: Option<String>,
        /// Second name to sign in with
        #[arg(long)]
        username: Option<String>,
        /// admin, planner or viewer; without it the user sees nothing until a set is granted
        #[arg(long, value_parser = role)]
        role: Option<Role>,
    },
    /// List users
    List {
        #[arg(long)]
        json: bool,
    },
    /// Give a base role, or take it away with `none`
    SetRole {
        email: String,
        #[arg(value_parser = role_or_none)]
        role: RoleOrNone,
    },
    /// Grant a permission set, or take it away with --remove
    Grant {
        email: String,
        #[arg(value_parser = set)]
        set: PermSet,
        /// Ids the set reaches (dealers, nodes or teams), parted by commas
        #[arg(long, value_delimiter = ',')]
        scope: Vec<String>,
        #[arg(long)]
        remove: bool,
    },
    /// Shut a user out
    Disable { email: String },
    /// Let a user in again
    Enable { email: String },
    /// Set a new password, which the user is asked to change
    ResetPassword { email: String },
    /// List the open sessions of a user, or end them all
    Sessions {
        email: String,
        #[arg(long)]
        end: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct RoleOrNone(Option<Role>);

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "one of admin, planner, viewer".to_owned())
}

fn role_or_none(text: &str) -> Result<RoleOrNone, String> {
    if text == "none" { Ok(RoleOrNone(None)) } else { role(text).map(|role| RoleOrNone(Some(role))) }
}

fn set(text: &str) -> Result<PermSet, String> {
    PermSet::parse(text)
        .ok_or_else(|| format!("one of {}", PermSet::ALL.iter().map(|set| set.as_str()).collect::<Vec<_>>().join(", ")))
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let started = start::open(global.load([])?, Steps::shown()).await?;
    let result = act(&started, options.act).await;
    started.close().await;
    result
}

async fn act(started: &start::Started, act: Act) -> Result<(), Failure> {
    let desk = Desk {
        who: actors::cli(
            &std::env::var("USER").unwrap_or_else(|_| "operator".to_owned()),
            started.backend.clock.new_id(),
        ),
        access: AccessService::new(started.door()?),
    };
    match act {
        Act::Add { email, name, username, role } => {
            let display_name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let command = CreateUser { email, username, display_name, role, password: new_password()? };
            let user = desk.access.create_user(&desk.who, command, None).await.value.map_err(told)?;
            eprintln!("made {} ({})", user.email, user.role.map_or("no role", Role::as_str));
        }
        Act::List { json } => desk.list(json).await?,
        Act::SetRole { email, role } => {
            desk.edit(&email, EditUser { role: Some(role.0), ..EditUser::default() }).await?
        }
        Act::Grant { email, set, scope, remove } => desk.grant(&email, set, scope, remove).await?,
        Act::Disable { email } => desk.edit(&email, EditUser { is_active: Some(false), ..EditUser::default() }).await?,
        Act::Enable { email } => desk.edit(&email, EditUser { is_active: Some(true), ..EditUser::default() }).await?,
        Act::ResetPassword { email } => {
            let user = desk.find(&email).await?;
            desk.access.reset_password(&desk.who, user.id, &new_password()?).await.map_err(told)?;
            eprintln!("{}: new password set, all sessions ended", user.email);
        }
        Act::Sessions { email, end } => desk.sessions(&email, end).await?,
    }
    Ok(())
}

struct Desk {
    who: Principal,
    access: AccessService,
}

impl Desk {
    async fn all(&self) -> Result<Vec<UserItem>, Failure> {
        let mut users = Vec::new();
        let mut cursor = None;
        loop {
            let filter = UserFilter { cursor, limit: Some(MAX_LIMIT), ..UserFilter::default() };
            let page = self.access.users(&self.who, filter).await.map_err(told)?;
            users.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(users);
            }
        }
    }

    async fn find(&self, name: &str) -> Result<UserItem, Failure> {
        let wanted = name.to_lowercase();
        let is_it = |user: &UserItem| {
            user.email == wanted || user.username.as_ref().is_some_and(|u| u.to_lowercase() == wanted)
        };
        self.all()
            .await?
            .into_iter()
            .find(is_it)
            .ok_or_else(|| Failure::found(format!("There is no user {name}. See: millrace user list")))
    }

    async fn list(&self, json: bool) -> Result<(), Failure> {
        let users = self.all().await?;
        if json {
            println!("{}", serde_json::to_string_pretty(&users).map_err(|e| Failure::internal(e.to_string()))?);
            return Ok(());
        }
        for user in users {
            let sets: Vec<_> = user.grants.iter().map(|grant| grant.permission_set.as_str()).collect();
            let role = user.role.map_or("-", Role::as_str);
            let last = user.last_login_at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
            let state = if user.is_active { "active" } else { "disabled" };
            println!(
                "{}\t{role}\t{}\t{state}\tlast sign-in {last}",
                user.email,
                if sets.is_empty() { "-".to_owned() } else { sets.join(",") }
            );
        }
        Ok(())
    }

    async fn edit(&self, email: &str, command: EditUser) -> Result<(), Failure> {
        let user = self.find(email).await?;
        let user = self.access.edit_user(&self.who, user.id, command).await.map_err(told)?;
        let state = if user.is_active { "active" } else { "disabled" };
        eprintln!("{}: {}, {state}", user.email, user.role.map_or("no role", Role::as_str));
        Ok(())
    }

    async fn grant(&self, email: &str, set: PermSet, scope_ids: Vec<String>, remove: bool) -> Result<(), Failure> {
        let user = self.find(email).await?;
        let mut grants: Vec<Grant> = user.grants.into_iter().filter(|grant| grant.permission_set != set).collect();
        if !remove {
            grants.push(Grant { permission_set: set, scope_kind: set.scope(), scope_ids, expires_at: None });
        }
        let user = self.access.set_grants(&self.who, user.id, grants, Some(user.version)).await.map_err(told)?;
        eprintln!(
            "{}: {}",
            user.email,
            user.grants.iter().map(|grant| grant.permission_set.as_str()).collect::<Vec<_>>().join(", ")
        );
        Ok(())
    }

    async fn sessions(&self, email: &str, end: bool) -> Result<(), Failure> {
        let user = self.find(email).await?;
        if end {
            let ended = self.access.end_user_sessions(&self.who, user.id).await.map_err(told)?;
            eprintln!("{}: {ended} sessions ended", user.email);
            return Ok(());
        }
        for session in self.access.user_sessions(&self.who, user.id).await.map_err(told)? {
            let ip = session.ip.as_deref().unwrap_or("-");
            println!(
                "{}\t{}\t{ip}\tsince {}\tlast used {}",
                &session.id[..8],
                session.device,
                session.created_at.to_rfc3339(),
                session.last_seen_at.to_rfc3339()
            );
        }
        Ok(())
    }
}

/// Asks twice at a terminal; takes the first line of anything else.
fn new_password() -> Result<Password, Failure> {
    let unread = |error: std::io::Error| Failure::usage(format!("the password could not be read: {error}"));
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("New password: ").map_err(unread)?;
        let second = rpassword::prompt_password("Once more: ").map_err(unread)?;
        if first != second {
            return Err(Failure::found("The two passwords differ."));
        }
        return Ok(Password::new(first));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(unread)?;
    Ok(Password::new(line.trim_end_matches(['\r', '\n'])))
}

fn told(error: AppError) -> Failure {
    if error.fields.len() < 2 {
        return Failure::found(error.message);
    }
    let fields: Vec<_> = error.fields.iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect();
    Failure::found(format!("{}\n{}", error.message, fields.join("\n")))
}
