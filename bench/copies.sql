INSERT INTO cases_nodestatus (node_id, status, since, until, because, case_id)
SELECT node_id + c * %(size)s, status, since, until, because, case_id + c
FROM cases_nodestatus, generate_series(1, %(cases)s - 1) c WHERE case_id = 1;

INSERT INTO cases_forecast (node_id, case_id, at, status, because, provisional)
SELECT node_id + c * %(size)s, case_id + c, at, status, because, provisional
FROM cases_forecast, generate_series(1, %(cases)s - 1) c WHERE case_id = 1;

UPDATE cases_settlement s SET settled_at = f.settled_at, due_at = f.due_at FROM cases_settlement f
WHERE f.case_id = 1 AND s.case_id <> 1;

INSERT INTO evidence_standing
    (artefact_id, department_id, revision_id, state, warn_at, due_at, refresh_at, settled_at)
SELECT artefact_id + c * %(leaves)s, department_id, revision_id + c * 2 * %(leaves)s, state, warn_at, due_at,
       refresh_at, settled_at
FROM evidence_standing, generate_series(1, %(cases)s - 1) c;
