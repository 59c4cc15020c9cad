-- Refuses a project's commit by which one of these people would be in more projects than `most`.
CREATE FUNCTION projects_of_people(project text, people jsonb, most integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    person text;
BEGIN
    -- In one order, so that no two commits wait for each other.
    FOR person IN SELECT id FROM jsonb_array_elements_text(people) AS row (id) ORDER BY id LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('projects of ' || person, 0));
        IF (SELECT count(*) FROM project_member
            WHERE user_id = person::uuid AND project_id <> project::uuid) >= most THEN
            RAISE EXCEPTION USING ERRCODE = 'VA001', MESSAGE = 'too many projects',
                DETAIL = jsonb_build_object('rule', 'too_many_projects', 'most', most)::text;
        END IF;
    END LOOP;
END $$;
