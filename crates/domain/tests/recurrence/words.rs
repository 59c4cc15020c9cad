//! How a rule is told.

use crate::given::series;

#[test]
fn a_rule_is_told_in_words() {
    let cases = [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYMONTH=9", "every weekday in September"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO,FR", "every 2 days, only on Monday and Friday"),
        ("FREQ=DAILY;BYMONTH=1", "every day in January"),
        ("FREQ=DAILY;BYHOUR=9,18", "every day at 09:00 and 18:00"),
        ("FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0,30", "every day at 09:00, 09:30, 18:00 and 18:30"),
        ("FREQ=DAILY;BYHOUR=8,9,10,11,12,13,14,15,16", "every day, 9 times a day"),
        ("FREQ=WEEKLY", "every week"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks on Monday and Wednesday"),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=10", "every week on Tuesday, 10 times"),
        ("FREQ=WEEKLY;BYDAY=SA,SU", "every weekend day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU", "every 2 weeks on every weekend day"),
        ("FREQ=MONTHLY", "every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "every month on the 1st and the 15th"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=11,12,13,22,23",
            "every month on the 11th, the 12th, the 13th, the 22nd and the 23rd",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", "every month on the second to last day"),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", "every month on the first Monday and the third Monday"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("FREQ=MONTHLY;BYDAY=-2TU;INTERVAL=3", "every 3 months on the second to last Tuesday"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "every month on Friday the 13th"),
        ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=8,9", "every month on Saturday if it is the 8th or the 9th"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every month on the last weekday"),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", "every month on the first weekend day"),
        ("FREQ=MONTHLY;BYDAY=TU,TH;BYSETPOS=2", "every month on the second Tuesday or Thursday"),
        ("FREQ=YEARLY", "every year"),
        ("FREQ=YEARLY;BYMONTH=7;BYDAY=1SU", "every year on the first Sunday of July"),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25", "every year on the 25th of December"),
        ("FREQ=YEARLY;BYMONTH=1,7", "every year in January and July"),
        ("FREQ=YEARLY;BYDAY=20MO", "every year on the 20th Monday of the year"),
        ("FREQ=YEARLY;BYYEARDAY=100,-1", "every year on the last day and the 100th day of the year"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "every year on Monday in the 20th week"),
        (
            "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1,2;BYSETPOS=-1",
            "every year on the 1st and the 2nd of January, only the last of these",
        ),
        ("FREQ=HOURLY;INTERVAL=6", "every 6 hours"),
        ("FREQ=HOURLY;BYMINUTE=0,30", "every hour at minute 0 and minute 30"),
        ("FREQ=DAILY;COUNT=1", "every day, once"),
        ("FREQ=DAILY;UNTIL=20261231", "every day, until 31 December 2026"),
        // 31 December in Berlin.
        ("FREQ=DAILY;UNTIL=20261230T233000Z", "every day, until 31 December 2026"),
    ];
    for (rule, text) in cases {
        assert_eq!(series(rule, "2026-01-01T09:00:00", "Europe/Berlin").text(), text, "{rule}");
    }
}
