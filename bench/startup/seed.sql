-- One specialty with a rating in force: what a status is asked of.

INSERT INTO jurisdiction (code, name, kind) VALUES ('370000', '示例省', 'province');
INSERT INTO jurisdiction (code, name, kind, parent_code) VALUES ('371400', '示例市', 'city', '370000');
INSERT INTO organisation (kind, code, name, jurisdiction_code) VALUES ('school', '3637000001', '示例学校', '371400');
INSERT INTO school (id, code, scheme, name, kind, run_by, jurisdiction_code, city_code)
  SELECT id, code, 'education', name, 'secondary', 'city', '371400', '371400' FROM organisation;
INSERT INTO specialty (school_id, catalogue_code, direction, name, level, class_code, class_name, partner, opened_on)
  SELECT id, 'X00001', '', '示例专业', 'secondary', '71', '示例大类', '示例企业', '2015-09-01' FROM school;
INSERT INTO specialty_code (code, specialty_id, valid_from) SELECT '3637000001-X00001', id, '2015-09-01' FROM specialty;
INSERT INTO rating_in_force
  (specialty_id, rating, year, reasons, document_number, source, valid_from, known_from)
  SELECT id, 'green', 2023, '["low"]', '示例〔2024〕1号', '示例台账', '2024-06-01', '2024-06-01+08' FROM specialty;
