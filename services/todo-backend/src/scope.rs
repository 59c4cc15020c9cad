//! What an API token may do, and what an endpoint needs of its caller.
//!
//! An endpoint says it by the type of its caller: `Caller<WriteTasks>`. Without, `Caller` is [`BySession`]: what nobody
//! thought of is done by people who signed in, and by no API token.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    TasksRead,
    TasksWrite,
    ProjectsRead,
    ProjectsWrite,
    AccountRead,
}

impl Scope {
    pub(crate) const ALL: [Self; 5] =
        [Self::TasksRead, Self::TasksWrite, Self::ProjectsRead, Self::ProjectsWrite, Self::AccountRead];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TasksRead => "tasks:read",
            Self::TasksWrite => "tasks:write",
            Self::ProjectsRead => "projects:read",
            Self::ProjectsWrite => "projects:write",
            Self::AccountRead => "account:read",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Whether who has this scope has the other: who may write may read.
    pub(crate) fn includes(self, other: Self) -> bool {
        self == other
            || matches!(
                (self, other),
                (Self::TasksWrite, Self::TasksRead) | (Self::ProjectsWrite, Self::ProjectsRead)
            )
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an endpoint needs of its caller.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The scope of API tokens that may; none may where there is none.
    const SCOPE: Option<Scope>;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Needs for $name {
            const SCOPE: Option<Scope> = $scope;
        }
    )+};
}

needs! {
    /// A session: somebody who signed in.
    BySession = None;
    ReadTasks = Some(Scope::TasksRead);
    WriteTasks = Some(Scope::TasksWrite);
    ReadProjects = Some(Scope::ProjectsRead);
    WriteProjects = Some(Scope::ProjectsWrite);
    ReadAccount = Some(Scope::AccountRead);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_a_name_and_writing_includes_reading_of_the_same() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.name()), Some(scope));
            let included: Vec<_> = Scope::ALL.into_iter().filter(|other| scope.includes(*other)).collect();
            let expected = match scope {
                Scope::TasksWrite => vec![Scope::TasksRead, Scope::TasksWrite],
                Scope::ProjectsWrite => vec![Scope::ProjectsRead, Scope::ProjectsWrite],
                other => vec![other],
            };
            assert_eq!(included, expected);
        }
        assert_eq!(Scope::parse("tasks"), None);
    }

    #[test]
    fn the_document_names_each_scope() {
        let document = serde_json::to_value(crate::routes::described().1).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["TokenScope"]["enum"], serde_json::json!(Scope::ALL.map(Scope::name)));
        let items = &schemas["ApiTokenInput"]["properties"]["scopes"]["items"];
        assert_eq!(items["$ref"], "#/components/schemas/TokenScope");
    }
}
