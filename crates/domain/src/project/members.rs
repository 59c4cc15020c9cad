//! The people a project is shared with.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{MemberRole, Project, ProjectChange, ProjectEvent, Role};
use crate::{id::UserId, violation::Violation};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub id: UserId,
    pub role: MemberRole,
}

impl Project {
    pub const MAX_MEMBERS: usize = 100;
    /// How many projects a person may be in, their own and those shared with them: nobody's lists grow without
    /// bound by what others do. The trash is not counted.
    pub const MAX_OF_A_PERSON: usize = 200;

    /// What this person is here, if anything.
    pub fn role_of(&self, user: UserId) -> Option<Role> {
        if user == self.owner {
            return Some(Role::Owner);
        }
        self.members.iter().find(|member| member.id == user).map(|member| member.role.into())
    }

    /// Everybody, the owner first.
    pub fn people(&self) -> impl Iterator<Item = (UserId, Role)> {
        let owner = std::iter::once((self.owner, Role::Owner));
        owner.chain(self.members.iter().map(|member| (member.id, member.role.into())))
    }

    /// Somebody who is here already stays what they are.
    ///
    /// # Errors
    /// When there are as many as there may be.
    pub fn add_member(mut self, member: Member, now: DateTime<Utc>) -> Result<ProjectChange, Violation> {
        if self.role_of(member.id).is_some() {
            return Ok(ProjectChange::Unchanged(self));
        }
        if self.members.len() >= Self::MAX_MEMBERS {
            let detail = format!("A project is shared with at most {} people.", Self::MAX_MEMBERS);
            return Err(Violation::new("members", "too_many", detail));
        }
        self.members.push(member);
        let event = ProjectEvent::MemberAdded { member: member.id, role: member.role.into() };
        Ok(self.changed(event, now))
    }

    /// `None` if there is no such member. The owner's role changes only by [`Project::transfer`].
    pub fn change_role(
        mut self,
        user: UserId,
        role: MemberRole,
        now: DateTime<Utc>,
    ) -> Option<ProjectChange> {
        let member = self.members.iter_mut().find(|member| member.id == user)?;
        if member.role == role {
            return Some(ProjectChange::Unchanged(self));
        }
        member.role = role;
        Some(self.changed(ProjectEvent::RoleChanged { member: user, role: role.into() }, now))
    }

    /// Who is gone already is gone; the owner stays.
    pub fn remove_member(mut self, user: UserId, by: UserId, now: DateTime<Utc>) -> ProjectChange {
        let before = self.members.len();
        self.members.retain(|member| member.id != user);
        if self.members.len() == before {
            return ProjectChange::Unchanged(self);
        }
        let event = if user == by {
            ProjectEvent::MemberLeft { member: user }
        } else {
            ProjectEvent::MemberRemoved { member: user }
        };
        self.changed(event, now)
    }

    /// Makes a member the owner; the owner until then becomes an editor. `None` if there is no such member.
    pub fn transfer(mut self, to: UserId, now: DateTime<Utc>) -> Option<ProjectChange> {
        if to == self.owner {
            return Some(ProjectChange::Unchanged(self));
        }
        let heir = self.members.iter_mut().find(|member| member.id == to)?;
        *heir = Member { id: self.owner, role: MemberRole::Editor };
        self.owner = to;
        Some(self.changed(ProjectEvent::RoleChanged { member: to, role: Role::Owner }, now))
    }
}
