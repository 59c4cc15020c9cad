//! The API's document: what is common to all endpoints. Each endpoint documents itself beside its handler.

mod complete;
#[cfg(test)]
mod tests;

use platform::problem::Body as Problem;
use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

pub(crate) use self::complete::complete;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Almanac",
        description = "Tasks and reminders, never lost and never doubled.\n\n\
            **Errors** are problem details (RFC 9457); `errors` names the fields that are wrong.\n\n\
            **Idempotency.** Every request that changes something takes an `Idempotency-Key` of 1 to 255 printable \
            ASCII characters. The same request under the same key is carried out once and gets the same answer; \
            another request under a used key is a 422.\n\n\
            **Versions.** A task's `version` is its `ETag`. With `If-Match`, a change is made only to that version; \
            else the answer is 412.\n\n\
            **Lists** are `{\"items\":[…],\"next_cursor\"}`, newest first (a history: oldest first); give \
            `next_cursor` as `cursor` to read on.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "account", description = "Registering, and signing in"),
        (name = "tasks", description = "Tasks and their reminders"),
        (name = "comments", description = "What people say on a task"),
        (name = "trash", description = "Deleted tasks, until they are gone for good"),
        (name = "projects", description = "Projects, and who shares them"),
        (name = "filters", description = "Lists of tasks that are kept under a name"),
        (name = "recurrences", description = "Rules by which tasks recur (RFC 5545)"),
        (name = "notifications", description = "The in-app inbox"),
        (name = "events", description = "What happens, as it happens"),
        (name = "problems", description = "What errors mean"),
        (name = "jobs", description = "Called by Dapr's cron bindings"),
    ),
    modifiers(&AccessToken),
)]
pub(crate) struct Document;

/// What endpoints that need an access token name in their `security`.
const ACCESS_TOKEN: &str = "access_token";
/// What endpoints name that an API token may use, with the scope it needs.
const API_TOKEN: &str = "api_token";

struct AccessToken;

impl Modify for AccessToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The `access_token` that registering, signing in and refreshing answer."))
            .build();
        let of_programs = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("alm_…")
            .description(Some(
                "A token made at `/api/v1/me/tokens`. What it must be for is named at each operation.",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(ACCESS_TOKEN, SecurityScheme::Http(scheme));
        components.add_security_scheme(API_TOKEN, SecurityScheme::Http(of_programs));
    }
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $status:literal, $description:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(IntoResponses)]
        #[allow(dead_code, reason = "only describes the answers")]
        pub(crate) enum $name {$(
            #[response(status = $status, description = $description, content_type = "application/problem+json")]
            $variant(Problem),
        )+}
    )+};
}

problems! {
    /// What any request with a body may be answered.
    BodyProblems {
        Malformed = 400, "The body is not JSON";
        TooLarge = 413, "The body is larger than 256 KiB";
        MediaType = 415, "The body is not sent as JSON";
        Invalid = 422, "Some values are not valid, or the idempotency key was used for another request";
    }
    /// What any request may be answered.
    PassingProblems {
        RateLimited = 429, "Too many requests; `Retry-After` says when the next one may come";
        Unavailable = 503, "A part that is needed does not answer now; send the same request again";
    }
    /// What a request that takes a password or a code may be answered.
    AttemptProblems {
        TooMany = 429, "Too many attempts failed; `Retry-After` says when to try again";
    }
    /// What any request that needs an access token may be answered.
    CallerProblems {
        Unauthorized = 401, "There is no access token, or it does not hold";
        Forbidden = 403, "The API token is not for this";
    }
    /// What any request for one task may be answered.
    TaskProblems {
        NotFound = 404, "There is no such task, or it is in the trash";
    }
    /// What undoing may be answered.
    UndoProblems {
        NothingToUndo = 409, "There is no change to undo";
    }
    /// What any request for one project may be answered.
    ProjectProblems {
        NotFound = 404, "There is no such project, or it is in the trash";
    }
    /// What any request that needs a role in a project may be answered.
    RoleProblems {
        NotAllowed = 403, "The caller's role in the project does not allow it; the problem names the role that does";
    }
    /// What any change may be answered.
    ChangeProblems {
        Mismatch = 412, "It is at another version than `If-Match` says";
    }
    /// What a request with parameters may be answered.
    ParameterProblems {
        InvalidParameter = 422, "A parameter or header is not valid";
    }
}
