INSERT INTO cases_case (id, slug, title_ja, title_en, timezone, reading_notes, limits_are_assumptions, is_demo, created_at,
                        labels)
SELECT c, 'case-' || c, 'ケース' || c, 'Case ' || c, 'Asia/Tokyo', '{}', false, false, %(now)s - interval '2 years',
       '{}'
FROM generate_series(1, %(cases)s) c;

INSERT INTO cases_node (id, case_id, key, kind, position)
SELECT (c - 1) * %(size)s + n, c,
       CASE WHEN n <= 1 THEN 'G' WHEN n <= 1 + %(strategies)s THEN 'S' WHEN n <= %(first_leaf)s THEN 'G' ELSE 'E' END || '_' || n,
       CASE WHEN n <= 1 THEN 'goal' WHEN n <= 1 + %(strategies)s THEN 'strategy'
            WHEN n <= %(first_leaf)s THEN 'goal' ELSE 'evidence' END, n
FROM generate_series(1, %(cases)s) c, generate_series(1, %(size)s) n;

INSERT INTO cases_nodetext (node_id, statement_ja, statement_en, accountable_id, custodian_id, support_rule, undeveloped,
                            attributes, edition_from, leaves_draft)
SELECT id, '文' || id, 'Statement ' || id, %(party)s + (id %% 20), %(party)s + (id %% 20), 'all', false, '{}', 1, false
FROM cases_node;

INSERT INTO cases_link (case_id, source_id, target_id, kind, position, edition_from, leaves_draft)
SELECT n.case_id, b.base + CASE WHEN n.position <= 1 + %(strategies)s THEN 1
           WHEN n.position <= %(first_leaf)s THEN 2 + (n.position - 2 - %(strategies)s) %% %(strategies)s
           ELSE 2 + %(strategies)s + (n.position - 1 - %(first_leaf)s) %% %(goals)s END,
       n.id, 'supported_by', n.position, 1, false
FROM cases_node n, LATERAL (SELECT (n.case_id - 1) * %(size)s AS base) b WHERE n.position > 1;

INSERT INTO cases_criterion (node_id, kinds, minimum, must_cover, max_age, warn_before, silence, calendar, subjects, targets,
                             refuted_when, edition_from, leaves_draft)
SELECT id, '{rule}', 1, '{night,day}', 'P2Y', '', '', '', '{}', '[]', '', 1, false FROM cases_node WHERE kind = 'evidence';

INSERT INTO cases_edition (case_id, number, document, sha256, published_at, loosened)
SELECT id, 1, '{}', repeat('0', 64), created_at, '[]' FROM cases_case;

INSERT INTO cases_settlement (case_id, settled_at, rules_version) SELECT id, created_at, %(rules)s FROM cases_case;

INSERT INTO evidence_artefact (id, kind_id, key, title_ja, title_en, owner_id, custodian_id, review_interval, created_at)
SELECT (c - 1) * %(leaves)s + n, %(kind)s, 'artefact-' || c || '-' || n, '夜間復旧規則 ' || n, 'Night rule ' || n, %(user)s,
       %(party)s + (n %% 20), '', %(now)s - interval '1 year'
FROM generate_series(1, %(cases)s) c, generate_series(1, %(leaves)s) n;

INSERT INTO evidence_revision (id, artefact_id, number, verdict, covers, valid_from, valid_until, measures, subjects,
                               confidentiality, confidential_reason, note, retention, created_at, created_by_id, submitted_at)
SELECT 2 * (a.id - 1) + r, a.id, r, 'supports', '{night,day}', %(now)s - (3 - r) * interval '100 days',
       CASE WHEN r = 2 THEN CASE WHEN a.id %% %(due)s = 0 THEN %(now)s + (a.id %% 1400 + 1) * interval '1 minute'
                                 ELSE %(now)s + interval '30 days' + (a.id %% 300) * interval '1 day' END END,
       '{}', '{}', 'normal', '', '', '{}', %(now)s - (3 - r) * interval '100 days', %(user)s,
       %(now)s - (3 - r) * interval '100 days'
FROM evidence_artefact a, generate_series(1, 2) r;

INSERT INTO evidence_decision (revision_id, kind, by_id, by_rule, at, effective_at, reason)
SELECT r.id, k.kind, %(user)s, '', r.submitted_at, r.submitted_at, ''
FROM evidence_revision r, (VALUES ('submitted'), ('accepted')) k (kind);

INSERT INTO evidence_support (artefact_id, node_id, case_id, linked_at, linked_by_id, rationale)
SELECT (c - 1) * %(leaves)s + n, (c - 1) * %(size)s + %(first_leaf)s + n, c, %(now)s - interval '1 year', %(user)s, ''
FROM generate_series(1, %(cases)s) c, generate_series(1, %(leaves)s) n
UNION ALL
SELECT (c - 1) * %(leaves)s + n, (c - 1) * %(size)s + %(first_leaf)s + n + 1, c, %(now)s - interval '1 year', %(user)s, ''
FROM generate_series(1, %(cases)s) c, generate_series(20, %(leaves)s - 1, 20) n;

SELECT setval(pg_get_serial_sequence('cases_case', 'id'), (SELECT max(id) FROM cases_case));

SELECT setval(pg_get_serial_sequence('cases_node', 'id'), (SELECT max(id) FROM cases_node));

SELECT setval(pg_get_serial_sequence('evidence_artefact', 'id'), (SELECT max(id) FROM evidence_artefact));

SELECT setval(pg_get_serial_sequence('evidence_revision', 'id'), (SELECT max(id) FROM evidence_revision));
