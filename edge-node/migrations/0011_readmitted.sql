-- Of a person: the moment of the newest revocation, and of the newest readmission, since which tokens count. The
-- later of the two counts; 0 and 0 stand for a revocation that did not tell its moment.
ALTER TABLE revoked ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revoked ADD COLUMN tokens_since INTEGER NOT NULL DEFAULT 0;
