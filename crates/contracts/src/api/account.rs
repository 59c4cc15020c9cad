//! Accounts and signing in.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A new account.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Register {
    /// Unique whatever its case.
    #[schema(example = "ada@example.org", max_length = 254)]
    pub email: String,
    #[schema(format = Password, min_length = 8, max_length = 256)]
    pub password: String,
    /// The IANA name of the zone this person lives in; all-day tasks and their reminders follow it.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
}

/// Who signs in.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Login {
    #[schema(example = "ada@example.org")]
    pub email: String,
    #[schema(format = Password)]
    pub password: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: Uuid,
    #[schema(example = "ada@example.org")]
    pub email: String,
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
}

/// What registering and signing in answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub user: User,
    /// A JWT; send it as `Authorization: Bearer …`. It holds for seven days.
    pub access_token: String,
}

macro_rules! debug_without_secrets {
    ($($name:ident { $($shown:ident),+ })+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($shown), &self.$shown))+.finish_non_exhaustive()
            }
        }
    )+};
}

debug_without_secrets! {
    Register { email, time_zone }
    Login { email }
    Session { user }
}
