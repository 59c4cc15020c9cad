//! In which order tasks that wait for each other are made.

use std::collections::{BTreeSet, HashSet, VecDeque};

/// Tasks by their places.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// The tasks of a level wait only for those of the levels before.
    pub(super) levels: Vec<Vec<usize>>,
    /// Tasks that would wait for each other: these go first, and without what they wait for.
    pub(super) cut: HashSet<usize>,
}

/// `waits_for` has the places of those that each one waits for. Looks at each of these once (Kahn's algorithm).
pub(super) fn order(waits_for: &[Vec<usize>]) -> Order {
    let mut missing: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut waiters: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
    for (place, others) in waits_for.iter().enumerate() {
        for other in others {
            waiters[*other].push(place);
        }
    }
    let mut order = Order::default();
    let mut waiting: VecDeque<usize> = (0..waits_for.len()).filter(|place| missing[*place] > 0).collect();
    let mut level: Vec<usize> = (0..waits_for.len()).filter(|place| missing[*place] == 0).collect();
    loop {
        if level.is_empty() {
            // They wait for each other: the first goes without.
            let stuck = std::iter::from_fn(|| waiting.pop_front()).find(|place| missing[*place] > 0);
            let Some(first) = stuck else { return order };
            missing[first] = 0;
            order.cut.insert(first);
            level.push(first);
        }
        let mut next = BTreeSet::new();
        for waiter in level.iter().flat_map(|place| &waiters[*place]) {
            // One that was cut waits for nothing any more.
            if missing[*waiter] > 0 {
                missing[*waiter] -= 1;
                if missing[*waiter] == 0 {
                    next.insert(*waiter);
                }
            }
        }
        order.levels.push(level);
        level = next.into_iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn ordered(waits_for: &[&[usize]]) -> (Vec<Vec<usize>>, Vec<usize>) {
        let order = order(&waits_for.iter().map(|others| others.to_vec()).collect::<Vec<_>>());
        let mut cut: Vec<usize> = order.cut.into_iter().collect();
        cut.sort_unstable();
        (order.levels, cut)
    }

    #[test]
    fn each_comes_after_all_it_waits_for() {
        assert_eq!(ordered(&[]), (vec![], vec![]));
        assert_eq!(ordered(&[&[2, 1], &[], &[1], &[]]), (vec![vec![1, 3], vec![2], vec![0]], vec![]));
        assert_eq!(ordered(&[&[1, 1], &[]]), (vec![vec![1], vec![0]], vec![]), "twice is once");
    }

    #[test]
    fn of_those_that_wait_for_each_other_the_first_goes_without() {
        assert_eq!(ordered(&[&[0]]), (vec![vec![0]], vec![0]), "for itself");
        let two_rings: &[&[usize]] = &[&[1], &[0], &[3], &[2], &[3]];
        assert_eq!(
            ordered(two_rings),
            (vec![vec![0], vec![1], vec![2], vec![3], vec![4]], vec![0, 2]),
            "one cut a ring"
        );
    }

    #[test]
    fn a_long_chain_of_many_blockers_is_ordered_in_one_pass() {
        let chain: Vec<Vec<usize>> = (0..5_000).map(|place| vec![place.max(1) - 1; place.min(140)]).collect();
        let begun = Instant::now();
        let order = order(&chain);
        assert_eq!((order.levels.len(), order.cut.len()), (5_000, 0));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
