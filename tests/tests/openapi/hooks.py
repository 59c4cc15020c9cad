"""What JSON Schema cannot say of the API, told to schemathesis."""

import re
from datetime import date, datetime

import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi import format as register

# The document's formats. A few values of each kind: what is wrong with others is for the backend's own tests.
register("time-zone", st.sampled_from(["Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe"]))
register("rrule", st.sampled_from([
    "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=5", "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=7;BYDAY=1SU", "FREQ=HOURLY;INTERVAL=6",
]))
days = st.dates(date(1970, 1, 1), date(2099, 12, 31)).map(date.isoformat)
times = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)).map(lambda time: time.isoformat(timespec="seconds"))
register("date", days)
register("local-date-time", times)
register("local-date-or-time", st.one_of(days, times))
register("date-time", times.map(lambda time: time + "Z"))
register("lead", st.builds("P{}DT{}H{}M".format, st.integers(0, 300), st.integers(0, 23), st.integers(0, 59)))
register("estimate", st.builds("PT{}H{}M".format, st.integers(0, 100), st.integers(1, 59)))
register("day-or-instant", st.one_of(days, times.map(lambda time: time + "Z")))
register("id-or-none", st.one_of(st.just("none"), st.uuids().map(str)))
register("tags", st.sampled_from(["home", "home,garden"]))
register("priorities", st.sampled_from(["none", "high,urgent"]))
register("task-query", st.sampled_from(["status=open", "tag=home&sort=due", "q=water&status=all"]))
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
register("email", st.builds("{}@{}.example".format, names, names))
register("password", st.text("abcdefghijklmnopqrstuvwxyz ", min_size=8, max_size=40))
register("entity-tag", st.sampled_from(["*", '"1"', '"2"', '"no-such-tag"', 'W/"1"']))
register("link-token", st.text("ABCDEFGHabcdefgh0123456789-_", min_size=42, max_size=42).map("{}A".format))
# Cursors come from lists; `before_call` takes these away.
MADE_UP = "made-up-cursor"
register("cursor", st.just(MADE_UP))

# Rules between values, or about what is stored: a request that only breaks these may well suit the document. By rule,
# or by field and rule.
RELATIONS = {
    "at_or_before", "date_or_at_and_zone", "duplicate", "unknown_reminder", "needs_time", "after_due", "due required",
    "recurrence required", "exdates invalid_local_time", "exdates invalid_date", "rdates invalid_local_time",
    "rdates invalid_date", "itself", "name required",
    # Ids of what does not exist, and times that have passed.
    "not_found", "unknown_filter", "archived", "in_trash", "not_of_parent", "cycle", "too_deep", "parent_id too_many",
    "stale", "expires_at out_of_range",
    # Refused everywhere, which not every text's schema repeats.
    "q control_character", "text control_character", "name control_character",
    # What is known of passwords, accounts and the text that is left of a line.
    "too_common", "like_email", "no_words", "wrong_password", "no_account", "wrong_code", "password required",
    "sign_in_again", "unknown_scope", "invalid_name", "text max_length", "text required",
    # What is known of a file when it is read.
    "not_a_calendar", "not_csv", "not_todoist", "not_json", "not_an_export", "unknown_version", "not_utf8",
}


def broken(error):
    """What an error is known by: its rule, and the last name of its field with it."""
    name = re.sub(r"\[\d+\]", "", error["field"]).split(".")[-1]
    return {error["rule"], f"{name} {error['rule']}"}


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    """Leaves a cursor or an event's id away where the request is meant to be valid: none that is made up is."""
    if is_positive(case) and case.query.get("cursor") is not None:
        del case.query["cursor"]
    if is_positive(case) and case.headers is not None:
        case.headers.pop("Last-Event-ID", None)


@schemathesis.check
def only_relations_are_refused(ctx, response, case):
    """A request that suits the document is refused only for what a schema cannot say."""
    if response.status_code != 422 or not is_positive(case):
        return
    problem = response.json()
    if not problem["type"].endswith("/invalid"):
        return
    unexpected = [error for error in problem["errors"] if not broken(error) & RELATIONS]
    assert not unexpected, f"it suits the document, and yet: {unexpected}"
