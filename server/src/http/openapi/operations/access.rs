//! Sign-in, one's own account, users and rights.

use super::super::{
    operation::{Operation, asked, json, made, nothing, text},
    shapes::{flag, named, page},
};
use crate::http::api::access::{Grants, Login};
use domain::access::{
    Bearer, ChangePassword, CreateToken, CreateUser, EditUser, Me, NewToken, PermissionRow, Role, RotateToken,
    SessionItem, TokenView, UserItem,
};

const STALE: &[(&str, &str)] = &[("409", "The version is not the current one, or it would leave nobody in charge.")];

const SECRET: &str = "Takes no Idempotency-Key: its answer would have to be kept, and holds the secret.";

pub const OPERATIONS: &[Operation] = &[
    json("POST /api/v1/auth/login", "Sign in for a bearer token of 30 minutes", named::<Bearer>)
        .takes(named::<Login>)
        .fails(&[("401", "Name or password is wrong.")]),
    nothing("POST /api/v1/auth/logout", "End this session"),
    json("GET /api/v1/auth/me", "Who is calling, with which rights", named::<Me>),
    nothing("POST /api/v1/auth/password", "Change the own password").takes(named::<ChangePassword>),
    json("GET /api/v1/auth/tokens", "The caller's API tokens", page::<TokenView>),
    made("POST /api/v1/auth/tokens", "Make an API token; its secret is shown once", named::<NewToken>)
        .takes(named::<CreateToken>)
        .note(SECRET),
    made("POST /api/v1/auth/tokens/{id}/rotate", "Replace the secret of an API token", named::<NewToken>)
        .may_take(named::<RotateToken>)
        .note(SECRET),
    nothing("DELETE /api/v1/auth/tokens/{id}", "Revoke an API token"),
    json("GET /api/v1/auth/sessions", "The caller's sessions", page::<SessionItem>),
    nothing("DELETE /api/v1/auth/sessions", "End all sessions but this one").with(&[asked(
        "others",
        flag,
        "true, to say that it is meant.",
    )
    .required()]),
    nothing("DELETE /api/v1/auth/sessions/{id}", "End one session")
        .note("An own one, or with the right access.users_edit anybody's.")
        .with(&[text("id", "Its id, from the list.")]),
    json("GET /api/v1/users", "Users of a filter", page::<UserItem>)
        .with(&[
            text("q", "Part of name or e-mail."),
            asked("role", named::<Role>, "Base role."),
            asked("active", flag, "Whether they may sign in."),
        ])
        .paged(),
    made("POST /api/v1/users", "Add a user", named::<UserItem>)
        .takes(named::<CreateUser>)
        .keyed()
        .fails(&[("409", "E-mail or user name is taken, or the key was used for another body.")]),
    json("GET /api/v1/users/{id}", "One user; ETag holds the version", named::<UserItem>),
    json("PATCH /api/v1/users/{id}", "Change a user", named::<UserItem>)
        .takes(named::<EditUser>)
        .versioned()
        .fails(STALE),
    json("PUT /api/v1/users/{id}/grants", "Set a user's permission sets", named::<UserItem>)
        .takes(named::<Grants>)
        .versioned()
        .fails(STALE),
    json("POST /api/v1/users/{id}/disable", "Keep a user out", named::<UserItem>).versioned().fails(STALE),
    json("POST /api/v1/users/{id}/enable", "Let a user in again", named::<UserItem>).versioned().fails(STALE),
    json("GET /api/v1/permissions", "Every right and who holds it", page::<PermissionRow>),
];
