//! The REST API's models: what its bodies look like, for the backend, its document and its clients.
//!
//! Their shapes are fixed; later versions only add members.

pub mod account;
pub mod bulk;
pub mod comment;
pub mod history;
pub mod live;
pub mod notification;
pub mod page;
pub mod project;
pub mod quick_add;
pub mod recurrence;
pub mod reminder;
pub mod saved_filter;
pub mod task;
pub mod text;
pub mod zone;

pub use account::{
    ApiToken, ApiTokenInput, ChangeEmail, ChangePassword, ConfirmTotp, DeleteAccount, DisableTotp, EnrolTotp,
    ForgotPassword, Login, NewApiToken, OpenSession, RecoveryCodes, Refresh, Register, ResetPassword,
    Session, TotpEnrolment, User, VerifyEmail,
};
pub use bulk::{BulkInput, BulkOp, BulkOperation, BulkOutput, BulkResult};
pub use comment::{Comment, CommentInput};
pub use history::HistoryEntry;
pub use live::LiveEvent;
pub use notification::Notification;
pub use page::Page;
pub use project::{Member, MemberInput, MemberPatch, Project, ProjectInput, ProjectPatch, Role, SharedRole};
pub use quick_add::{QuickAdd, QuickAddField, QuickAddInput, UnclearPhrase, UnderstoodPhrase};
pub use recurrence::{
    CountedFrom, Missed, Preview, PreviewInput, PreviewedOccurrence, Recurrence, RecurrenceInput,
};
pub use reminder::{Reminder, ReminderInput};
pub use saved_filter::{SavedFilter, SavedFilterInput, SavedFilterPatch, TagCount, Tags};
pub use task::{Due, Priority, Status, Task, TaskInput, TaskPatch, TrashedTask};
pub use zone::{BeforeAfter, UserPatch, ZoneInput, ZoneMove, ZonePreview};
