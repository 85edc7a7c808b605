-- A city whose every specialty is verified and scored by three experts: what a round's score run begins with.
-- Their figures are those of `usual`, some per cent lower, one in 50 not reported.
INSERT INTO jurisdiction (code, name, kind) VALUES ('370000', '示例省', 'province');
INSERT INTO jurisdiction (code, name, kind, parent_code) VALUES ('371400', '示例市', 'city', '370000');
INSERT INTO organisation (kind, code, name, jurisdiction_code) VALUES ('bureau', '371400', '示例市教育局', '371400');
INSERT INTO organisation (kind, code, name, jurisdiction_code)
  SELECT 'school', (3637000000 + n)::text, '示例学校' || n, '371400' FROM generate_series(0, %(reviews)s / 20) n;
INSERT INTO school (id, code, scheme, name, kind, run_by, jurisdiction_code, city_code)
  SELECT id, code, 'education', name, 'secondary', 'city', '371400', '371400'
  FROM organisation WHERE kind = 'school';
INSERT INTO specialty (school_id, catalogue_code, direction, name, level, class_code, class_name, partner, opened_on)
  SELECT school.id, 'X' || lpad((n %% 300)::text, 5, '0'), n::text, '示例专业', 'secondary', '7' || n %% 9, '示例大类',
    '示例企业', '2015-09-01'
  FROM generate_series(1, %(reviews)s) n JOIN school ON school.code = (3637000000 + n / 20)::text;
INSERT INTO specialty_code (code, specialty_id, valid_from) SELECT 'C' || id, id, '2015-09-01' FROM specialty;
INSERT INTO policy (policy_id, policy_version, digest, title, jurisdiction_code, text, canonical, imported_at)
  VALUES ('dezhou', '1', %(digest)s, '{}', '371400', %(text)s, %(canonical)s, now());
INSERT INTO cycle (code, title, jurisdiction_code, bureau_id, first_year, last_year, levels, school_kinds, state)
  SELECT 'bench', '示例', '371400', id, 2026, 2026, '["secondary"]', '["secondary"]', 'draft'
  FROM organisation WHERE kind = 'bureau';
INSERT INTO round (cycle_id, number, year, evidence_year, reference_date, policy_id, state, collecting_due,
    verifying_due, scoring_due)
  SELECT cycle.id, 1, 2026, 2025, '2026-01-01', policy.id, 'planned', now(), now(), now() FROM cycle, policy;
UPDATE cycle SET state = 'running';
UPDATE round SET state = 'scoring';
INSERT INTO review (round_id, specialty_id, state) SELECT round.id, specialty.id, 'planned' FROM round, specialty;
INSERT INTO evidence_version (review_id, number, figures, self_evaluation, digest, submitted_at)
  SELECT id, 1, '{}', '', '', now() FROM review;
UPDATE review SET state = 'verified', evidence_version_id = e.id FROM evidence_version e WHERE e.review_id = review.id;
INSERT INTO person (login, name, password_hash) SELECT 'e' || n, '示例专家', 'x' FROM generate_series(1, 3) n;
INSERT INTO expert_assignment (review_id, person_id, state, due)
  SELECT review.id, person.id, 'accepted', now() FROM review, person;
INSERT INTO panel_score (assignment_id, measure, score, given_at)
  SELECT id, 'industry_fit', 60 + id %% 40, now() FROM expert_assignment;
UPDATE expert_assignment SET state = 'scored';
INSERT INTO figure (specialty_id, year, measure, value, supplier, source, recorded_at)
  SELECT s.id, 2025, m.key, CASE WHEN m.value ~ '^[0-9]+$'
    THEN (m.value::int * (85 + (s.id * 7) %% 16) / 100)::text ELSE m.value END, 'school', '示例', now()
  FROM specialty s, jsonb_each_text(%(usual)s::jsonb) m WHERE (s.id + length(m.value)) %% 50 <> 0;
INSERT INTO rating_in_force (specialty_id, year, rating, valid_from, known_from, source, reasons, document_number)
  SELECT id, 2022, ('{green,yellow,red}'::text[])[1 + id %% 3], '2022-06-01', now(), '示例', '[]', '示例' FROM specialty;
ANALYZE
