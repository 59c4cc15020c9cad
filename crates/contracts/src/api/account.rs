//! Accounts and signing in.

use std::fmt;

use chrono::{DateTime, Utc};
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
    /// Whether a link that was mailed there was followed.
    #[serde(default)]
    pub email_verified: bool,
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
}

/// The token of a link by which an address is confirmed.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct VerifyEmail {
    /// What follows `token=` in the link.
    #[schema(example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    pub token: String,
}

/// Whose password is forgotten.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForgotPassword {
    #[schema(example = "ada@example.org", max_length = 254)]
    pub email: String,
}

/// A new password in the place of one that is forgotten.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ResetPassword {
    /// What follows `token=` in the link.
    #[schema(example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    pub token: String,
    #[schema(format = Password, min_length = 8, max_length = 256)]
    pub password: String,
}

/// A new password in the place of one that is known.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangePassword {
    #[schema(format = Password)]
    pub current: String,
    #[schema(format = Password, min_length = 8, max_length = 256)]
    pub new: String,
}

/// Another address for an account.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangeEmail {
    #[schema(example = "ada.lovelace@example.org", max_length = 254)]
    pub email: String,
    /// The account's.
    #[schema(format = Password)]
    pub password: String,
}

/// What registering, signing in and refreshing answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub user: User,
    /// A JWT; send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// For how many seconds the access token holds.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Continues the session at `/api/v1/auth/refresh`, once.
    pub refresh_token: String,
    pub session_id: Uuid,
}

/// What continues a session.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Refresh {
    /// The latest that this session was answered.
    pub refresh_token: String,
}

/// Where somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenSession {
    pub id: Uuid,
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is refreshed.
    pub expires_at: DateTime<Utc>,
    /// What the client called itself when it signed in.
    #[schema(required, example = "AlmanacDesktop/2.1 (Linux)")]
    pub user_agent: Option<String>,
    /// Whether this request is of it.
    pub current: bool,
}

macro_rules! debug_without_secrets {
    ($($name:ident { $($shown:ident),* })+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($shown), &self.$shown))*.finish_non_exhaustive()
            }
        }
    )+};
}

debug_without_secrets! {
    Register { email, time_zone }
    Login { email }
    ResetPassword {}
    VerifyEmail {}
    ChangePassword {}
    ChangeEmail { email }
    Session { user, session_id }
}
