//! A mail as it is sent.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    /// The same at each attempt, by which mail servers and readers recognise a repetition.
    pub(crate) message_id: String,
    pub(crate) text: String,
    /// The same for readers that show HTML; one line, because it travels as metadata of the binding.
    pub(crate) html: Option<String>,
}
