//! `almanac-checker`.

fn main() {}
