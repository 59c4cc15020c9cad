//! Accounts and signing in.

use std::fmt;

use chrono::{DateTime, Utc};
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
    /// A code of the second factor, or a recovery code, if the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "123456")]
    pub totp: Option<String>,
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
    /// Whether signing in takes a code of a second factor.
    #[serde(default)]
    pub totp: bool,
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
}

/// Who deletes their account.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct DeleteAccount {
    /// The account's, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub password: Option<String>,
}

/// The token of a link by which an address is confirmed.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct VerifyEmail {
    #[schema(value_type = text::LinkToken)]
    pub token: String,
}

/// Whose password is forgotten.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForgotPassword {
    #[schema(value_type = text::EmailAddress)]
    pub email: String,
}

/// A new password in the place of one that is forgotten.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ResetPassword {
    #[schema(value_type = text::LinkToken)]
    pub token: String,
    #[schema(value_type = text::NewPassword)]
    pub password: String,
}

/// A new password in the place of one that is known.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangePassword {
    #[schema(format = Password)]
    pub current: String,
    #[schema(value_type = text::NewPassword)]
    pub new: String,
}

/// Who begins to set up a second factor.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolTotp {
    /// The account's.
    #[schema(format = Password)]
    pub password: String,
}

/// What an authenticator is told (RFC 6238: SHA-1, six digits, 30 seconds).
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpEnrolment {
    /// Base 32, for typing.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    pub secret: String,
    /// For a QR code.
    #[schema(
        example = "otpauth://totp/Almanac:ada%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Almanac"
    )]
    pub otpauth_uri: String,
}

/// That the authenticator has the secret.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ConfirmTotp {
    /// What it shows.
    #[schema(example = "123456")]
    pub code: String,
}

/// What signs in once each in the place of a code.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    #[schema(example = json!(["MZXW-6YTB-OI2D-GNBU"]))]
    pub recovery_codes: Vec<String>,
}

/// Who wants no second factor any more.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct DisableTotp {
    /// The account's.
    #[schema(format = Password)]
    pub password: String,
    /// What the authenticator shows, or a recovery code.
    #[schema(example = "123456")]
    pub code: String,
}

/// Another address for an account.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangeEmail {
    #[schema(value_type = text::EmailAddress)]
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

/// A token for a program, to be made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApiTokenInput {
    /// What it is for, in your words.
    #[schema(example = "Backup script", min_length = 1, max_length = 100)]
    pub name: String,
    /// `tasks:read`, `tasks:write`, `projects:read`, `projects:write`, `account:read`. Who may write may read.
    #[schema(value_type = Vec<text::TokenScope>, example = json!(["tasks:read"]), min_items = 1)]
    pub scopes: Vec<String>,
    /// When it ends; never unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    pub id: Uuid,
    #[schema(example = "Backup script")]
    pub name: String,
    #[schema(example = json!(["tasks:read"]))]
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// To within ten minutes.
    #[schema(required)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A token that was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewApiToken {
    #[serde(flatten)]
    pub info: ApiToken,
    /// Send it as `Authorization: Bearer …`. It is shown this once.
    #[schema(example = "alm_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    pub token: String,
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
    EnrolTotp {}
    TotpEnrolment {}
    ConfirmTotp {}
    RecoveryCodes {}
    DisableTotp {}
    Session { user, session_id }
    NewApiToken { info }
}
