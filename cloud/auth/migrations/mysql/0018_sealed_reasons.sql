-- Room for the reasons of admins as they are sealed: about half as long again, and 60 more. A version before writes plain ones.
ALTER TABLE users MODIFY COLUMN closed_why VARCHAR(2800) NULL;
ALTER TABLE password_resets MODIFY COLUMN why VARCHAR(2800) NOT NULL;
ALTER TABLE readmissions
  MODIFY COLUMN why VARCHAR(2800) NOT NULL,
  MODIFY COLUMN closed_why VARCHAR(2800) NULL;
ALTER TABLE role_acts MODIFY COLUMN why VARCHAR(2800) NOT NULL;
ALTER TABLE signing_keys
  MODIFY COLUMN rotated_why VARCHAR(2800) NULL,
  MODIFY COLUMN killed_why VARCHAR(2800) NULL;
