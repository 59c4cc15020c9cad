-- What tasks have to do with each other: subtasks, and what waits for what. Checked in the commit of the change, by
-- what is committed by then; that is why these functions are volatile. They use columns and tables of later
-- migrations, which are there when the first of them is called.

-- The trash of a person, newest first; and what is to leave it.
CREATE INDEX task_trash ON task (owner, utc_instant(state ->> 'deleted_at') DESC, id DESC)
    WHERE deleted AND NOT state ? 'purged_at';
CREATE INDEX task_trash_age ON task (utc_instant(state ->> 'deleted_at')) WHERE deleted AND NOT state ? 'purged_at';

-- Ends the commit: what is told becomes the refusal.
CREATE FUNCTION refuse_relation(field text, rule text, detail text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'VA001', MESSAGE = detail,
        DETAIL = jsonb_build_object('field', field, 'rule', rule, 'detail', detail);
END $$;

-- Whether a person may refer to a task: it is theirs, or in a project they are in.
CREATE FUNCTION may_refer_to(person uuid, other task) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN NOT other.state ? 'purged_at' AND (other.owner = person OR EXISTS (
        SELECT FROM project_member AS m
        WHERE m.user_id = person AND m.project_id = (other.state ->> 'project')::uuid
    ));
END $$;

-- The rule of the Task actors. `asked` is what the turn asks to be checked, see actors/task/src/relations.rs:
--   lists     the projects, or else the owner, in whose order of changes this one takes its place
--   person    who changes it, if anybody does
--   project   the task's project, as in the state
--   joins     it comes to that project
--   parent    it becomes a subtask of that
--   blockers  it begins to wait for these: [{at, id}]
--   follows   it does what its parent told it: {parent, is, project}
--   pass_on   what its subtasks are told; each the zone of its own owner, as it is by now
--   purged    its reminders, now that it is deleted for good
CREATE FUNCTION task_relations(task_id text, task_version bigint, asked jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    most_levels   CONSTANT integer := 8;
    most_subtasks CONSTANT integer := 500;
    most_waiting  CONSTANT integer := 10000;
    person  uuid := (asked ->> 'person')::uuid;
    list    text;
    above   task;
    at      integer;
    levels  integer;
    around  boolean;
BEGIN
    -- One after the other, so that two changes cannot break together what neither breaks alone. Always in this order.
    FOR list IN SELECT jsonb_array_elements_text(asked -> 'lists') AS name ORDER BY name LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('tasks of ' || list, 0));
    END LOOP;
    -- Who waits for whom does not keep to lists.
    IF asked ? 'blockers' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('tasks that wait', 0));
    END IF;

    IF asked ? 'joins' AND NOT EXISTS (
        SELECT FROM project_member AS m
        WHERE m.user_id = person AND m.project_id = (asked ->> 'project')::uuid AND m.role IN ('editor', 'owner')
    ) THEN
        PERFORM refuse_relation('project_id', 'not_found', 'There is no such project.');
    END IF;

    IF asked ? 'parent' THEN
        SELECT * INTO above FROM task WHERE id = asked ->> 'parent';
        IF above.id IS NULL OR NOT may_refer_to(person, above) THEN
            PERFORM refuse_relation('parent_id', 'not_found', 'There is no such task.');
        ELSIF above.deleted THEN
            PERFORM refuse_relation('parent_id', 'in_trash', 'The task it is a subtask of is in the trash.');
        ELSIF above.state ->> 'project' IS DISTINCT FROM asked ->> 'project' THEN
            PERFORM refuse_relation('project_id', 'not_of_parent', 'A subtask is in the project of its parent.');
        END IF;
        WITH RECURSIVE up (id, level) AS (
            SELECT asked ->> 'parent', 1
            UNION ALL
            SELECT t.state ->> 'parent', up.level + 1 FROM up JOIN task AS t ON t.id = up.id
            WHERE t.state ? 'parent' AND t.id <> task_id AND up.level <= most_levels
        )
        SELECT max(up.level), bool_or(up.id = task_id) INTO levels, around FROM up;
        IF around THEN
            PERFORM refuse_relation('parent_id', 'cycle', 'A task is no subtask of its own subtask.');
        END IF;
        WITH RECURSIVE down (id, level) AS (
            SELECT task_id, 1
            UNION ALL
            SELECT t.id, down.level + 1 FROM down JOIN task AS t ON t.parent_id = down.id::uuid
            WHERE down.level <= most_levels
        )
        SELECT levels + max(down.level) INTO levels FROM down;
        IF levels > most_levels THEN
            PERFORM refuse_relation('parent_id', 'too_deep', format('Subtasks go at most %s levels deep.', most_levels));
        END IF;
        IF most_subtasks <= (
            SELECT count(*) FROM task AS t
            WHERE t.parent_id = (asked ->> 'parent')::uuid AND NOT t.deleted AND t.id <> task_id
        ) THEN
            PERFORM refuse_relation('parent_id', 'too_many', format('A task has at most %s subtasks.', most_subtasks));
        END IF;
    END IF;

    IF asked ? 'blockers' THEN
        SELECT b.at INTO at
        FROM jsonb_to_recordset(asked -> 'blockers') AS b (at integer, id text) LEFT JOIN task AS t ON t.id = b.id
        WHERE t.id IS NULL OR t.deleted OR NOT may_refer_to(person, t)
        ORDER BY b.at LIMIT 1;
        IF FOUND THEN
            PERFORM refuse_relation(format('blocked_by[%s]', at), 'not_found', 'There is no such task.');
        END IF;
        WITH RECURSIVE waits (id) AS (
            SELECT b.id FROM jsonb_to_recordset(asked -> 'blockers') AS b (id text)
            UNION
            SELECT jsonb_array_elements_text(t.state -> 'blocked_by') FROM waits JOIN task AS t ON t.id = waits.id
            WHERE t.state ? 'blocked_by' AND t.id <> task_id
        ), looked_at AS (SELECT waits.id FROM waits LIMIT most_waiting + 1)
        SELECT count(*), bool_or(looked_at.id = task_id) INTO levels, around FROM looked_at;
        IF around THEN
            PERFORM refuse_relation('blocked_by', 'cycle', 'A task does not wait for one that waits for it.');
        ELSIF levels > most_waiting THEN
            PERFORM refuse_relation('blocked_by', 'too_many', 'Too many tasks wait for each other.');
        END IF;
    END IF;

    -- Its parent may have changed again since it told this; then that is told, too, and counts.
    IF asked ? 'follows' THEN
        SELECT * INTO above FROM task WHERE id = asked -> 'follows' ->> 'parent';
        IF asked -> 'follows' ->> 'project' IS DISTINCT FROM above.state ->> 'project'
            OR asked -> 'follows' ->> 'is' IS DISTINCT FROM (CASE
                WHEN above.state ? 'purged_at' THEN 'gone' WHEN above.deleted THEN 'trashed' ELSE 'there' END)
        THEN
            PERFORM refuse_relation('parent_id', 'stale', 'The parent has changed since.');
        END IF;
    END IF;

    IF asked ? 'pass_on' THEN
        INSERT INTO actor_outbox (event_id, partition, version, destination, actor_type, actor_id, method, body)
        SELECT md5(format('Task/%s/%s/%s', task_id, task_version, t.id))::uuid,
            get_byte(sha256(convert_to('Task/' || task_id, 'UTF8')), 0) % 16,
            task_version, 'actor', 'Task', t.id, 'follow_parent', CASE WHEN u.id IS NULL THEN asked -> 'pass_on'
                ELSE jsonb_set(asked -> 'pass_on', '{zone}', asked -> 'pass_on' -> 'zone'
                    || jsonb_build_object('zone', u.time_zone, 'version', u.zone_version)) END
        FROM task AS t LEFT JOIN app_user AS u ON u.id = t.owner WHERE t.parent_id = task_id::uuid
        ORDER BY t.id;
    END IF;

    IF asked ? 'purged' THEN
        DELETE FROM reminder AS r
        WHERE r.reminder_id IN (SELECT jsonb_array_elements_text(asked -> 'purged')::uuid) AND r.status <> 'pending';
        DELETE FROM task_comment AS c WHERE c.task_id = task_relations.task_id::uuid;
    END IF;
    RETURN true;
END $$;
