use super::{Figure, Sizes};
use crate::report::Spread;

/// Timed by whoever started the system.
pub(super) fn figures(sizes: &Sizes) -> Vec<Figure> {
    Spread::of(sizes.started_in.iter().copied())
        .map(|spread| Figure::of_spread("until every service is ready, from data that is there", "s", spread))
        .unwrap_or_default()
}
