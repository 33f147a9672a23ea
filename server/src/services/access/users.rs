//! Users: made, changed, given sets; never without one active administrator.

use super::AccessService;
use crate::{
    access::{local, password::common_fault, secret::Digest},
    services::{
        cursor,
        idempotency::{Request, once},
    },
};
use domain::{
    AppError, ErrorCode,
    access::{
        CreateUser, EditUser, Grant, Password, PermSet, Permission, Principal, Rights, Role, UserFilter, UserItem,
        validate_grants,
    },
    idempotency::{Answered, IdempotencyKey},
    ids::UserId,
    live::Topic,
    paging::{DEFAULT_LIMIT, MAX_LIMIT, Page},
};
use serde::Serialize;
use serde_json::json;
use sqlx::{PgConnection, Postgres, Transaction};
use store::{
    StoreError,
    access::{
        sessions,
        users::{self, Listing, NewUser, Profile, User},
    },
    audit::Act,
};

/// A [`CreateUser`] as the key of its call knows it: the password only as what the secret key makes of it.
#[derive(Debug, Serialize)]
struct Asked<'a> {
    email: &'a str,
    username: Option<&'a str>,
    display_name: &'a str,
    role: Option<Role>,
    password: Digest,
}

impl AccessService {
    pub(super) async fn list_users(&self, who: &Principal, filter: UserFilter) -> Result<Page<UserItem>, AppError> {
        who.require(Permission::AccessUsersView)?;
        let zone = self.door.zone().await?;
        let limit = i64::from(filter.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT));
        let after =
            filter.cursor.as_deref().map(|text| cursor::read(text, |email| Some(email.to_owned()))).transpose()?;
        let mut connection = store::acquire(self.pool()).await?;
        let text = filter.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let listing =
            Listing { text, role: filter.role, active: filter.active, after: after.as_deref(), limit: limit + 1 };
        let (mut rows, total) = users::list(&mut connection, &listing).await?;
        let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        let next_cursor = rows.last().filter(|_| more).map(|last| cursor::write(&last.email));
        let ids: Vec<_> = rows.iter().map(|user| user.id).collect();
        let grants = users::grants(&mut connection, &ids, self.door.now()).await?;
        let items = rows
            .into_iter()
            .map(|user| {
                let own = grants.iter().filter(|(id, _)| *id == user.id).map(|(_, grant)| grant.clone()).collect();
                item(user, own, zone)
            })
            .collect();
        Ok(Page { items, next_cursor, total })
    }

    pub(super) async fn read_user(&self, who: &Principal, id: UserId) -> Result<Option<UserItem>, AppError> {
        who.require(Permission::AccessUsersView)?;
        let zone = self.door.zone().await?;
        let mut connection = store::acquire(self.pool()).await?;
        self.look_up(&mut connection, id, zone).await
    }

    async fn look_up(
        &self,
        connection: &mut PgConnection,
        id: UserId,
        zone: chrono_tz::Tz,
    ) -> Result<Option<UserItem>, AppError> {
        let Some(user) = users::by_id(connection, id.0).await? else { return Ok(None) };
        let grants = users::grants(connection, &[id.0], self.door.now()).await?;
        Ok(Some(item(user, grants.into_iter().map(|(_, grant)| grant).collect(), zone)))
    }

    pub(super) async fn make_user(
        &self,
        who: &Principal,
        command: &CreateUser,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answered<Result<UserItem, AppError>>, AppError> {
        who.require(Permission::AccessUsersEdit)?;
        let zone = self.door.zone().await?;
        // Taken apart, so that a new field cannot be forgotten.
        let CreateUser { email, username, display_name, role, password } = command;
        let (username, password) = (username.as_deref(), self.door.settings().keys.typed(password));
        let body = Asked { email, username, display_name, role: *role, password };
        let request = Request { who, key, route: "POST /api/v1/users", body: &body, status: 201 };
        once(self.pool(), self.door.now(), request, async |connection: &mut PgConnection| {
            let id = self.write_user(connection, who, command).await?;
            self.look_up(connection, id, zone).await?.ok_or_else(AppError::internal)
        })
        .await
    }

    async fn write_user(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        command: &CreateUser,
    ) -> Result<UserId, AppError> {
        let mut faults = command.validate().err().unwrap_or_default();
        faults.extend(common_fault("password", &command.password));
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        may_hand_out(who, &Rights::of(command.role, &[]))?;
        let hash = self.door.hasher.hash(&command.password).await?;
        let id = self.door.backend.clock.new_id();
        let new = NewUser {
            id,
            email: command.email.trim(),
            username: command.username.as_deref().map(str::trim).filter(|name| !name.is_empty()),
            display_name: command.display_name.trim(),
            password_hash: Some(&hash),
            role: command.role,
            must_change_password: true,
        };
        let after = json!({"email": new.email, "display_name": new.display_name, "role": new.role, "password": {"$secret": "changed"}});
        users::insert(connection, new, self.door.now()).await.map_err(taken)?;
        self.record(connection, who, Act::done("access.user_create", "user", id).after(after)).await?;
        store::live::emit(connection, Topic::Access, &id.to_string()).await?;
        Ok(UserId(id))
    }

    pub(super) async fn change_user(
        &self,
        who: &Principal,
        id: UserId,
        command: EditUser,
    ) -> Result<UserItem, AppError> {
        who.require(Permission::AccessUsersEdit)?;
        command.validate().map_err(AppError::validation)?;
        let now = self.door.now();
        let mut tx = store::begin(self.pool()).await?;
        let (user, sets, admins) = self.locked(&mut tx, id, command.version).await?;

        let role = command.role.unwrap_or(user.role());
        let is_active = command.is_active.unwrap_or(user.is_active);
        let display_name = command.display_name.as_deref().map_or(user.display_name.as_str(), str::trim);
        let username = match command.username.as_deref().map(str::trim) {
            Some("") => None,
            Some(name) => Some(name),
            None => user.username.as_deref(),
        };
        keep_one_admin(&user, &admins, role == Some(Role::Admin) && is_active)?;
        if role != user.role() {
            self.not_own_rise(who, &user, &sets, role, &sets)?;
        }
        if is_active && !user.is_active {
            may_hand_out(who, &Rights::of(role, &sets))?;
        }
        let ends_sessions = role != user.role() || is_active != user.is_active;
        let (before, after) = changes(&user, username, display_name, role, is_active);
        users::update(&mut tx, id.0, Profile { username, display_name, role, is_active }, now).await.map_err(taken)?;
        if ends_sessions {
            sessions::end_all(&mut tx, id.0, None, now, if is_active { "rights changed" } else { "disabled" }).await?;
        }
        let action = match (user.is_active, is_active) {
            (true, false) => "access.user_disable",
            (false, true) => "access.user_enable",
            _ => "access.user_edit",
        };
        self.record(&mut tx, who, Act::done(action, "user", id).before(before).after(after)).await?;
        self.announce(&mut tx, id).await?;
        store::commit(tx).await?;
        self.door.forget_user(id.0);
        self.read_user(who, id).await?.ok_or_else(AppError::internal)
    }

    pub(super) async fn change_grants(
        &self,
        who: &Principal,
        id: UserId,
        grants: Vec<Grant>,
        version: Option<i32>,
    ) -> Result<UserItem, AppError> {
        who.require(Permission::AccessUsersEdit)?;
        validate_grants(&grants).map_err(AppError::validation)?;
        let now = self.door.now();
        let mut tx = store::begin(self.pool()).await?;
        let (user, before, _) = self.locked(&mut tx, id, version).await?;
        let after: Vec<PermSet> = grants.iter().map(|grant| grant.permission_set).collect();
        self.not_own_rise(who, &user, &before, user.role(), &after)?;
        let rows: Vec<_> = grants.into_iter().map(|grant| (self.door.backend.clock.new_id(), grant)).collect();
        let old: Vec<Grant> = users::grants(&mut tx, &[id.0], now).await?.into_iter().map(|(_, grant)| grant).collect();
        let new: Vec<&Grant> = rows.iter().map(|(_, grant)| grant).collect();
        let act =
            Act::done("access.user_grants", "user", id).before(json!({"grants": old})).after(json!({"grants": new}));
        self.record(&mut tx, who, act).await?;
        users::replace_grants(&mut tx, id.0, &rows, who.label(), now).await?;
        sessions::end_all(&mut tx, id.0, None, now, "rights changed").await?;
        self.announce(&mut tx, id).await?;
        store::commit(tx).await?;
        self.door.forget_user(id.0);
        self.read_user(who, id).await?.ok_or_else(AppError::internal)
    }

    /// Sets a password for somebody who has lost theirs; it must be changed at the next sign-in.
    ///
    /// # Errors
    /// `forbidden` without `access.users_edit`; `validation` for a password that may not be one.
    pub async fn reset_password(&self, who: &Principal, id: UserId, password: &Password) -> Result<(), AppError> {
        who.require(Permission::AccessUsersEdit)?;
        let now = self.door.now();
        let mut tx = store::begin(self.pool()).await?;
        let (user, _, _) = self.locked(&mut tx, id, None).await?;
        let faults: Vec<_> =
            password.faults("password", &user.names()).into_iter().chain(common_fault("password", password)).collect();
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        let hash = self.door.hasher.hash(password).await?;
        users::set_password(&mut tx, id.0, &hash, true, now).await?;
        sessions::end_all(&mut tx, id.0, None, now, "password reset").await?;
        let act = Act::done("access.reset_password", "user", id).after(json!({"password": {"$secret": "changed"}}));
        self.record(&mut tx, who, act).await?;
        self.announce(&mut tx, id).await?;
        store::commit(tx).await?;
        self.door.forget_user(id.0);
        Ok(())
    }

    /// The user, its sets and all active administrators, locked for this change.
    async fn locked(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        id: UserId,
        version: Option<i32>,
    ) -> Result<(User, Vec<PermSet>, Vec<uuid::Uuid>), AppError> {
        let (user, admins) = users::lock(tx, id.0).await?;
        let user = user.ok_or_else(|| AppError::not_found("User"))?;
        if version.is_some_and(|version| version != user.version) {
            return Err(AppError::conflict(
                "Somebody else changed this user meanwhile. Look at it again, then repeat your change.",
            )
            .with_field("version", format!("The user is now at version {}.", user.version)));
        }
        let sets = users::grants(tx, &[id.0], self.door.now())
            .await?
            .into_iter()
            .map(|(_, grant)| grant.permission_set)
            .collect();
        Ok((user, sets, admins))
    }

    async fn announce(&self, tx: &mut Transaction<'static, Postgres>, id: UserId) -> Result<(), AppError> {
        store::live::emit(tx, Topic::Session, &id.to_string()).await?;
        store::live::emit(tx, Topic::Access, &id.to_string()).await?;
        Ok(())
    }

    /// Nobody raises own rights, and nobody hands out what they do not hold.
    fn not_own_rise(
        &self,
        who: &Principal,
        user: &User,
        had: &[PermSet],
        role: Option<Role>,
        sets: &[PermSet],
    ) -> Result<(), AppError> {
        let (before, after) = (Rights::of(user.role(), had), Rights::of(role, sets));
        let gained: Vec<_> = after.iter().filter(|right| !before.has(*right)).collect();
        if gained.is_empty() {
            return Ok(());
        }
        if who.user_id() == Some(UserId(user.id)) {
            return Err(AppError::new(
                ErrorCode::Forbidden,
                "You cannot raise your own rights; another administrator can.",
            )
            .with_field("role", "Own rights cannot be raised."));
        }
        may_hand_out(who, &after.restricted_to(&gained))
    }
}

fn may_hand_out(who: &Principal, rights: &Rights) -> Result<(), AppError> {
    if rights.iter().all(|right| who.may(right)) {
        Ok(())
    } else {
        Err(AppError::new(ErrorCode::Forbidden, "You cannot give rights that you do not hold yourself."))
    }
}

/// The last active administrator stays one.
pub(crate) fn keep_one_admin(user: &User, admins: &[uuid::Uuid], stays_admin: bool) -> Result<(), AppError> {
    if stays_admin || admins != [user.id] {
        return Ok(());
    }
    let text = "At least one active administrator must remain";
    Err(AppError::conflict(text).with_field("role", text))
}

/// A unique violation as the fault of its field.
pub(crate) fn taken(error: StoreError) -> AppError {
    let field = match error.constraint() {
        Some("users_email_key") => ("email", "Somebody with this e-mail exists already."),
        Some("users_username_key") => ("username", "This user name is taken."),
        _ => return error.into(),
    };
    AppError::conflict(field.1).with_field(field.0, field.1)
}

fn changes(
    user: &User,
    username: Option<&str>,
    display_name: &str,
    role: Option<Role>,
    is_active: bool,
) -> (serde_json::Value, serde_json::Value) {
    let (mut before, mut after) = (serde_json::Map::new(), serde_json::Map::new());
    let mut note = |name: &str, old: serde_json::Value, new: serde_json::Value| {
        if old != new {
            before.insert(name.to_owned(), old);
            after.insert(name.to_owned(), new);
        }
    };
    note("username", json!(user.username), json!(username));
    note("display_name", json!(user.display_name), json!(display_name));
    note("role", json!(user.role()), json!(role));
    note("is_active", json!(user.is_active), json!(is_active));
    (before.into(), after.into())
}

fn item(user: User, grants: Vec<Grant>, zone: chrono_tz::Tz) -> UserItem {
    UserItem {
        id: UserId(user.id),
        role: user.role(),
        email: user.email,
        username: user.username,
        display_name: user.display_name,
        grants,
        is_active: user.is_active,
        must_change_password: user.must_change_password,
        last_login_at: user.last_login_at.map(|at| local(at, zone)),
        created_at: local(user.created_at, zone),
        version: user.version,
    }
}
