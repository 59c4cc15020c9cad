//! Accounts and signing in.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text;

/// A new account.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Register {
    #[schema(value_type = text::EmailAddress)]
    pub email: String,
    #[schema(value_type = text::NewPassword)]
    pub password: String,
    /// Where this person lives; all-day tasks and their reminders follow it.
    #[schema(value_type = text::TimeZone)]
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
