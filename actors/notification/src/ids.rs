//! Ids that follow from what they name, so that doing it again makes nothing new.

use contracts::notification::Channel;
use uuid::{Uuid, uuid};

const NOTIFICATIONS: Uuid = uuid!("f2aab1d2-3f71-41d2-b74b-3412b937b65c");

/// Of one firing of a reminder.
pub fn notification_id(reminder_id: Uuid, generation: i32) -> Uuid {
    Uuid::new_v5(&NOTIFICATIONS, format!("{reminder_id}/{generation}").as_bytes())
}

/// Of one channel's delivery of a firing.
pub fn delivery_id(reminder_id: Uuid, generation: i32, channel: Channel) -> Uuid {
    Uuid::new_v5(&NOTIFICATIONS, format!("{reminder_id}/{generation}/{channel}").as_bytes())
}

/// Of the event that says how a delivery ended: `status` is `delivered`, `superseded` or `failed`.
pub fn outcome_event_id(delivery_id: Uuid, status: &str) -> Uuid {
    Uuid::new_v5(&delivery_id, status.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_and_channels_are_told_apart() {
        let reminder = uuid!("0199c0de-0000-7000-8000-000000000001");
        let ids = [
            notification_id(reminder, 1),
            notification_id(reminder, 2),
            delivery_id(reminder, 1, Channel::InApp),
            delivery_id(reminder, 1, Channel::Email),
            delivery_id(reminder, 2, Channel::Email),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
