//! What a move touched. Two moves that touch nothing in common lead to the same world in either
//! order, so one order is enough.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Something moves can meet at: a row, the outbox, a host. Two that are taken for one only cost time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Object(u64);

impl Object {
    pub(crate) fn of(name: impl Hash) -> Self {
        // Its keys are fixed, so the same name is the same object in every run.
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self(hasher.finish())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    Read,
    Write,
}

/// All that a move touched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Footprint {
    /// Time, for one, changes what anybody sees.
    everything: bool,
    touched: Vec<(Object, Touch)>,
}

impl Footprint {
    pub(crate) fn touch(&mut self, object: Object, touch: Touch) {
        if !self.touched.contains(&(object, touch)) {
            self.touched.push((object, touch));
        }
    }

    pub(crate) fn touch_everything(&mut self) {
        self.everything = true;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.everything |= other.everything;
        for (object, touch) in &other.touched {
            self.touch(*object, *touch);
        }
    }

    pub(crate) fn is_independent_of(&self, other: &Self) -> bool {
        let meets = |(object, touch): &(Object, Touch)| {
            other.touched.iter().any(|(theirs, their_touch)| {
                object == theirs && (*touch == Touch::Write || *their_touch == Touch::Write)
            })
        };
        !self.everything && !other.everything && !self.touched.iter().any(meets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(touched: &[(&str, Touch)]) -> Footprint {
        let mut footprint = Footprint::default();
        for (name, touch) in touched {
            footprint.touch(Object::of(name), *touch);
        }
        footprint
    }

    #[test]
    fn only_a_write_makes_two_moves_meet() {
        let reads = footprint(&[("row", Touch::Read), ("mine", Touch::Write)]);
        assert!(reads.is_independent_of(&footprint(&[("row", Touch::Read), ("theirs", Touch::Write)])));
        assert!(!reads.is_independent_of(&footprint(&[("row", Touch::Write)])));
        assert!(!footprint(&[("row", Touch::Write)]).is_independent_of(&reads));
        let mut time = Footprint::default();
        time.touch_everything();
        assert!(!time.is_independent_of(&Footprint::default()));
    }
}
