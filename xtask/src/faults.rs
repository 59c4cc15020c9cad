//! What a test breaks beside processes: the ways between parts, clocks, the room on a disk.
//!
//! A fault that needs something the machine does not have (libfaketime, root) is left out, and whoever asks for it is
//! told so.

mod clock;
mod disk;
mod link;
mod replica;

pub use clock::{SkewedClock, faketime};
pub use disk::SmallDisk;
pub use link::{Flow, Link};
pub use replica::ReplicaFaults;
