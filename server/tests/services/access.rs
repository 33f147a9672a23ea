//! Users, tokens and sessions behind their port.

use crate::world::{self, PASSWORD, World};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{
        AccessPort, CreateToken, CreateUser, EditUser, Grant, Password, PermSet, Permission, Principal, RequestTrace,
        Rights, Role, RotateToken, ScopeKind, UserFilter,
    },
    ids::UserId,
};
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

fn port(world: &World) -> Arc<dyn AccessPort> {
    Arc::clone(&world.services.access)
}

fn signed_in(id: Uuid, role: Role) -> Principal {
    Principal::vouch(
        domain::access::ActorKind::User,
        Some(id),
        role.as_str().to_owned(),
        Rights::of(Some(role), &[]),
        RequestTrace::default(),
    )
}

async fn audit_actions(world: &World) -> Vec<String> {
    sqlx::query_scalar("select action || ' ' || outcome from ops.audit_log order by 1")
        .fetch_all(&world.owner)
        .await
        .expect("audit")
}

#[sqlx::test(migrations = "../migrations")]
async fn the_last_active_admin_stays_whoever_asks(root: PgPool) {
    let world = World::new(root).await;
    let ada = world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let admin = signed_in(ada, Role::Admin);
    let off = EditUser { is_active: Some(false), ..EditUser::default() };
    let down = EditUser { role: Some(Some(Role::Viewer)), ..EditUser::default() };
    for (who, change) in [(&admin, &off), (&admin, &down), (&server::access::actors::cli("root", ada), &off)] {
        let error = port(&world).edit_user(who, UserId(ada), change.clone()).await.expect_err("refused");
        assert_eq!(error.code, ErrorCode::Conflict);
        assert_eq!(error.of_field("role"), Some("At least one active administrator must remain"));
    }
    // With a second one either may go, but two at once never both.
    let bob = world.user("bob@mill.example", Some(Role::Admin), &[]).await;
    let (access, first, second) = (port(&world), down.clone(), down);
    let (one, two) =
        tokio::join!(access.edit_user(&admin, UserId(ada), first), access.edit_user(&admin, UserId(bob), second));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|ok| **ok).count(), 1, "{one:?} {two:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_raises_own_rights_or_gives_what_they_lack(root: PgPool) {
    let world = World::new(root).await;
    world.user("root@mill.example", Some(Role::Admin), &[]).await;
    let eve = world.user("eve@mill.example", Some(Role::Viewer), &[]).await;
    // Somebody who may edit users but is no admin.
    let limited = Principal::vouch(
        domain::access::ActorKind::User,
        Some(eve),
        "eve".into(),
        Rights::all().restricted_to(&[
            Permission::AccessUsersView,
            Permission::AccessUsersEdit,
            Permission::OverviewView,
        ]),
        RequestTrace::default(),
    );
    let rise = EditUser { role: Some(Some(Role::Admin)), ..EditUser::default() };
    assert_eq!(
        port(&world).edit_user(&limited, UserId(eve), rise.clone()).await.expect_err("own").code,
        ErrorCode::Forbidden
    );
    let tom = world.user("tom@mill.example", None, &[]).await;
    assert_eq!(
        port(&world).edit_user(&limited, UserId(tom), rise).await.expect_err("others").code,
        ErrorCode::Forbidden
    );
    let grants = vec![Grant {
        permission_set: PermSet::Auditor,
        scope_kind: ScopeKind::All,
        scope_ids: vec![],
        expires_at: None,
    }];
    assert_eq!(
        port(&world).set_grants(&limited, UserId(eve), grants, None).await.expect_err("own set").code,
        ErrorCode::Forbidden
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_user_is_made_changed_and_told_apart_by_version(root: PgPool) {
    let world = World::new(root).await;
    let ada = world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let admin = signed_in(ada, Role::Admin);
    let access = port(&world);
    let new = CreateUser {
        email: "Tom@Mill.Example".into(),
        username: Some("tom".into()),
        display_name: "Tom".into(),
        role: Some(Role::Planner),
        password: Password::new("planted-password-of-tom"),
    };
    let tom = access.create_user(&admin, new.clone(), None).await.value.expect("made");
    assert_eq!(
        (tom.email.as_str(), tom.role, tom.must_change_password),
        ("tom@mill.example", Some(Role::Planner), true)
    );
    let again = access.create_user(&admin, new, None).await.value.expect_err("twice");
    assert_eq!((again.code, again.of_field("email").is_some()), (ErrorCode::Conflict, true));

    let weak = CreateUser {
        email: "x".into(),
        display_name: String::new(),
        password: Password::new("1q2w3e4r5t6y"),
        ..CreateUser::default()
    };
    let faults: Vec<_> = access
        .create_user(&admin, weak, None)
        .await
        .value
        .expect_err("weak")
        .fields
        .into_iter()
        .map(|f| f.path)
        .collect();
    assert_eq!(faults, ["email", "display_name", "password"]);

    let rename = EditUser { display_name: Some("Thomas".into()), version: Some(tom.version), ..EditUser::default() };
    let renamed = access.edit_user(&admin, tom.id, rename.clone()).await.expect("renamed");
    assert_eq!((renamed.display_name.as_str(), renamed.version), ("Thomas", tom.version + 1));
    assert_eq!(access.edit_user(&admin, tom.id, rename).await.expect_err("stale").code, ErrorCode::Conflict);

    let page = access.users(&admin, UserFilter { limit: Some(1), ..UserFilter::default() }).await.expect("page");
    assert_eq!((page.total, page.items.len(), page.items[0].email.as_str()), (2, 1, "ada@mill.example"));
    let rest = access
        .users(&admin, UserFilter { cursor: page.next_cursor, limit: Some(1), ..UserFilter::default() })
        .await
        .expect("rest");
    assert_eq!((rest.items[0].email.as_str(), rest.next_cursor), ("tom@mill.example", None));
    let found = access.users(
        &admin,
        UserFilter { q: Some("THOM".into()), role: Some(Role::Planner), active: Some(true), ..UserFilter::default() },
    );
    assert_eq!(found.await.expect("found").total, 1);
    let wild =
        access.users(&admin, UserFilter { q: Some("%".into()), ..UserFilter::default() }).await.expect("literal");
    assert_eq!(wild.total, 0);

    assert_eq!(audit_actions(&world).await, ["access.user_create ok", "access.user_edit ok"]);
    let text: String = sqlx::query_scalar("select string_agg(a::text, ' ') from ops.audit_log a")
        .fetch_one(&world.owner)
        .await
        .expect("text");
    assert!(!text.contains("planted") && text.contains("$secret"), "{text}");
}

#[sqlx::test(migrations = "../migrations")]
async fn tokens_hold_no_more_than_their_owner_and_end_when_told(root: PgPool) {
    let world = World::new(root).await;
    let vera = world.user("vera@mill.example", Some(Role::Viewer), &[]).await;
    let who = signed_in(vera, Role::Viewer);
    let access = port(&world);
    let wish = |scopes: &[&str]| CreateToken {
        name: "cron".into(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        expires_in_days: Some(10),
    };
    let refused = access.create_token(&who, wish(&["transactions.view", "audit.view"])).await.expect_err("too much");
    assert_eq!(refused.fields[0].path, "scopes[1]");

    let first = access.create_token(&who, wish(&["transactions.view"])).await.expect("token");
    assert!(first.token.starts_with("mr_pat_") && first.token.len() == 7 + 43);
    let kept: String = sqlx::query_scalar("select string_agg(t::text, '') from access.api_tokens t")
        .fetch_one(&world.owner)
        .await
        .expect("row");
    assert!(!kept.contains(&first.token));

    let second = access.rotate_token(&who, first.view.id, RotateToken { overlap_hours: 2 }).await.expect("rotated");
    assert_eq!(second.view.scopes, first.view.scopes);
    let good = |token: String| {
        let door = Arc::clone(&world.door);
        async move {
            let credential = door.read_authorization(&format!("Bearer {token}")).expect("credential");
            door.verify(&credential, &RequestTrace::default()).await.expect("asked").is_some()
        }
    };
    assert!(good(first.token.clone()).await && good(second.token.clone()).await);
    world.clock.advance(Duration::hours(2));
    world.door.forget_all();
    assert!(!good(first.token).await && good(second.token.clone()).await);
    access.revoke_token(&who, second.view.id).await.expect("revoked");
    assert!(!good(second.token).await, "ends at once, not after the five seconds it may be believed");
    assert_eq!(access.revoke_token(&who, second.view.id).await.expect_err("twice").code, ErrorCode::NotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_viewer_reads_no_users(root: PgPool) {
    let world = World::new(root).await;
    let who = world::person(Role::Viewer);
    assert_eq!(port(&world).users(&who, UserFilter::default()).await.expect_err("refused").code, ErrorCode::Forbidden);
    let _ = PASSWORD;
}
