-- Texts have any length here.
SELECT 1;
