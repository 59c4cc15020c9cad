use chrono::TimeDelta;
use domain::Position;
use proptest::prelude::*;

use crate::given::now;

fn position(text: &str) -> Position {
    Position::parse(text).expect("a position")
}

fn any_position() -> impl Strategy<Value = Position> {
    "[0-9A-Za-z]{0,6}[1-9A-Za-z]".prop_map(|text| position(&text))
}

proptest! {
    #[test]
    fn between_two_there_is_always_another(a in any_position(), b in any_position()) {
        prop_assume!(a != b);
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        let middle = Position::between(Some(&low), Some(&high)).expect("room");
        prop_assert!(low < middle && middle < high, "{low} {middle} {high}");
        let first = Position::between(None, Some(&low)).expect("room");
        let last = Position::between(Some(&high), None).expect("room");
        prop_assert!(first < low && high < last, "{first} {low} {high} {last}");
        prop_assert_eq!(Position::between(Some(&high), Some(&low)), None);
    }

    #[test]
    fn whoever_is_moved_about_at_random_stays_in_order(places in prop::collection::vec(any::<prop::sample::Index>(), 1..200)) {
        let mut list = vec![Position::last(now())];
        for place in places {
            let place = place.index(list.len() + 1);
            let after = place.checked_sub(1).map(|before| &list[before]);
            let new = Position::between(after, list.get(place)).expect("room");
            list.insert(place, new);
        }
        prop_assert!(list.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn hundreds_go_to_the_same_place_before_room_runs_out() {
    let (low, mut high) = (position("V"), position("W"));
    let mut count = 0;
    while let Some(middle) = Position::between(Some(&low), Some(&high)) {
        high = middle;
        count += 1;
    }
    assert!(count >= 400, "{count}");
}

#[test]
fn a_new_task_comes_last() {
    let first = Position::last(now());
    let second = Position::last(now() + TimeDelta::microseconds(1));
    assert!(first < second);
    assert!(Position::between(None, Some(&first)).expect("room") < first);
    assert_eq!(first.as_str(), "066191440b3000V");
}

#[test]
fn a_position_is_digits_with_room_before_it() {
    for text in ["", "0", "A0", "a-b", "ü", " a", &"a".repeat(101)] {
        assert_eq!(Position::parse(text).expect_err(text).rule, "invalid_position");
    }
    assert_eq!(position(&"a".repeat(100)).as_str().len(), 100);
}
