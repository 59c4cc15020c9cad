//! A depth-first search through all choices, one run after the other.
//!
//! A run is repeated from its beginning with one choice changed: the last one that has an option
//! left. So that moves which touch nothing in common are tried in one order only, each node knows
//! its *sleeping* moves: those that were tried before it and have met nothing since. (Godefroid,
//! *Partial-Order Methods*, 1996, ch. 5. Sleep sets leave out runs, never a final state.)

use super::{choices::Move, footprint::Footprint};

/// The choices of the current run, and what is still to be tried beside each.
#[derive(Debug)]
pub(crate) struct Path {
    nodes: Vec<Node>,
    /// How many of them this run has passed.
    at: usize,
    /// Leave out what only swaps independent moves.
    reduce: bool,
}

#[derive(Debug)]
enum Node {
    /// A choice within a move, such as the host a call reaches.
    Pick {
        count: usize,
        chosen: usize,
    },
    Move(MoveNode),
}

#[derive(Debug)]
struct MoveNode {
    options: Vec<Move>,
    chosen: usize,
    asleep: Vec<(Move, Footprint)>,
    /// What the chosen move touched in the current run.
    touched: Footprint,
    /// What it touched in any run: the choices within it may make a difference.
    touched_ever: Footprint,
}

impl MoveNode {
    fn first_awake(&self) -> Option<usize> {
        self.options.iter().position(|option| self.asleep.iter().all(|(asleep, _)| asleep != option))
    }
}

impl Path {
    pub(crate) fn new(reduce: bool) -> Self {
        Self { nodes: Vec::new(), at: 0, reduce }
    }

    /// The move made last touched this.
    pub(crate) fn touched(&mut self, footprint: Footprint) {
        let last = self.nodes[..self.at].iter_mut().rev().find_map(|node| match node {
            Node::Move(node) => Some(node),
            Node::Pick { .. } => None,
        });
        if let Some(node) = last {
            node.touched_ever.merge(&footprint);
            node.touched = footprint;
        }
    }

    /// # Panics
    /// When the run does not repeat itself: then nothing that was found means anything.
    pub(crate) fn next_move(&mut self, options: &[Move]) -> Option<usize> {
        if let Some(node) = self.nodes.get(self.at) {
            let Node::Move(node) = node else { panic!("the run does not repeat itself: no move before") };
            assert_eq!(node.options, options, "the run does not repeat itself");
            self.at += 1;
            return Some(node.chosen);
        }
        let last = self.nodes.iter().rev().find_map(|node| match node {
            Node::Move(node) => Some(node),
            Node::Pick { .. } => None,
        });
        let asleep = match last {
            Some(last) if self.reduce => {
                let unmet = |(_, footprint): &&(Move, Footprint)| footprint.is_independent_of(&last.touched);
                last.asleep.iter().filter(unmet).cloned().collect()
            }
            _ => Vec::new(),
        };
        let (touched, touched_ever) = Default::default();
        let mut node = MoveNode { options: options.to_vec(), chosen: 0, asleep, touched, touched_ever };
        node.chosen = node.first_awake()?;
        let chosen = node.chosen;
        self.nodes.push(Node::Move(node));
        self.at += 1;
        Some(chosen)
    }

    pub(crate) fn pick(&mut self, count: usize) -> usize {
        let chosen = match self.nodes.get(self.at) {
            None => {
                self.nodes.push(Node::Pick { count, chosen: 0 });
                0
            }
            Some(Node::Pick { count: before, chosen }) => {
                assert_eq!(*before, count, "the run does not repeat itself");
                *chosen
            }
            Some(Node::Move(_)) => panic!("the run does not repeat itself: a move before"),
        };
        self.at += 1;
        chosen
    }

    /// Goes to the next run. `false`: everything was tried.
    pub(crate) fn next_run(&mut self) -> bool {
        self.at = 0;
        loop {
            match self.nodes.last_mut() {
                None => return false,
                Some(Node::Pick { count, chosen }) if *chosen + 1 < *count => {
                    *chosen += 1;
                    return true;
                }
                Some(Node::Pick { .. }) => {}
                Some(Node::Move(node)) => {
                    node.asleep.push((node.options[node.chosen], std::mem::take(&mut node.touched_ever)));
                    if let Some(next) = node.first_awake() {
                        node.chosen = next;
                        return true;
                    }
                }
            }
            self.nodes.pop();
        }
    }
}
