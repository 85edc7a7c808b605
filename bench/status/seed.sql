-- A hundred specialties at each of `bench.schools` schools: ratings in force, quotas of two years, standings.

INSERT INTO jurisdiction (code, name, kind) VALUES ('370000', '示例省', 'province');
INSERT INTO jurisdiction (code, name, kind, parent_code) VALUES ('371400', '示例市', 'city', '370000');
INSERT INTO organisation (kind, code, name, jurisdiction_code)
  SELECT 'school', (3637000000 + n)::text, '示例第' || n || '职业中等专业学校', '371400' FROM generate_series(1, current_setting('bench.schools')::int) AS n;
INSERT INTO school (id, code, scheme, name, kind, run_by, jurisdiction_code, city_code)
  SELECT id, code, 'education', name, 'secondary', 'city', '371400', '371400' FROM organisation;
INSERT INTO specialty (school_id, catalogue_code, direction, name, level, class_code, class_name, partner, opened_on)
  SELECT id, 'X' || lpad(n::text, 5, '0'), '', '示例专业与技术应用' || n, 'secondary', '71', '示例大类', '示例企业', '2015-09-01'
  FROM school, generate_series(1, 100) AS n;
INSERT INTO specialty_code (code, specialty_id, valid_from)
  SELECT school.code || '-' || catalogue_code, specialty.id, '2015-09-01' FROM specialty JOIN school ON school.id = school_id;
INSERT INTO rating_in_force
  (specialty_id, rating, year, reasons, document_number, source, valid_from, known_from)
  SELECT id, (ARRAY['green', 'yellow', 'red'])[1 + id % 3], 2023, '["low", "cap-employment"]', '示例评〔2024〕1号', '示例台账',
    '2024-06-01', '2024-06-01+08' FROM specialty;
INSERT INTO opening_quota (specialty_id, academic_year, quota, capacity, source, recorded_at)
  SELECT id, year, 100, 400, '示例台账', '2024-06-01+08' FROM specialty, unnest(ARRAY[2024, 2025]) AS year;
INSERT INTO standing (specialty_id, state, since, academic_year, updated_at)
  SELECT id, 'normal', '2024-09-01', 2024, '2024-09-01+08' FROM specialty;
CREATE SCHEMA peer;
CREATE TABLE peer.plain_status (code text PRIMARY KEY, name text, school text, rating text, rating_year int, reasons jsonb,
  document_number text, valid_from date, provisional text, under jsonb, standing text, quota jsonb, closed_on date,
  sequence bigint);
INSERT INTO peer.plain_status SELECT c.code, s.name, o.name, r.rating, r.year, r.reasons, r.document_number, r.valid_from, NULL, '[]',
  'normal', '{"2024": 100, "2025": 100}', NULL, 0 FROM specialty AS s JOIN specialty_code AS c ON c.specialty_id = s.id
  JOIN organisation AS o ON o.id = s.school_id JOIN rating_in_force AS r ON r.specialty_id = s.id;
ANALYZE;
