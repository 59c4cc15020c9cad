//! Who shares a project.

pub(super) mod add;
pub(super) mod change;
pub(super) mod list;
pub(super) mod remove;

use domain::{ProjectId, UserId};
use http::HeaderValue;

fn path(project: ProjectId, member: UserId) -> HeaderValue {
    // Hyphenated ids are always a header value; an empty one would only leave the path out.
    let path = format!("/api/v1/projects/{project}/members/{member}");
    HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static(""))
}
