//! Who may do what: permissions, roles, sets, accounts, and the principal that carries them.

mod account;
mod password;
mod permission;
mod port;
mod principal;
mod session;
mod user;

pub use account::{
    Bearer, ChangePassword, CreateToken, Me, NewToken, RotateToken, SessionItem, SessionKind, SetUp, SignIn,
    TOKEN_DEFAULT_DAYS, TOKEN_MAX_DAYS, TokenState, TokenView,
};
pub use password::{MAX_CHARACTERS, MIN_CHARACTERS, Password};
pub use permission::{Access, PermSet, Permission, Rights, Role};
pub use port::{AccessPort, PermissionRow, SessionPort, permission_table};
pub use principal::{ActorKind, Principal, RequestTrace};
pub use session::{AutoRefresh, FormNote, SessionView, SignedInUser, Theme};
pub use user::{CreateUser, EditUser, Grant, ScopeKind, UserFilter, UserItem, validate_grants};
