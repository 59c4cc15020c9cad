-- Whether a person sees a task: in no project, whoever made it; in a project, who is in that. Who left a project sees
-- its tasks no more, even those they made. A project in the trash has no members' rows: then who made a task, and was
-- there until the end, still finds it in the trash. One that is deleted for good, with its owner's account, knows nobody.
CREATE FUNCTION sees_task(person uuid, seen task) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF seen.state ->> 'project' IS NULL THEN
        RETURN seen.owner = person;
    END IF;
    RETURN EXISTS (
        SELECT FROM project_member AS m
        WHERE m.user_id = person AND m.project_id = (seen.state ->> 'project')::uuid
    ) OR seen.owner = person AND EXISTS (
        SELECT FROM project AS p
        WHERE p.id = seen.state ->> 'project' AND p.deleted AND (p.owner = person OR p.state ? 'purged_at'
            OR p.state -> 'members' @> jsonb_build_array(jsonb_build_object('id', person)))
    );
END $$;

-- A person refers to what they see.
CREATE OR REPLACE FUNCTION may_refer_to(person uuid, other task) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN NOT other.state ? 'purged_at' AND sees_task(person, other);
END $$;

-- What is told of a task is told to who sees it.
CREATE OR REPLACE FUNCTION firing_is_current(of_task uuid, of_user uuid, of_reminder uuid, of_generation integer)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM task AS t
        WHERE id = of_task::text AND owner = of_user AND NOT done AND NOT deleted
          AND state -> 'reminders' @>
              jsonb_build_array(jsonb_build_object('id', of_reminder, 'generation', of_generation))
          AND sees_task(of_user, t)
    )
$$;
