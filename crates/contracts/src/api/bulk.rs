//! Many changes of tasks in one request.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Task;

/// What is to be done, in this order as far as it is about the same task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkInput {
    #[schema(min_items = 1, max_items = 500)]
    pub operations: Vec<BulkOperation>,
}

/// One change, as one request for one task would make it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkOperation {
    pub op: BulkOp,
    /// The task; not of `create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uuid", example = "0199c0de-0000-7000-8000-000000000001")]
    pub id: Option<String>,
    /// As the `If-Match` header; not of `create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "\"7\"")]
    pub if_match: Option<String>,
    /// As the parameter `scope`; of `update` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "this")]
    pub scope: Option<String>,
    /// A `TaskInput` to create, a `TaskPatch` to update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object)]
    pub body: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkOp {
    Create,
    Update,
    Complete,
    Reopen,
    Skip,
    Delete,
    Restore,
}

/// What came of each operation, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkOutput {
    pub results: Vec<BulkResult>,
}

/// What the operation would have been answered alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkResult {
    #[schema(example = 200)]
    pub status: u16,
    /// The task, also one that was created; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<Uuid>,
    /// The task's version, as the `ETag` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "\"8\"")]
    pub etag: Option<String>,
    /// As it is now; absent if it is in the trash or the operation failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Task>)]
    pub task: Option<Value>,
    /// Why it failed; absent if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object)]
    pub problem: Option<Value>,
}
