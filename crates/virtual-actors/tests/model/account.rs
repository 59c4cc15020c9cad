//! An actor that tells another: money goes from one account to the other, by the outbox.

use serde::{Deserialize, Serialize};
use virtual_actors::{Actor, Handles, Message, Methods, Turn, TurnContext};

pub(crate) struct AccountActor;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) balance: i64,
}

/// Sends money to another account.
#[derive(Serialize, Deserialize)]
pub(crate) struct Send {
    pub(crate) to: String,
    pub(crate) amount: i64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Receive {
    pub(crate) amount: i64,
}

impl Message for Send {
    const ACTOR: &'static str = "Account";
    const METHOD: &'static str = "send";
    type Reply = i64;
    type Refusal = ();
}

impl Message for Receive {
    const ACTOR: &'static str = "Account";
    const METHOD: &'static str = "receive";
    type Reply = i64;
    type Refusal = ();
}

impl Actor for AccountActor {
    const TYPE: &'static str = "Account";
    const TABLE: &'static str = "account";
    type State = Account;

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods.handles::<Send>().handles::<Receive>()
    }
}

type Decided = Result<Turn<AccountActor, i64>, ()>;

impl Handles<Send> for AccountActor {
    fn handle(state: Option<Account>, Send { to, amount }: Send, _: &TurnContext<'_>) -> Decided {
        let balance = state.unwrap_or_default().balance - amount;
        Ok(Turn::changed(Account { balance }, balance).tell(to, &Receive { amount }).into())
    }
}

impl Handles<Receive> for AccountActor {
    fn handle(state: Option<Account>, Receive { amount }: Receive, _: &TurnContext<'_>) -> Decided {
        let balance = state.unwrap_or_default().balance + amount;
        Ok(Turn::changed(Account { balance }, balance).into())
    }
}
