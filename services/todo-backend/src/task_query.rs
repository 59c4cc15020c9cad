//! Lists of tasks: what is asked, and how it is read with bounded work, however many tasks there are.
//!
//! `filters` and `order` say what may be asked, `words` what a search is. A page is read by `walk`: along the index of
//! the order, passing over what the filters do not want. Where that finds too little within [`MOST_READ`] rows,
//! `gather` reads by the index of a filter instead, and sorts. Where neither ends within the bound, the page has
//! fewer items than asked for, and a cursor to go on from. `page` puts that together.

mod bound;
mod cursor;
mod filters;
mod gather;
mod order;
mod page;
mod parameters;
mod sql;
mod tags;
#[cfg(test)]
mod tests;
mod walk;
mod words;

pub(crate) use self::{
    bound::{Bound, today},
    filters::Filters,
    order::{Column, Direction, Phase, SORTS},
    page::{Listing, list},
    parameters::{CommonParameters, ListParameters},
    tags::tags,
};

/// How many rows a walk or a gathering reads before it gives up.
const MOST_READ: usize = 2_000;
