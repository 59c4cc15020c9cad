//! Several backends behind one address.

use xtask::{Process, Stack};

use crate::writers::each_edit_is_answered_once_despite;

const BACKEND: &str = "todo-backend";

pub(crate) async fn no_answer_is_lost_when_one_of_two_backends_dies(stack: &mut Stack) {
    stack.scale(BACKEND, 2).await.expect("there is one more");
    let kill = |process| stack.kill(BACKEND, 0, process);
    let death = async {
        tokio::try_join!(kill(Process::App), kill(Process::Sidecar)).expect("both ran");
    };
    each_edit_is_answered_once_despite(stack, death).await;
    stack.scale(BACKEND, 1).await.expect("there is one less");
}
