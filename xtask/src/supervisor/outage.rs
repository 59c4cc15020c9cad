//! Faults that end with the scope that made them, whether it returns or panics.

use anyhow::Result;

use super::Part;

/// A part that does not work until this is dropped.
#[must_use = "it ends when it is dropped"]
pub struct Outage<'a> {
    part: &'a Part,
    end: fn(&Part),
}

impl Part {
    /// Stands still, as after [`Part::freeze`].
    pub async fn frozen(&self) -> Result<Outage<'_>> {
        // First, so that one that was frozen too late thaws, too.
        let outage = Outage { part: self, end: Self::thaw };
        self.freeze().await?;
        Ok(outage)
    }

    /// Is down, as after [`Part::hold_down`].
    pub async fn held_down(&self) -> Result<Outage<'_>> {
        let outage = Outage { part: self, end: Self::resume };
        self.hold_down().await?;
        Ok(outage)
    }
}

impl Drop for Outage<'_> {
    fn drop(&mut self) {
        (self.end)(self.part);
    }
}
